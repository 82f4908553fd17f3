import type { Node, Taint } from '../library/core/rule.ts'
import { type Binding, bare, bindingOf, type Definition, keyOf, type Path } from './bindings.ts'
import { callFlow } from './call-flow.ts'
import { type ParameterSource, parameterSources } from './calls.ts'
import { addStep, type Flow, startFlow, toTaint, weaken } from './flow.ts'
import { isChecked } from './guards.ts'
import { followExport, followImport, requiredBy } from './modules.ts'
import { constantOf, nameOf } from './names.ts'
import { reaching } from './reaching.ts'
import { roleOf, wordFor } from './roles.ts'
import { addedToRequest, mutationsOf, sourceAt } from './sources.ts'
import { isFunction, nodesWithin, parentOf, treeOf } from './tree.ts'
import { nameOfParam, originsOf, ownerOfThis, startsWith, writesOn, writesOnThis } from './values.ts'

/** Where a question about taint stands: which calls were entered on the way, and how much may still be asked. */
export interface Quest {
  readonly frame: Frame | undefined
  readonly depth: number
  /** Shared by the whole question. */
  readonly state: State
  /** The expression that reads the client's value, once it is known. */
  readonly seat: Node | undefined
}

export interface Frame {
  readonly fn: Node
  readonly call: Node
  readonly outer: Frame | undefined
  readonly size: number
}

interface State {
  left: number
  /** Questions that are being answered. */
  readonly open: Map<Node, Set<string>>
  /** Set for the rough question only. */
  readonly rough: Rough | undefined
}

/** Expressions on the way, in the order in which they were met: Tarjan's search for strongly connected components. */
interface Rough {
  readonly indexes: Map<Node, number>
  readonly stack: Node[]
  /** The earliest expression that the present one leads back to. */
  low: number
}

const MAX_PATH = 4
const MAX_DEPTH = 120
const MAX_ROUGH_DEPTH = 400
const MAX_STEPS = 5000
const MAX_FRAMES = 8

/** Whether and how the client decides the value of an expression; see `SourceFile.taintOf`. */
export function taintOf(node: Node): Taint | undefined {
  const flow = flowOf(node, [], {
    frame: undefined,
    depth: 0,
    state: { left: MAX_STEPS, open: new Map(), rough: undefined },
    seat: undefined,
  })
  return flow && toTaint(flow, node)
}

/**
 * Whether a request may have anything to do with the value. This blunt question knows neither callers nor property paths, so
 * it visits each expression about once, ever, and spares most values the exact one: most of a program is nobody's input.
 */
function mayReach(node: Node): boolean {
  const { reach } = treeOf(node).project.known
  const known = reach.get(node)
  if (known !== undefined) return known
  const rough: Rough = { indexes: new Map(), stack: [], low: Number.POSITIVE_INFINITY }
  const state: State = { left: 0, open: new Map(), rough }
  const found = roughFlow(node, { frame: undefined, depth: 0, state, seat: undefined }, rough) !== undefined
  reach.set(node, found)
  return found
}

/** Follows `node.path` back to the client. */
export function flowOf(node: Node, path: Path, quest: Quest): Flow | undefined {
  const expression = bare(node)
  if (INERT.has(expression.type)) return undefined
  const { state } = quest
  if (state.rough) return roughFlow(expression, quest, state.rough)
  if (path.length > MAX_PATH || quest.depth > MAX_DEPTH || state.left-- <= 0 || !mayReach(expression)) return undefined
  // One and the same question inside itself is recursion and adds nothing.
  const key = `${path.join('.')}@${quest.frame?.call.start ?? ''}`
  let open = state.open.get(expression)
  if (!open) state.open.set(expression, (open = new Set()))
  if (open.has(key)) return undefined
  open.add(key)
  const found = compute(expression, path, { ...quest, depth: quest.depth + 1 })
  open.delete(key)
  return found
}

function roughFlow(node: Node, quest: Quest, rough: Rough): Flow | undefined {
  const { reach } = treeOf(node).project.known
  const known = reach.get(node)
  if (known !== undefined) return known ? startFlow('req', node) : undefined
  const index = rough.indexes.get(node)
  if (index !== undefined) {
    rough.low = Math.min(rough.low, index)
    return undefined
  }
  // Too deep for the call stack: leave it to the exact question.
  if (quest.depth > MAX_ROUGH_DEPTH) return startFlow('req', node)
  const own = rough.stack.push(node)
  rough.indexes.set(node, own)
  const outer = rough.low
  rough.low = own
  const found = compute(node, [], { ...quest, depth: quest.depth + 1 })
  if (found || rough.low === own) {
    // All that led back here and no further is settled when nothing was found. Otherwise it is open again.
    for (const member of rough.stack.splice(own - 1)) {
      rough.indexes.delete(member)
      if (!found) reach.set(member, false)
    }
    if (found) reach.set(node, true)
    rough.low = outer
    return found
  }
  rough.low = Math.min(outer, rough.low)
  return undefined
}

const INERT: ReadonlySet<string> = new Set([
  'Literal',
  'ArrowFunctionExpression',
  'FunctionExpression',
  'FunctionDeclaration',
  'ClassDeclaration',
  'ClassExpression',
  'UnaryExpression',
  'UpdateExpression',
])

/** The first of several ways that leads to the client. */
export function firstFlow(nodes: readonly (Node | null | undefined)[], path: Path, quest: Quest): Flow | undefined {
  for (const node of nodes) {
    const flow = node && flowOf(node, path, quest)
    if (flow) return flow
  }
  return undefined
}

export function enter(quest: Quest, fn: Node, call: Node): Quest | undefined {
  if (quest.state.rough) return quest
  const size = (quest.frame?.size ?? 0) + 1
  if (size > MAX_FRAMES) return undefined
  return { ...quest, frame: { fn, call, outer: quest.frame, size } }
}

function compute(node: Node, path: Path, quest: Quest): Flow | undefined {
  switch (node.type) {
    case 'Identifier':
      return isChecked(node) ? undefined : identifierFlow(node, path, quest)
    case 'MemberExpression':
      return isChecked(node) ? undefined : memberFlow(node, path, quest)
    case 'ThisExpression': {
      const owner = ownerOfThis(node)
      return owner && fieldFlow(owner, path, quest)
    }
    case 'CallExpression':
    case 'ImportExpression':
      return callFlow(node, path, quest)
    case 'NewExpression':
      return newFlow(node, path, quest)
    case 'TemplateLiteral':
      return pieces(templateParts(node), quest)
    case 'BinaryExpression':
      return node['operator'] === '+' ? pieces([node['left'], node['right']], quest) : undefined
    case 'AssignmentExpression':
      return assignmentFlow(node, path, quest)
    case 'LogicalExpression':
      return firstFlow([node['left'], node['right']], path, quest)
    case 'ConditionalExpression':
      return firstFlow([node['consequent'], node['alternate']], path, quest)
    case 'AwaitExpression':
    case 'SpreadElement':
    case 'YieldExpression':
      return node['argument'] ? flowOf(node['argument'], path, quest) : undefined
    case 'SequenceExpression':
      return flowOf(node['expressions'].at(-1), path, quest)
    case 'ObjectExpression':
      return objectFlow(node, path, quest)
    case 'ArrayExpression':
      return arrayFlow(node, path, quest)
    default:
      return undefined
  }
}

function identifierFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const binding = bindingOf(node)
  if (!binding) {
    if (node['name'] !== 'exports') return undefined
    return linkFlow(followExport(treeOf(node), path), quest)
  }
  for (const definition of reaching(binding, node)) {
    const flow = definitionFlow(definition, binding, path, quest)
    if (flow) return flow
  }
  return contentFlow(binding, path, quest)
}

/** What was put into an object or a list after it was made. */
function contentFlow(binding: Binding, path: Path, quest: Quest): Flow | undefined {
  for (const write of writesOn(binding)) {
    if (write.path[0] === 'prototype') continue
    const inner = startsWith(path, write.path)
      ? path.slice(write.path.length)
      : startsWith(write.path, path)
        ? []
        : undefined
    const flow = inner && flowOf(write.value, inner, quest)
    if (flow)
      return addStep(
        path.length < write.path.length ? weaken(flow, 'part') : flow,
        write.at,
        `kept in \`${binding.name}\``,
      )
  }
  for (const { value, at } of mutationsOf(binding)) {
    const flow = flowOf(value, path.slice(1), quest)
    if (flow) return addStep(path.length === 0 ? weaken(flow, 'part') : flow, at, `added to \`${binding.name}\``)
  }
  return undefined
}

function definitionFlow(definition: Definition, binding: Binding, path: Path, quest: Quest): Flow | undefined {
  switch (definition.from) {
    case 'value': {
      const inner = definition.keys ? [] : [...definition.path, ...path]
      const flow = flowOf(definition.value, inner, quest)
      return flow && addStep(flow, definition.at, `kept in \`${binding.name}\``)
    }
    case 'param':
      return paramFlow(definition, path, quest)
    case 'import':
      return linkFlow(followImport(treeOf(definition.at), definition.specifier, [...definition.path, ...path]), quest)
    default:
      return undefined
  }
}

function linkFlow(links: ReturnType<typeof followExport>, quest: Quest): Flow | undefined {
  for (const link of links) {
    const flow =
      'node' in link && link.node.type !== 'Program'
        ? flowOf(link.node, link.path, { ...quest, frame: undefined })
        : undefined
    if (flow) return flow
  }
  return undefined
}

function paramFlow(definition: Definition & { from: 'param' }, path: Path, quest: Quest): Flow | undefined {
  const { fn, index } = definition
  const whole = [...definition.path, ...path]
  const role = roleOf(fn, index)
  if (role !== undefined) return roleFlow(role, whole, definition.at, quest)
  const parent = parentOf(fn)
  if (index === 0 && parent?.type === 'CallExpression' && isDataListener(parent)) {
    return startFlow('req body', definition.at)
  }
  let frame = quest.frame
  while (frame && frame.fn !== fn) frame = frame.outer
  const sources = parameterSources(fn, index, definition.rest === true, whole, frame?.call)
  for (const source of sources) {
    const flow = sourceFlow(source, frame ? { ...quest, frame: frame.outer } : quest)
    if (flow) return flow
  }
  return undefined
}

function sourceFlow(source: ParameterSource, quest: Quest): Flow | undefined {
  const inner = source.inside
    ? enter(quest, source.inside.fn, source.inside.call)
    : source.call && quest.frame?.call === source.call
      ? { ...quest, frame: quest.frame.outer }
      : quest
  const flow = inner && flowOf(source.value, source.path, inner)
  // A request that is handed on is no step: the place that reads from it is.
  return (
    flow &&
    (flow.step?.before === undefined && flow.step?.node === quest.seat
      ? flow
      : addStep(flow, source.value, 'handed over'))
  )
}

function roleFlow(role: string, given: Path, at: Node, quest: Quest): Flow | undefined {
  if (quest.state.rough && /^(?:req|ctx)\b/.test(role)) return startFlow(role, at)
  const [owner, ...path] = wordFor(role, given)
  if (owner !== 'req' && owner !== 'res') return undefined
  const source = owner === 'req' ? sourceAt(path) : undefined
  if (source !== undefined) return startFlow(source, quest.seat ?? at)
  for (const write of addedToRequest(treeOf(at).project, owner, path)) {
    const flow = flowOf(write.value, path.slice(write.path.length), { ...quest, frame: undefined, seat: undefined })
    if (flow) return addStep(flow, write.at, `kept in \`${[owner, ...write.path].join('.')}\``)
  }
  return undefined
}

function isDataListener(call: Node): boolean {
  const name = nameOf(call['callee'])
  const event: Node | undefined = call['arguments'][0]
  return (
    (name === 'req.on' || name === 'req.once' || name === 'req.raw.on') &&
    event !== undefined &&
    constantOf(event) === 'data'
  )
}

function memberFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const key = keyOf(node)
  // Lengths and the like are numbers.
  if (path.length === 0 && (key === 'length' || key === 'size' || key === 'byteLength')) return undefined
  const exported = exportedFlow(node['object'], [key, ...path], quest)
  if (exported) return exported
  const outer = parentOf(node)
  const isInner = outer?.type === 'MemberExpression' && outer['object'] === node
  return flowOf(node['object'], [key, ...path], isInner && quest.seat ? quest : { ...quest, seat: node })
}

/** `state.last`, where `state` is a module of the project. */
function exportedFlow(object: Node, path: Path, quest: Quest): Flow | undefined {
  if (object.type !== 'Identifier') return undefined
  for (const { from, at } of bindingOf(object)?.definitions ?? []) {
    if (
      from !== 'import' &&
      (from !== 'value' || at.type !== 'VariableDeclarator' || requiredBy(at['init'] ?? at) === undefined)
    )
      return undefined
    for (const origin of originsOf(object)) {
      if (!('node' in origin) || origin.node.type !== 'Program') continue
      const flow = linkFlow(followExport(treeOf(origin.node), path), quest)
      if (flow) return flow
    }
  }
  return undefined
}

function fieldFlow(owner: Node, path: Path, quest: Quest): Flow | undefined {
  for (const write of writesOnThis(owner)) {
    if (!startsWith(path, write.path) && !quest.state.rough) continue
    const flow = flowOf(write.value, path.slice(write.path.length), quest)
    if (flow) return addStep(flow, write.at, `kept in \`this.${write.path.join('.')}\``)
  }
  if (owner.type === 'ObjectExpression') return objectFlow(owner, path, quest)
  if (!owner.type.startsWith('Class')) return undefined
  const [key, ...rest] = path
  for (const member of owner['body'].body as Node[]) {
    const isAsked = quest.state.rough !== undefined || (member['key'] && keyOf(member) === key)
    if (member.type === 'PropertyDefinition' && isAsked && member['value']) {
      const flow = flowOf(member['value'], rest, quest)
      if (flow) return flow
    }
    if (member['kind'] !== 'constructor') continue
    for (const [index, param] of (member['value'].params as Node[]).entries()) {
      if (param.type !== 'TSParameterProperty' || (nameOfParam(param) !== key && !quest.state.rough)) continue
      const flow = paramFlow({ from: 'param', fn: member['value'], index, path: [], at: param }, rest, quest)
      if (flow) return flow
    }
  }
  return undefined
}

const CARRIERS: ReadonlySet<string> = new Set([
  'URL',
  'URLSearchParams',
  'String',
  'Array',
  'Map',
  'Set',
  'Error',
  'node:url.URL',
])

function newFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const args: Node[] = node['arguments']
  for (const origin of originsOf(node['callee'])) {
    if ('name' in origin) {
      if (origin.name === 'Promise' && args[0]) return resolvedFlow(args[0], path, quest)
      if (CARRIERS.has(origin.name)) return firstFlow(args, [], quest)
      continue
    }
    const inner = enter(quest, isFunction(origin.node) ? origin.node : constructorIn(origin.node), node)
    const flow = inner && fieldFlow(origin.node, path, inner)
    if (flow) return flow
  }
  return undefined
}

function constructorIn(node: Node): Node {
  const members: Node[] = node['body']?.body ?? []
  return members.find((member) => member['kind'] === 'constructor')?.['value'] ?? node
}

/** `new Promise((resolve) => resolve(x))` is `x`. */
function resolvedFlow(executor: Node, path: Path, quest: Quest): Flow | undefined {
  const name = isFunction(executor) && executor['params'][0] ? nameOfParam(executor['params'][0]) : undefined
  const binding = name === undefined ? undefined : treeOf(executor).scopes.get(executor)?.get(name)
  if (!binding) return undefined
  for (const call of nodesWithin(executor, 'CallExpression')) {
    if (call['callee'].name !== name || bindingOf(call['callee']) !== binding) continue
    const flow = firstFlow(call['arguments'], path, quest)
    if (flow) return flow
  }
  return undefined
}

function assignmentFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  switch (node['operator']) {
    case '=':
      return flowOf(node['right'], path, quest)
    case '+=':
      return pieces([node['left'], node['right']], quest)
    case '||=':
    case '&&=':
    case '??=':
      return firstFlow([node['left'], node['right']], path, quest)
    default:
      return undefined
  }
}

/** Joined text. The client decides how it begins only when nothing stands in front. */
export function pieces(parts: readonly (Node | string)[], quest: Quest): Flow | undefined {
  let isFirst = true
  for (const part of parts) {
    const flow = typeof part === 'string' ? undefined : flowOf(part, [], quest)
    if (flow) return isFirst ? flow : weaken(flow, 'prefixed')
    if (typeof part === 'string' ? part !== '' : constantOf(part) !== '') isFirst = false
  }
  return undefined
}

function templateParts(node: Node): (Node | string)[] {
  const expressions: Node[] = node['expressions']
  return (node['quasis'] as Node[]).flatMap((quasi, index) => {
    const expression = expressions[index]
    const text: string = quasi['value'].cooked ?? ''
    return expression ? [text, expression] : [text]
  })
}

function objectFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const [key, ...rest] = path
  const properties: Node[] = node['properties']
  for (let index = properties.length - 1; index >= 0; index--) {
    const property = properties[index]
    if (!property) continue
    if (property.type === 'SpreadElement') {
      const flow = flowOf(property['argument'], path, quest)
      if (flow) return flow
      continue
    }
    const name = keyOf(property)
    if (key !== undefined && key !== '*' && name !== '*' && name !== key) continue
    const flow = flowOf(property['value'], rest, quest)
    if (flow) return key === undefined ? weaken(flow, 'part') : flow
    // What is written last wins: a spread further in front no longer counts for this name.
    if (key !== undefined && name === key) return undefined
  }
  return undefined
}

function arrayFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const [key, ...rest] = path
  for (const [index, element] of (node['elements'] as (Node | null)[]).entries()) {
    if (!element) continue
    const isSpread = element.type === 'SpreadElement'
    if (key !== undefined && key !== '*' && !isSpread && key !== String(index)) continue
    const flow = isSpread ? flowOf(element, path.length > 0 ? ['*', ...rest] : [], quest) : flowOf(element, rest, quest)
    if (flow) return key === undefined ? weaken(flow, 'part') : flow
  }
  return undefined
}
