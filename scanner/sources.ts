import type { Node } from '../library/core/rule.ts'
import { type Binding, bare, bindingOf, keyOf, type MemberWrite, memberPath, type Path } from './bindings.ts'
import { constantOf, nameOf } from './names.ts'
import type { Project } from './project.ts'
import { wordFor } from './roles.ts'
import { nodesOf, type Tree, treeOf } from './tree.ts'
import { ownerOfThis, startsWith } from './values.ts'

/** What of a request its sender decides. The address is not among it: the policy judges that. */
const PROPERTIES: ReadonlySet<string> = new Set([
  'query',
  'params',
  'body',
  'headers',
  'headersDistinct',
  'rawHeaders',
  'cookies',
  'url',
  'URL',
  'originalUrl',
  'path',
  'hostname',
  'host',
  'subdomains',
  'file',
  'files',
  'rawBody',
  'nextUrl',
  'querystring',
  'queryStringParameters',
  'pathParameters',
  'search',
  'href',
  // GraphQL
  'args',
])

const METHODS: ReadonlySet<string> = new Set([
  'req.get',
  'req.header',
  'req.param',
  'req.json',
  'req.text',
  'req.formData',
  'req.arrayBuffer',
  'req.blob',
  'req.bytes',
  // Hono reads everything by call.
  'req.query',
  'req.queries',
  'req.valid',
  'req.parseBody',
  // Fastify, with uploads
  'req.file',
  'req.files',
  'req.parts',
  // Koa
  'req.cookies.get',
])

/** Functions of frameworks that read a request without being handed it by name. A signed cookie is the app's own. */
const ASKS =
  /^(hono\/cookie|next\/headers|h3)\.(getCookie|(?:cookies|headers)\(\)\.get|readBody|getQuery|getRouterParams?|getHeaders?)$/

/** The source that a property of the request is, such as `req.query.next`. */
export function sourceAt(path: Path): string | undefined {
  const [first, ...rest] = path
  if (first === undefined) return undefined
  if (first === 'raw' || first === 'req') return sourceAt(rest)
  // `for await (const chunk of req)`
  if (first === '*') return 'req body'
  if (!PROPERTIES.has(first) || isChosenHere(path)) return undefined
  return ['req', ...path.slice(0, 3)].filter((key) => key !== '*').join('.')
}

/** Where an upload was put is the server's choice, unlike the name that it came with. */
function isChosenHere(path: Path): boolean {
  const [first, ...rest] = path
  return (first === 'file' || first === 'files') && /^(?:path|destination|filename|size)$/.test(rest.at(-1) ?? '')
}

/** The source that a call is, such as `req.get('host')`. */
export function sourceOfCall(call: Node): string | undefined {
  const name = nameOf(call['callee'])
  if (name === undefined) return undefined
  const args: Node[] = call['arguments']
  const asked = ASKS.exec(name)
  if (!asked && !METHODS.has(name)) return undefined
  // `getCookie(c, 'name')`
  const first = args[asked?.[1] === 'hono/cookie' ? 1 : 0]
  return `${asked ? (asked[2] ?? '').replace('()', '') : name}(${first?.type === 'Literal' ? first['raw'] : ''})`
}

const added = new WeakMap<Project, Map<string, MemberWrite[]>>()

/** What the project itself hangs on a request or a response: `req.item = value`, `res.locals.name = value`. Without a path, all of it. */
export function addedToRequest(project: Project, role: 'req' | 'res' | 'ctx', path: Path): readonly MemberWrite[] {
  let index = added.get(project)
  if (!index) added.set(project, (index = new Map()))
  if (index.size === 0) {
    index.set('', [])
    for (const tree of project.trees.values()) {
      for (const write of tree.writes) addWrite(index, write)
      for (const call of nodesOf(tree, 'CallExpression')) addVariable(index, call)
    }
  }
  const [first] = path
  if (first === undefined) return [...index].flatMap(([key, writes]) => (key.startsWith(`${role}.`) ? writes : []))
  return (index.get(`${role}.${first}`) ?? []).filter((write) => startsWith(path, write.path))
}

function addWrite(index: Map<string, MemberWrite[]>, write: MemberWrite): void {
  if (write.object.type !== 'Identifier' || !bindingOf(write.object)) return
  const name = nameOf(write.object)
  if (name !== 'req' && name !== 'res' && name !== 'ctx') return
  const [owner, ...path] = wordFor(name, write.path)
  addTo(index, `${owner}.${path[0]}`, path.length === write.path.length ? write : { ...write, path })
}

/** Hono's `c.set('name', value)`, which `c.get('name')` and `c.var.name` answer. */
function addVariable(index: Map<string, MemberWrite[]>, call: Node): void {
  const callee = bare(call['callee'])
  const [key, value] = call['arguments'] as (Node | undefined)[]
  if (callee.type !== 'MemberExpression' || keyOf(callee) !== 'set' || !key || !value) return
  const name = nameOf(callee) === 'ctx.set' ? constantOf(key) : undefined
  if (typeof name === 'string')
    addTo(index, 'ctx.var', { object: callee['object'], path: ['var', name], value, at: call })
}

function addTo(index: Map<string, MemberWrite[]>, key: string, write: MemberWrite): void {
  const list = index.get(key)
  if (list) list.push(write)
  else index.set(key, [write])
}

const ADDERS: ReadonlySet<string> = new Set(['push', 'unshift', 'add', 'set', 'append', 'splice', 'write'])

/** A value put into a list, map or set: the one under the name or the class itself, or the one at `path` of it. */
export interface Mutation {
  readonly path: Path
  readonly value: Node
  readonly at: Node
}

const mutations = new WeakMap<Tree, Map<Binding | Node, Mutation[]>>()

/** Values put into a list, map or set by its name, or by `this` of a class: `list.push(value)`, `this.parts.push(value)`. */
export function mutationsOf(owner: Binding | Node): readonly Mutation[] {
  const tree = treeOf('scope' in owner ? (owner as Binding).scope : (owner as Node))
  let index = mutations.get(tree)
  if (!index) {
    index = new Map()
    mutations.set(tree, index)
    for (const call of nodesOf(tree, 'CallExpression')) addMutation(index, call)
  }
  return index.get(owner) ?? []
}

function addMutation(index: Map<Binding | Node, Mutation[]>, call: Node): void {
  const callee = bare(call['callee'])
  if (callee.type !== 'MemberExpression' || !ADDERS.has(keyOf(callee))) return
  const place = memberPath(bare(callee['object']))
  // The query of an address does not decide whom it leads to.
  if (!place || place.path.at(-1) === 'searchParams') return
  const isThis = place.object.type === 'ThisExpression'
  const target = isThis ? ownerOfThis(place.object) : bindingOf(place.object)
  // `res.set` and `app.set` put nothing into a list.
  if (!target || (isThis ? place.path.length === 0 : target['kind'] === 'param' || target['kind'] === 'import')) return
  const list = index.get(target) ?? []
  const args: Node[] = call['arguments']
  // `map.set(key, value)`: what is asked for later is the value.
  const values = args.length === 2 && /^(?:set|append)$/.test(keyOf(callee)) ? args.slice(1) : args
  for (const value of values) list.push({ path: place.path, value, at: call })
  index.set(target, list)
}
