import type { Node } from '../library/core/rule.ts'
import { bare, bindingOf, keyOf, type Path } from './bindings.ts'
import { composedOf, isStepOf } from './composed.ts'
import { deliveredBy, deliveredTo } from './deliveries.ts'
import { messagesTo } from './messages.ts'
import { constantOf } from './names.ts'
import { forget, type Project } from './project.ts'
import { isFunction, nodesOf, nodesWithin, parentOf, treeOf } from './tree.ts'
import { functionsOf, originsOf, tagsOf } from './values.ts'

/** Who calls whom, and who is handed over as a callback. */
export interface CallGraph {
  readonly sites: Map<Node, Site[]>
  readonly passed: Map<Node, Passed[]>
}

/** `call` runs the function; its arguments begin at `offset`. */
export interface Site {
  readonly call: Node
  readonly offset: number
}

/** The function is argument `index` of `call`. */
export interface Passed {
  readonly call: Node
  readonly index: number
}

/** One value that a parameter takes, with the call that gives it when the function is called directly. */
export interface ParameterSource {
  readonly value: Node
  readonly path: Path
  readonly call: Node | undefined
  /** The value stands inside this function, which was called there and called back. */
  readonly inside?: { readonly fn: Node; readonly call: Node }
}

/** A function called from more places than this is a tool; the first calls stand for all. */
const MAX_SITES = 40

/** The values that `param.path` takes, from all calls in the project, or from one of them. */
export function parameterSources(
  fn: Node,
  index: number,
  isRest: boolean,
  path: Path,
  only?: Node,
): readonly ParameterSource[] {
  const { sites, passed } = callGraph(treeOf(fn).project)
  const found: ParameterSource[] = []
  for (const { call, offset } of sites.get(fn) ?? []) {
    if (found.length >= MAX_SITES) break
    if (only === undefined || call === only) addArgument(found, call, index + offset, isRest, path)
  }
  if (only === undefined) {
    for (const use of passed.get(fn) ?? []) addCallback(found, use, index, path)
    const parent = parentOf(fn)
    if (parent?.['kind'] === 'set') addSetter(found, parent, path)
    if (index === 0)
      for (const { value, path: inner } of deliveredTo(fn, path)) found.push({ value, path: inner, call: undefined })
    const isArgument = parent?.type === 'CallExpression' || parent?.type === 'NewExpression'
    if (isArgument && parent['callee'] !== fn) {
      addCallback(found, { call: parent, index: (parent['arguments'] as Node[]).indexOf(fn) }, index, path)
    }
  }
  return found
}

function addArgument(found: ParameterSource[], call: Node, index: number, isRest: boolean, path: Path): void {
  const args = argumentsOf(call)
  let at = index
  let inner = path
  if (isRest) {
    const [key, ...rest] = path
    if (key === undefined || key === '*') {
      for (const value of args.slice(index)) found.push({ value, path: key === '*' ? rest : path, call })
      return
    }
    at = index + Number(key)
    inner = rest
  }
  const spread = args.findIndex((arg, position) => position <= at && arg.type === 'SpreadElement')
  const arg = args[spread === -1 ? at : spread]
  if (arg) found.push({ value: arg, path: spread === -1 ? inner : ['*', ...inner], call })
}

/** A template hands its tag the texts first and then each value. */
function argumentsOf(call: Node): readonly Node[] {
  if (call.type !== 'TaggedTemplateExpression') return call['arguments']
  return [call['quasi'].quasis[0], ...call['quasi'].expressions]
}

const ELEMENT_FIRST: ReadonlySet<string> = new Set([
  'map',
  'forEach',
  'filter',
  'find',
  'findIndex',
  'findLast',
  'flatMap',
  'some',
  'every',
  'sort',
  'toSorted',
])

/** What a function gets that is called by somebody else: by an array, by a promise, or by a function of the project. */
function addCallback(found: ParameterSource[], { call, index }: Passed, param: number, path: Path): void {
  const callee = bare(call['callee'])
  const args: Node[] = call['arguments']
  if (param === 0) for (const sent of deliveredBy(call, path)) found.push({ ...sent, call: undefined })
  if (callee.type === 'MemberExpression') {
    const method = keyOf(callee)
    const object: Node = callee['object']
    if (ELEMENT_FIRST.has(method) && index === 0 && param <= (method.endsWith('ort') ? 1 : 0)) {
      found.push({ value: object, path: ['*', ...path], call: undefined })
      return
    }
    if (method === 'reduce' || method === 'reduceRight') {
      if (param === 1) found.push({ value: object, path: ['*', ...path], call: undefined })
      else if (param === 0 && args[1]) found.push({ value: args[1], path, call: undefined })
      return
    }
    if (LISTENS.test(method) && index === 1 && args[0]) {
      if (param === 0 && constantOf(args[0]) === 'message') {
        // In the manner of the web the message is in an event.
        const inner = method === 'addEventListener' ? path.slice(1) : path
        for (const value of messagesTo(object)) found.push({ value, path: inner, call: undefined })
      }
      if (param === 0 && constantOf(args[0]) === 'entry') addEntry(found, object)
      addEmitted(found, args[0], param, path)
      return
    }
    if (method === 'then' && index === 0 && param === 0) {
      found.push({ value: object, path, call: undefined })
      return
    }
  }
  for (const target of functionsOf(callee)) addCallsOfParameter(found, target, call, index, param, path)
}

/** `box.target = value` hands the value to the setter of the object's class. */
function addSetter(found: ParameterSource[], setter: Node, path: Path): void {
  const owner = parentOf(parentOf(setter) ?? setter)
  const key = keyOf(setter)
  for (const tree of treeOf(setter).project.trees.values()) {
    for (const write of tree.writes) {
      if (write.path.length !== 1 || write.path[0] !== key || found.length >= MAX_SITES) continue
      if (originsOf(write.object).some((origin) => 'node' in origin && isOf(origin.node, owner))) {
        found.push({ value: write.value, path, call: undefined })
      }
    }
  }
}

/** Whether a node is the class or makes one of it. */
function isOf(node: Node, owner: Node | undefined): boolean {
  if (node === owner) return true
  return (
    node.type === 'NewExpression' && originsOf(node['callee']).some((made) => 'node' in made && made.node === owner)
  )
}

const LISTENS = /^(?:on|once|addListener|addEventListener|prependListener|prependOnceListener)$/

/** `req.pipe(unzip()).on('entry', (entry) => ...)`: what is in the archive is as much the sender's as the archive. */
function addEntry(found: ParameterSource[], stream: Node): void {
  const call = bare(stream)
  const callee = call.type === 'CallExpression' ? bare(call['callee']) : call
  if (callee.type === 'MemberExpression' && keyOf(callee) === 'pipe') {
    found.push({ value: callee['object'], path: ['*'], call: undefined })
  }
}

/** `bus.emit('name', value)` is what the listeners of that name get, whichever object it is. */
function addEmitted(found: ParameterSource[], event: Node, param: number, path: Path): void {
  const name = constantOf(event)
  if (typeof name !== 'string') return
  const { project } = treeOf(event)
  let index = emitted.get(project)
  if (!index) {
    index = new Map()
    emitted.set(project, index)
    for (const tree of project.trees.values()) {
      for (const call of nodesOf(tree, 'CallExpression')) {
        const callee = bare(call['callee'])
        const first: Node | undefined = call['arguments'][0]
        if (callee.type !== 'MemberExpression' || keyOf(callee) !== 'emit' || !first) continue
        const given = constantOf(first)
        if (typeof given === 'string') index.set(given, [...(index.get(given) ?? []), call])
      }
    }
  }
  for (const call of (index.get(name) ?? []).slice(0, MAX_SITES)) {
    const value: Node | undefined = call['arguments'][param + 1]
    if (value) found.push({ value, path, call: undefined })
  }
}

const emitted = new WeakMap<Project, Map<string, Node[]>>()

/** Inside `target`, calls of its own parameter: `cb(null, value)`. */
function addCallsOfParameter(
  found: ParameterSource[],
  target: Node,
  outer: Node,
  index: number,
  param: number,
  path: Path,
): void {
  const name: Node | undefined = target['params'][index]
  if (name?.type !== 'Identifier') return
  const binding = treeOf(target).scopes.get(target)?.get(name['name'])
  for (const call of nodesWithin(target, 'CallExpression')) {
    const callee: Node = call['callee']
    if (callee.type !== 'Identifier' || callee['name'] !== name['name'] || bindingOf(callee) !== binding) continue
    const given: ParameterSource[] = []
    addArgument(given, call, param, false, path)
    for (const source of given) found.push({ ...source, call: undefined, inside: { fn: target, call: outer } })
  }
}

/** Built once in two rounds: the second also knows what the first learnt about parameters. */
function callGraph(project: Project): CallGraph {
  const known = project.known.calls
  if (known) return known
  const empty: CallGraph = { sites: new Map(), passed: new Map() }
  project.known.calls = empty
  const first = round(project)
  project.known.calls = first
  forget(project)
  const second = round(project)
  project.known.calls = second
  forget(project)
  return second
}

function round(project: Project): CallGraph {
  const graph: CallGraph = { sites: new Map(), passed: new Map() }
  for (const tree of project.trees.values()) {
    for (const call of nodesOf(tree, 'CallExpression')) addCall(graph, call)
    for (const call of nodesOf(tree, 'NewExpression')) addNew(graph, call)
    for (const call of nodesOf(tree, 'TaggedTemplateExpression')) {
      for (const fn of tagsOf(call)) push(graph.sites, fn, { call, offset: 0 })
    }
  }
  return graph
}

function addCall(graph: CallGraph, call: Node): void {
  const callee = bare(call['callee'])
  if (callee.type === 'Super') addSuper(graph, call)
  let direct = functionsOf(callee)
  let offset = 0
  if (direct.length === 0 && callee.type === 'MemberExpression' && keyOf(callee) === 'call') {
    direct = functionsOf(callee['object'])
    offset = 1
  }
  if (direct.length > 0) offset -= boundCount(callee)
  if (direct.length > 0 && isStepOf(call)) direct = []
  for (const fn of direct) push(graph.sites, fn, { call, offset })
  for (const part of composedOf(call)) {
    for (const fn of functionsOf(part)) push(graph.sites, fn, { call, offset: 0 })
  }
  if (callee.type === 'MemberExpression' && keyOf(callee) === 'bind') {
    for (const fn of functionsOf(callee['object'])) push(graph.sites, fn, { call, offset: 1 })
  }
  addPassed(graph, call)
}

/** How many arguments `const run = select.bind(null, 'users')` has given already. */
function boundCount(callee: Node): number {
  const [definition, second] = (callee.type === 'Identifier' && bindingOf(callee)?.definitions) || []
  if (second || definition?.from !== 'value' || definition.path.length > 0) return 0
  const made = bare(definition.value)
  const target = made.type === 'CallExpression' ? bare(made['callee']) : undefined
  const isBind = target?.type === 'MemberExpression' && keyOf(target) === 'bind'
  return isBind ? Math.max(0, made['arguments'].length - 1) : 0
}

function addNew(graph: CallGraph, call: Node): void {
  for (const origin of originsOf(call['callee'])) {
    if (!('node' in origin)) continue
    const fn = isFunction(origin.node) ? origin.node : constructorOf(origin.node)
    if (fn) push(graph.sites, fn, { call, offset: 0 })
  }
  addPassed(graph, call)
}

/** `super(x)` calls the constructor of the class above. */
function addSuper(graph: CallGraph, call: Node): void {
  let at = parentOf(call)
  while (at && at.type !== 'ClassDeclaration' && at.type !== 'ClassExpression') at = parentOf(at)
  const fn = at && constructorAbove(at, 0)
  if (fn) push(graph.sites, fn, { call, offset: 0 })
}

const MAX_CLASSES = 6

function constructorAbove(node: Node, depth: number): Node | undefined {
  for (const origin of node['superClass'] && depth < MAX_CLASSES ? originsOf(node['superClass']) : []) {
    const fn = 'node' in origin && origin.node !== node ? constructorOf(origin.node, depth + 1) : undefined
    if (fn) return fn
  }
  return undefined
}

function addPassed(graph: CallGraph, call: Node): void {
  for (const [index, arg] of (call['arguments'] as Node[]).entries()) {
    if (arg.type !== 'Identifier' && arg.type !== 'MemberExpression') continue
    for (const fn of functionsOf(arg)) push(graph.passed, fn, { call, index })
  }
}

export function constructorOf(node: Node, depth = 0): Node | undefined {
  if (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression') return undefined
  const own = (node['body'].body as Node[]).find((member) => member['kind'] === 'constructor')
  return own ? own['value'] : constructorAbove(node, depth)
}

function push<Value>(map: Map<Node, Value[]>, key: Node, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
