import type { Node } from '../library/core/rule.ts'
import { bare, bindingOf, keyOf, type Path } from './bindings.ts'
import { callFlow, taggedFlow } from './call-flow.ts'
import { constructorOf } from './calls.ts'
import { addStep, type Flow, weaken } from './flow.ts'
import { isChecked } from './guards.ts'
import { heirsOf } from './heirs.ts'
import { exportedFlow, fieldFlow, identifierFlow } from './name-flow.ts'
import { constantOf, nameOf } from './names.ts'
import { enter, firstFlow, flowOf, type Quest } from './taint.ts'
import { isFunction, nodesWithin, parentOf, treeOf } from './tree.ts'
import { nameOfParam, originsOf, ownerOfThis, returnsOf } from './values.ts'

/** What each kind of expression does with what the client has put in. */
export function expressionFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  switch (node.type) {
    case 'Identifier':
      return isChecked(node, path, quest.state.harmless.when) ? undefined : identifierFlow(node, path, quest)
    case 'MemberExpression':
      return isChecked(node, path, quest.state.harmless.when) ? undefined : memberFlow(node, path, quest)
    case 'ThisExpression': {
      const owner = ownerOfThis(node)
      return owner && ownFlow(owner, path, quest)
    }
    case 'CallExpression':
      return callFlow(node, path, quest)
    case 'TaggedTemplateExpression':
      return taggedFlow(node, path, quest)
    case 'NewExpression':
      return newFlow(node, path, quest)
    case 'TemplateLiteral':
      return joined(pieces(templateParts(node), quest), node)
    case 'BinaryExpression':
      return node['operator'] === '+' ? joined(pieces(operands(node), quest), node) : undefined
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

/** A field of an object, as its class or one below it fills it. */
function ownFlow(owner: Node, path: Path, quest: Quest): Flow | undefined {
  const own = fieldFlow(owner, path, quest)
  if (own) return own
  for (const heir of heirsOf(owner)) {
    const flow = fieldFlow(heir, path, quest)
    if (flow) return flow
  }
  return undefined
}

function joined(flow: Flow | undefined, node: Node): Flow | undefined {
  return flow && addStep(flow, node, 'joined into a text')
}

function memberFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const key = keyOf(node)
  // Lengths and the like are numbers, unless they are names that the client gave.
  const isMeasure = path.length === 0 && (key === 'length' || key === 'size' || key === 'byteLength')
  if (isMeasure && !/^req\.(?:query|params|body|cookies)$/.test(nameOf(node['object']) ?? '')) return undefined
  const exported = exportedFlow(node['object'], [key, ...path], quest)
  if (exported) return exported
  const outer = parentOf(node)
  const isInner = outer?.type === 'MemberExpression' && outer['object'] === node
  return flowOf(node['object'], [key, ...path], isInner && quest.seat ? quest : { ...quest, seat: node })
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
  // What they hand out was in the client's bytes.
  'adm-zip',
  'jsdom.JSDOM',
])

function newFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const args: Node[] = node['arguments']
  for (const origin of originsOf(node['callee'])) {
    if ('name' in origin) {
      if (origin.name === 'Promise' && args[0]) return resolvedFlow(args[0], path, quest)
      if (origin.name === 'URL' || origin.name === 'node:url.URL') return urlFlow(args, quest)
      if (CARRIERS.has(origin.name)) return firstFlow(args, [], quest)
      continue
    }
    const inner = enter(quest, isFunction(origin.node) ? origin.node : constructorIn(origin.node), node)
    const flow = inner && fieldFlow(origin.node, path, inner)
    if (flow) return flow
  }
  return undefined
}

/** An address decides more than its base. The base that the request itself came to is the app's own site. */
function urlFlow([address, base]: readonly Node[], quest: Quest): Flow | undefined {
  const flow = address && flowOf(address, [], quest)
  if (flow || !base) return flow
  const own = flowOf(base, [], quest)
  return own && /^req\.(?:url|href|nextUrl)\b/.test(own.source) && !quest.state.rough ? undefined : own
}

function constructorIn(node: Node): Node {
  return constructorOf(node) ?? node
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
  if (quest.state.harmless.when === 'text') return undefined
  let isFirst = true
  for (const part of parts) {
    const flow = typeof part === 'string' ? undefined : flowOf(part, [], quest)
    if (flow) return isFirst ? flow : weaken(flow, 'prefixed')
    if (typeof part === 'string' ? part !== '' : !mayBeEmpty(part)) isFirst = false
  }
  return undefined
}

/** `a + b + c` as its operands: such sums nest as deep as they are long. */
function operands(node: Node): Node[] {
  const found: Node[] = []
  let at = node
  for (; at.type === 'BinaryExpression' && at['operator'] === '+'; at = bare(at['left'])) found.unshift(at['right'])
  return [at, ...found]
}

/** Text that grows in a loop begins empty. */
function mayBeEmpty(node: Node): boolean {
  return originsOf(node).some((origin) => 'node' in origin && constantOf(origin.node) === '')
}

function templateParts(node: Node): (Node | string)[] {
  const expressions: Node[] = node['expressions']
  return (node['quasis'] as Node[]).flatMap((quasi, index) => {
    const expression = expressions[index]
    const text: string = quasi['value'].cooked ?? ''
    return expression ? [text, expression] : [text]
  })
}

export function objectFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
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
    if (quest.state.harmless.keys?.test(name)) continue
    if (key !== undefined && key !== '*' && name !== '*' && name !== key) continue
    const flow =
      property['kind'] === 'get'
        ? firstFlow(returnsOf(property['value']), rest, quest)
        : flowOf(property['value'], rest, quest)
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
