import type { Harmless, Node } from '../library/core/rule.ts'
import { type Binding, bindingOf, type Definition, keyOf, type Path } from './bindings.ts'
import { type ParameterSource, parameterSources } from './calls.ts'
import { isHarmlessByPipe, isHarmlessByRoute, isHarmlessByType } from './declared.ts'
import { objectFlow } from './expressions.ts'
import { addStep, type Flow, startFlow, weaken } from './flow.ts'
import { workerData } from './messages.ts'
import { followExport, followImport, requiredBy } from './modules.ts'
import { constantOf, nameOf } from './names.ts'
import { reaching } from './reaching.ts'
import { roleOf, wordFor } from './roles.ts'
import { isHarmlessBy } from './schemas.ts'
import { addedToRequest, type Mutation, mutationsOf, sourceAt } from './sources.ts'
import { enter, firstFlow, flowOf, type Quest } from './taint.ts'
import { functionAround, parentOf, type Tree, treeOf } from './tree.ts'
import { nameOfParam, originsOf, returnsOf, startsWith } from './values.ts'
import { writesOn, writesOnThis } from './writes.ts'

export function identifierFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  const binding = bindingOf(node)
  if (!binding) {
    if (node['name'] !== 'exports') return undefined
    return linkFlow(followExport(treeOf(node), path), quest, treeOf(node))
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
  return mutationFlow(mutationsOf(binding), path, binding.name, quest)
}

function mutationFlow(added: readonly Mutation[], path: Path, name: string, quest: Quest): Flow | undefined {
  for (const { path: inner, value, at } of added) {
    const isElement = startsWith(path, inner)
    if (!isElement && !startsWith(inner, path)) continue
    const flow = flowOf(value, isElement ? path.slice(inner.length + 1) : [], quest)
    if (flow) return addStep(path.length > inner.length ? flow : weaken(flow, 'part'), at, `added to \`${name}\``)
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
    case 'import': {
      const tree = treeOf(definition.at)
      return linkFlow(followImport(tree, definition.specifier, [...definition.path, ...path]), quest, tree)
    }
    default:
      return undefined
  }
}

export function linkFlow(links: ReturnType<typeof followExport>, quest: Quest, { project }: Tree): Flow | undefined {
  for (const link of links) {
    for (const { value, path } of 'name' in link ? workerData(link.name, project) : []) {
      const flow = flowOf(value, path, { ...quest, frame: undefined })
      if (flow) return addStep(flow, value, 'handed over')
    }
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
  if (role !== undefined) {
    const { harmless } = quest.state
    // A schema of GraphQL lets pass no objects but those it knows.
    if (role.startsWith('req.args') && harmless.when === 'text' && !quest.state.rough) return undefined
    if (!quest.state.rough && isDeclaredHarmless(fn, index, role, whole, harmless.when)) return undefined
    return roleFlow(role, whole, definition.at, quest)
  }
  const parent = parentOf(fn)
  if (parent?.type === 'CallExpression' && isDataListener(parent, index)) {
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

/** Whether the route, or the type of the parameter, has had the value checked before the function runs. */
function isDeclaredHarmless(fn: Node, index: number, role: string, path: Path, when: Harmless['when']): boolean {
  const param: Node = fn['params'][index]
  if (isHarmlessByType(param, path, when)) return true
  if (isHarmlessByPipe(param, path, when)) return true
  const [owner, ...rest] = wordFor(role, path)
  const registration = owner === 'req' ? treeOf(fn).project.known.plan?.registrations.get(fn) : undefined
  return registration !== undefined && isHarmlessByRoute(registration, rest, when)
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
  if (quest.state.rough && /^(?:req|ctx|hono|socket|procedure)\b/.test(role)) return startFlow(role, at)
  const [owner, ...path] = wordFor(role, given)
  if (owner === 'procedure') return inputFlow(path, at, quest)
  if (owner === 'socket') return greetingFlow(path, quest.seat ?? at)
  if (owner !== 'req' && owner !== 'res' && owner !== 'ctx') return undefined
  const source = owner === 'req' ? sourceAt(path) : undefined
  if (source !== undefined) return startFlow(source, quest.seat ?? at)
  return keptFlow(owner, path, at, quest)
}

/** What a procedure of tRPC or a safe action is handed, as far as its schema leaves the client a choice. */
function inputFlow([first, ...path]: Path, at: Node, quest: Quest): Flow | undefined {
  if (!/^(?:input|rawInput|parsedInput|clientInput)$/.test(first ?? '')) return undefined
  const schema = treeOf(at).project.known.plan?.inputs.get(functionAround(at))
  if (schema && !/^(?:raw|client)/.test(first ?? '') && isHarmlessBy(schema, path, quest.state.harmless.when))
    return undefined
  return startFlow(['req', 'input', ...path.slice(0, 2)].filter((key) => key !== '*').join('.'), quest.seat ?? at)
}

/** What the client said when it opened the socket: `socket.handshake.query.name`. */
function greetingFlow([first, ...path]: Path, at: Node): Flow | undefined {
  if (first === 'request' || first === 'upgradeReq') return sourced(path, at)
  return first === 'handshake' ? sourced(path[0] === 'auth' ? ['body', ...path.slice(1)] : path, at) : undefined
}

function sourced(path: Path, at: Node): Flow | undefined {
  const source = sourceAt(path)
  return source === undefined ? undefined : startFlow(source, at)
}

function keptFlow(owner: 'req' | 'res' | 'ctx', path: Path, at: Node, quest: Quest): Flow | undefined {
  for (const write of addedToRequest(treeOf(at).project, owner, path)) {
    const flow = flowOf(write.value, path.slice(write.path.length), { ...quest, frame: undefined, seat: undefined })
    if (flow) return addStep(flow, write.at, `kept in \`${[owner, ...write.path].join('.')}\``)
  }
  return undefined
}

function isDataListener(call: Node, index: number): boolean {
  const name = nameOf(call['callee'])
  const first: Node | undefined = call['arguments'][0]
  const event = first && constantOf(first)
  if (/^req(?:\.raw)?\.on(?:ce)?$/.test(name ?? '')) return index === 0 && event === 'data'
  return (
    /^socket\.(?:on|once|addEventListener)$/.test(name ?? '') && typeof event === 'string' && !OWN_EVENTS.test(event)
  )
}

/** What a socket tells of itself. */
const OWN_EVENTS = /^(?:open|close|error|ping|pong|drain|disconnect(?:ing)?|upgrade|unexpected-response)$/

/** `state.last`, where `state` is a module of the project. */
export function exportedFlow(object: Node, path: Path, quest: Quest): Flow | undefined {
  if (object.type !== 'Identifier') return undefined
  for (const { from, at } of bindingOf(object)?.definitions ?? []) {
    if (
      from !== 'import' &&
      (from !== 'value' || at.type !== 'VariableDeclarator' || requiredBy(at['init'] ?? at) === undefined)
    )
      return undefined
    for (const origin of originsOf(object)) {
      if (!('node' in origin) || origin.node.type !== 'Program') continue
      const flow = linkFlow(followExport(treeOf(origin.node), path), quest, treeOf(origin.node))
      if (flow) return flow
    }
  }
  return undefined
}

/** `c.get('name')` under Hono. */
export function variableFlow(call: Node, path: Path, quest: Quest): Flow | undefined {
  const key: Node | undefined = call['arguments'][0]
  const name = key && constantOf(key)
  return typeof name === 'string' ? keptFlow('ctx', ['var', name, ...path], call, quest) : undefined
}

export function fieldFlow(owner: Node, path: Path, quest: Quest): Flow | undefined {
  for (const write of writesOnThis(owner)) {
    if (!startsWith(path, write.path) && !quest.state.rough) continue
    const flow = flowOf(write.value, path.slice(write.path.length), quest)
    if (flow) return addStep(flow, write.at, `kept in \`this.${write.path.join('.')}\``)
  }
  const inside = mutationsOf(owner).filter((each) => quest.state.rough || startsWith(path, each.path))
  const added = mutationFlow(inside, path, 'this', quest)
  if (added) return added
  if (owner.type === 'ObjectExpression') return objectFlow(owner, path, quest)
  if (!owner.type.startsWith('Class')) return undefined
  const [key, ...rest] = path
  for (const member of owner['body'].body as Node[]) {
    const isAsked = quest.state.rough !== undefined || (member['key'] && keyOf(member) === key)
    if (member.type === 'PropertyDefinition' && isAsked && member['value']) {
      const flow = flowOf(member['value'], rest, quest)
      if (flow) return flow
    }
    if (member['kind'] === 'get' && isAsked) {
      const flow = firstFlow(returnsOf(member['value']), rest, quest)
      if (flow) return flow
    }
    if (member['kind'] !== 'constructor') continue
    for (const [index, param] of (member['value'].params as Node[]).entries()) {
      if (param.type !== 'TSParameterProperty' || (nameOfParam(param) !== key && !quest.state.rough)) continue
      const flow = paramFlow({ from: 'param', fn: member['value'], index, path: [], at: param }, rest, quest)
      if (flow) return flow
    }
  }
  for (const origin of owner['superClass'] ? originsOf(owner['superClass']) : []) {
    const isOther = 'node' in origin && origin.node !== owner && origin.node.type.startsWith('Class')
    const flow = isOther ? fieldFlow(origin.node, path, quest) : undefined
    if (flow) return flow
  }
  return undefined
}
