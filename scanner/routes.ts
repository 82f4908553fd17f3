import type { HandlerNode, Node, RouteNode } from '../library/core/rule.ts'
import { bare, keyOf } from './bindings.ts'
import { constantOf, nameOf, propertyOf } from './names.ts'
import { forget, type Project } from './project.ts'
import { rolesOfHandler } from './roles.ts'
import { definitionOf } from './schemas.ts'
import { isFunction, nodesOf, type Tree } from './tree.ts'
import { functionsOf, nameOfParam } from './values.ts'

/** All route registrations of a project, and what they make of the parameters of their handlers. */
export interface RoutePlan {
  readonly routes: Map<Tree, RouteNode[]>
  readonly roles: Map<Node, readonly (string | undefined)[]>
  /** The calls that register handlers, by handler. */
  readonly registrations: Map<Node, Node>
  /** The schemas that procedures have their input checked by. */
  readonly inputs: Map<Node, Node | undefined>
}

const METHODS: ReadonlyMap<string, string> = new Map([
  ['get', 'GET'],
  ['post', 'POST'],
  ['put', 'PUT'],
  ['patch', 'PATCH'],
  ['delete', 'DELETE'],
  ['del', 'DELETE'],
  ['head', 'HEAD'],
  ['options', 'OPTIONS'],
  ['all', 'ALL'],
  ['use', 'USE'],
])

const HOOKS: ReadonlySet<string> = new Set(['onRequest', 'preParsing', 'preValidation', 'preHandler'])

/** Names of objects that routes are registered on. */
const SERVER =
  /^(?:express|fastify|@?koa(?:[-/]router)?|hono|polka|restify|router|find-my-way|express-promise-router|connect)\b/

/** Frameworks whose handlers get one object for request and response. */
const CONTEXT = /^(?:@?koa|hono)\b/

const LISTENERS: ReadonlySet<string> = new Set([
  'node:http.createServer',
  'node:https.createServer',
  'node:http2.createServer',
  'node:http2.createSecureServer',
])

/** Finds the routes of all files. What handlers are is known from then on, so names are worked out anew. */
export function planRoutes(project: Project): RoutePlan {
  const known = project.known.plan
  if (known) return known
  const plan: RoutePlan = { routes: new Map(), roles: new Map(), registrations: new Map(), inputs: new Map() }
  project.known.plan = plan
  for (const tree of project.trees.values()) {
    const routes: RouteNode[] = []
    for (const call of nodesOf(tree, 'CallExpression')) {
      const route = routeOf(call, plan)
      if (route) routes.push(route)
    }
    plan.routes.set(tree, routes)
  }
  forget(project)
  return plan
}

function routeOf(call: Node, plan: RoutePlan): RouteNode | undefined {
  const callee = bare(call['callee'])
  const args: Node[] = call['arguments']
  if (callee.type !== 'MemberExpression') {
    return args.length > 0 && LISTENERS.has(nameOf(callee) ?? '') ? listener(call, args, plan) : undefined
  }
  const key = keyOf(callee)
  const object: Node = callee['object']
  if (key === 'on') planSockets(object, args, plan)
  if (PROCEDURES.test(key)) planProcedure(object, args, plan)
  if (key === 'createServer' && LISTENERS.has(nameOf(callee) ?? '')) return listener(call, args, plan)
  if (key === 'on' && args[0] && constantOf(args[0]) === 'request' && args[1]) {
    return /\bcreate(?:Secure)?Server\(\)$/.test(nameOf(object) ?? '') ? listener(call, args.slice(1), plan) : undefined
  }
  if (key === 'route' && args.length === 1 && args[0]) return fullRoute(call, args[0], plan)
  if (key === 'register' || key === 'addHook') return pluginOrHook(call, object, key, args, plan)
  const method = METHODS.get(key)
  return method === undefined ? undefined : verb(call, object, method, args, plan)
}

const PROCEDURES = /^(?:query|mutation|subscription|handler|action)$/

const BUILDERS = /^(?:@trpc\/server|@orpc\/server|next-safe-action)\b/

/** `procedure.input(schema).query(({ input }) => ...)` of tRPC and its like. */
function planProcedure(object: Node, [resolver]: readonly Node[], plan: RoutePlan): void {
  if (!resolver || !BUILDERS.test(nameOf(object) ?? '')) return
  for (const fn of functionsOf(resolver)) {
    plan.roles.set(fn, ['procedure'])
    plan.inputs.set(fn, schemaIn(object))
  }
}

/** The schema of a chain of `.input(schema)`, the last one of several. */
function schemaIn(chain: Node): Node | undefined {
  for (let at = bare(chain); at.type === 'CallExpression'; at = bare(bare(at['callee'])['object'])) {
    const callee = bare(at['callee'])
    if (callee.type !== 'MemberExpression') return undefined
    if (/^(?:input|schema|inputSchema)$/.test(keyOf(callee))) return at['arguments'][0]
  }
  return undefined
}

const SOCKETS = /^(?:ws|isomorphic-ws|socket\.io|@fastify\/websocket)\b.*\(\)$/

/** `server.on('connection', (socket, req) => ...)` of a server of web sockets. */
function planSockets(server: Node, [event, taker]: readonly Node[], plan: RoutePlan): void {
  const name = event && taker ? constantOf(event) : undefined
  if ((name !== 'connection' && name !== 'connect') || !taker || !SOCKETS.test(nameOf(server) ?? '')) return
  for (const fn of functionsOf(taker)) plan.roles.set(fn, ['socket', 'req'])
}

/** `app.get(path, ...handlers)`, `app.use(...)`, `router.route(path).get(...)`. */
function verb(call: Node, object: Node, method: string, args: readonly Node[], plan: RoutePlan): RouteNode | undefined {
  const base = routeBase(object)
  const first = args[0]
  if (base) {
    const path = base['arguments'][0] ? constantOf(base['arguments'][0]) : undefined
    const fns = args.flatMap(handlerFunctions)
    return fns.length > 0 ? route(call, method, path, fns, plan) : undefined
  }
  if (!first) return undefined
  const name = nameOf(object)
  const isServer = name !== undefined && SERVER.test(name)
  const context = CONTEXT.exec(name ?? '')?.[0].replace(/^@?koa$/, 'ctx')
  const path = constantOf(first)
  if (method === 'USE') {
    const fns = args.flatMap(handlerFunctions)
    if (!isServer && (name !== undefined || !fns.some((fn) => fn['params'].length >= 2))) return undefined
    return route(call, method, path, fns, plan, context)
  }
  const fns = args.slice(1).flatMap(handlerFunctions)
  if (fns.length === 0 && !(isServer && args.length > 1)) return undefined
  if (!isServer) {
    // Clients look alike: `$.get('/x', (data) => ...)`. A server's path begins with a slash and its handler takes a request.
    if (typeof path !== 'string' || !/^[/*]/.test(path)) return undefined
    const isHandler = fns.some((fn) => fn['params'].length >= (name === undefined ? 1 : 2))
    if (!isHandler || /^(?:axios|\$|jQuery|supertest|got|node:|Map\(|Headers\(|FormData\()/.test(name ?? ''))
      return undefined
  }
  return route(call, method, path, fns, plan, context)
}

/** The `X.route(path)` call at the bottom of a chain of verbs. */
function routeBase(object: Node): Node | undefined {
  let at = bare(object)
  while (at.type === 'CallExpression') {
    const callee = bare(at['callee'])
    if (callee.type !== 'MemberExpression') return undefined
    if (keyOf(callee) === 'route') return at
    if (!METHODS.has(keyOf(callee))) return undefined
    at = bare(callee['object'])
  }
  return undefined
}

/** Fastify's `route({ method, url, handler })`. */
function fullRoute(call: Node, options: Node, plan: RoutePlan): RouteNode | undefined {
  const url = propertyOf(options, 'url') ?? propertyOf(options, 'path')
  const handler = propertyOf(options, 'handler')
  if (!url || !handler) return undefined
  const methods = propertyOf(options, 'method')
  const value = methods ? constantOf(methods) : undefined
  const fns = [...hooksIn(options), ...handlerFunctions(handler)]
  return route(call, typeof value === 'string' ? value.toUpperCase() : 'ALL', constantOf(url), fns, plan)
}

function pluginOrHook(
  call: Node,
  object: Node,
  key: string,
  args: readonly Node[],
  plan: RoutePlan,
): RouteNode | undefined {
  if (!/^fastify\b/.test(nameOf(object) ?? '')) return undefined
  if (key === 'register') {
    for (const fn of args[0] ? functionsOf(args[0]) : []) plan.roles.set(fn, ['fastify()'])
    return undefined
  }
  const hook = args[0] ? constantOf(args[0]) : undefined
  if (typeof hook !== 'string' || !HOOKS.has(hook)) return undefined
  return route(call, 'USE', undefined, args.slice(1).flatMap(handlerFunctions), plan)
}

function listener(call: Node, args: readonly Node[], plan: RoutePlan): RouteNode | undefined {
  const fns = args.flatMap(handlerFunctions)
  return fns.length > 0 ? route(call, 'ALL', undefined, fns, plan) : undefined
}

function route(
  call: Node,
  method: string,
  path: unknown,
  fns: readonly Node[],
  plan: RoutePlan,
  context: string | undefined = undefined,
): RouteNode {
  const handlers = fns.map((fn): HandlerNode => {
    const params: Node[] = fn['params']
    const roles = context ? [context, 'next'] : isSocketRoute(call) ? ['socket', 'req'] : rolesOfHandler(params.length)
    plan.roles.set(fn, roles)
    plan.registrations.set(fn, call)
    const named = (role: string): string | undefined => {
      const param = params[Math.max(roles.indexOf(role), context && role !== 'next' ? 0 : -1)]
      return param ? nameOfParam(param) : undefined
    }
    return { fn, request: named('req'), response: named('res'), next: named('next') }
  })
  return { method, path: typeof path === 'string' ? path : undefined, call, handlers }
}

/** Fastify's `app.get('/ws', { websocket: true }, (socket, req) => ...)`. */
function isSocketRoute(call: Node): boolean {
  const options: Node | undefined = call['arguments'][1]
  const told = options?.type === 'ObjectExpression' ? propertyOf(options, 'websocket') : undefined
  return told !== undefined && constantOf(told) === true
}

/** The functions that an argument of a registration makes run: itself, those in a list, and those inside a call around them. */
function handlerFunctions(arg: Node): readonly Node[] {
  const node = bare(arg)
  if (isFunction(node)) return [node]
  if (node.type === 'ArrayExpression') {
    return (node['elements'] as (Node | null)[]).flatMap((item) => (item ? handlerFunctions(item) : []))
  }
  if (node.type === 'SpreadElement') return handlerFunctions(node['argument'])
  if (node.type === 'ObjectExpression') {
    const handler = propertyOf(node, 'handler')
    return [...hooksIn(node), ...(handler ? handlerFunctions(handler) : [])]
  }
  const found = functionsOf(node)
  if (node.type === 'Identifier' && found.length === 0) {
    const made = definitionOf(node)
    return made && made !== node && made.type === 'CallExpression' ? handlerFunctions(made) : found
  }
  if (node.type !== 'CallExpression') return found
  // `wrap(async (req, res) => ...)`: whatever `wrap` is, the function inside looks like a handler.
  const inner = (node['arguments'] as Node[]).flatMap((item) =>
    isFunction(bare(item)) || item.type !== 'ObjectExpression' ? functionsOf(item) : [],
  )
  return [...found, ...inner.filter((fn) => fn['params'].length >= 2 && !found.includes(fn))]
}

/** Fastify's route options carry functions of their own. */
function hooksIn(options: Node): readonly Node[] {
  return [...HOOKS].flatMap((name) => {
    const property = propertyOf(options, name)
    return property ? handlerFunctions(property) : []
  })
}
