import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import type { Contract, Exactly, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import type { InputOf } from '../core/schema.ts'
import type { Security } from '../core/security.ts'
import { exchangeOf, openExchange, openUpgrade } from '../runtime/baseline.ts'
import { callSite } from '../runtime/call-site.ts'
import {
  checkContract,
  exemptionsOf,
  foretell,
  isExempt,
  needsAhead,
  reportMistakes,
  union,
} from '../runtime/declared.ts'
import { type HttpExchange, NO_DEFERRALS } from '../runtime/exchange.ts'
import type { Policy } from '../runtime/policy.ts'
import { Runtime } from '../runtime/runtime.ts'
import { attachServer } from '../runtime/server.ts'
import {
  CONTRACT,
  DECLARED_AT,
  type HonoEntry,
  isDeclared,
  knownRoutes,
  nextEnd,
  passesOn,
  routeAt,
} from './hono-routes.ts'
import { holds } from './joined.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** What Bulwark knows about this request. */
    readonly security: Security
  }
}

/** For apps that spell out their variables: `new Hono<{ Variables: BulwarkVariables }>()`. */
export interface BulwarkVariables {
  readonly security: Security
}

/** The part of a Hono context that Bulwark touches. */
export interface HonoContext {
  readonly env: unknown
  readonly req: {
    readonly matchedRoutes: readonly HonoEntry[]
    routeIndex: number
    param(): Readonly<Record<string, string>>
  }
  readonly error: Error | undefined
  readonly finalized: boolean
  res: Response
  set(key: 'security', value: Security): void
}

/** A function of a route that tells the compiler what the route takes, by way of the type of `c.get('security')`. */
export type HonoDeclares<Input> = MiddlewareHandler<{ Variables: { security: Security & { readonly input: Input } } }>

/** What `app.use()` and the routes of Hono take. */
export type HonoMiddleware = (c: HonoContext, next: () => Promise<void>) => Promise<Response | void>

/** What `bulwark()` answers. */
export interface HonoPlug extends HonoMiddleware {
  /**
   * The routes of a finished app, with what each declares; it is also how to hear of mistakes before the app serves anybody.
   *
   * @throws BulwarkError when the policy names roles and a route declares nothing, or a permission that no role has
   */
  routes(app: { readonly routes: readonly HonoEntry[] }): readonly KnownRoute[]
}

const runtimes = new WeakMap<object, Runtime>()

/** Hono shows its routes to nobody before their requests come; what has to be known before that is known from where it is declared. */
const toldAhead: Contract[] = []

/**
 * Protects a Hono 4 application on Node.js, served by `@hono/node-server`: `app.use(bulwark())` is the one line, and the first.
 *
 * **Security**: Hono tells nobody where its middleware is mounted. The server is found with the first request that comes by
 * here; from then on the baseline stands around the whole server. What is registered before this line is bare until that
 * moment; `secure(serve(app), plug)` closes that gap, from the first connection on. But where a route of any app in the process is exempt from a
 * guard, this guard judges here, and nothing before this line. A route before this line that declares
 * nothing is never refused for it: only `routes(app)` names it.
 * @throws BulwarkError when the policy is not valid; at a request that did not come from a server of Node's
 */
export function bulwark(policy?: Policy): HonoPlug {
  const runtime = new Runtime(policy ?? {})
  runtime.coversRoutes = true
  let told = 0
  let deferrals = NO_DEFERRALS
  // Every request meets this plug in front of all other code of the app, so any may wait until there.
  runtime.deferralsOf = () => {
    for (; told < toldAhead.length; told++) {
      const contract = toldAhead[told] as Contract
      if (isExempt(contract, runtime)) deferrals = union(deferrals, exemptionsOf(contract))
      foretell(contract, runtime)
    }
    return deferrals
  }
  const checked = new WeakSet<KnownRoute>()
  const plug: HonoMiddleware = async (c, next) => {
    const x = open(c, runtime)
    if (x.pending !== undefined) await x.pending
    if (x.denied) return alreadySent(c)
    c.set('security', x.security)
    if (!x.routed) {
      await enterRoutes(x, c, checked)
      if (x.denied) return alreadySent(c)
    }
    try {
      await next()
    } catch (error) {
      // Hono passes on only what is an `Error` to an error function; anything else that was thrown arrives here.
      x.runtime.fail(x, error)
    }
    if (!x.denied && !x.upgrade) await answerForHono(c, x)
    return x.denied ? alreadySent(c) : undefined
  }
  runtimes.set(plug, runtime)
  runtime.routesOf = (app) => (isHonoWith(app, plug) ? knownRoutes(app.routes) : undefined)
  return Object.assign(plug, {
    routes(app: { readonly routes: readonly HonoEntry[] }): readonly KnownRoute[] {
      const known = knownRoutes(app.routes)
      runtime.checkRoutes(known)
      return known
    },
  })
}

/**
 * Declares what a route takes: `app.post('/blogs', secure({ limit: '20/min' }), (c) => ...)`, or what everything below a path
 * takes: `app.use('/admin/*', secure({ allow: 'site:admin' }))`.
 *
 * **Security**: enforced where `bulwark()` stands, before any other function of the route runs. Where two contracts on the
 * way to a route say different things, both must be satisfied.
 */
export function secure<const Declared extends Contract>(
  contract: Declared & Exactly<Declared>,
): HonoDeclares<InputOf<Declared>>
/**
 * Protects the server too, before its first connection: `secure(serve(app), plug)`, with the plug that `app.use()` was given.
 * Answers the same server. Needed for early routes, for WebSockets that Hono does not answer, and against slow clients.
 */
export function secure<S extends NetServer>(server: S, plug: HonoPlug): S
export function secure(what: Contract | NetServer, plug?: HonoPlug): unknown {
  if (isServer(what)) {
    const runtime = plug && runtimes.get(plug)
    if (runtime === undefined) {
      throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'a server is protected together with the plug of its app', {
        fix: 'write const plug = bulwark(policy), then app.use(plug), and secure(serve(app), plug)',
      })
    }
    attachServer(what as Server, runtime)
    return what
  }
  const contract = checkContract(what)
  const declared: HonoMiddleware & { [CONTRACT]?: Contract; [DECLARED_AT]?: string | undefined } = (c, next) => {
    const x = exchangeOf(nodeOf(c).incoming)
    if (x === undefined) throw misused('this request did not come through Bulwark')
    return holds(x.contract, contract) ? next() : enforce(c, x, next)
  }
  declared[CONTRACT] = contract
  declared[DECLARED_AT] = callSite()
  if (exemptionsOf(contract).size > 0 || needsAhead(contract).length > 0) toldAhead.push(contract)
  return declared
}

/**
 * Enters the route that is to answer. A function of it that takes `next` may pass the request on to a route behind it: what
 * that one declares is enforced when it comes to that; one that declares nothing could not be stopped then, so it is asked first.
 */
async function enterRoutes(x: HttpExchange, c: HonoContext, checked: WeakSet<KnownRoute>): Promise<void> {
  const matched = matchedRoutes(c)
  const first = nextEnd(matched, c.req.routeIndex + 1)
  for (let last = first; last !== -1 && passesOn(matched, last); ) {
    last = nextEnd(matched, last + 1)
    if (last === -1 || isDeclared(matched, last)) continue
    await enter(x, c, last)
    if (x.denied) return
  }
  const route = routeAt(matched, first)
  if (route?.contract !== undefined && !checked.has(route)) {
    checked.add(route)
    // There is no start of the app to fail at.
    reportMistakes(x, route, 'call bulwark(policy).routes(app) before the app is served: it throws this')
  }
  if (route !== undefined) return enter(x, c, first)
  x.runtime.enterNone(x)
  if (x.pending !== undefined) await x.pending
}

async function enter(x: HttpExchange, c: HonoContext, end: number): Promise<void> {
  const route = routeAt(matchedRoutes(c), end)
  if (route?.path.includes(':')) x.params = paramsAt(c, end)
  x.runtime.enterRoute(x, route?.contract, route)
  if (x.pending !== undefined) await x.pending
}

/** A contract that was not on the way when the request arrived: of an early route, or of one that an earlier one passed on to. */
async function enforce(c: HonoContext, x: HttpExchange, next: () => Promise<void>): Promise<Response | undefined> {
  await enter(x, c, c.req.routeIndex)
  if (x.denied) return alreadySent(c)
  await next()
  return undefined
}

/** Hono tells the parameters of the function that is running; here that is the one which answers the route. */
function paramsAt(c: HonoContext, end: number): Readonly<Record<string, string>> {
  const { routeIndex } = c.req
  c.req.routeIndex = end
  try {
    return c.req.param()
  } finally {
    c.req.routeIndex = routeIndex
  }
}

interface NodeEnv {
  readonly incoming: IncomingMessage
  /** Absent while node-server asks the app about an upgrade. */
  readonly outgoing: ServerResponse | undefined
}

function nodeOf(c: HonoContext): NodeEnv {
  const env = c.env as Partial<NodeEnv> | undefined
  if (env?.incoming?.socket !== undefined) return env as NodeEnv
  // Another runtime, or a call of app.fetch() with a request from who knows where: nothing here could be judged, so it fails.
  throw misused('this request did not come from a server of Node.js')
}

function open(c: HonoContext, runtime: Runtime): HttpExchange {
  const { incoming, outgoing } = nodeOf(c)
  const known = exchangeOf(incoming)
  if (known !== undefined) return known
  const { server } = incoming.socket as { server?: Server }
  if (server !== undefined) attachServer(server, runtime)
  return outgoing === undefined ? openUpgrade(incoming, runtime) : openExchange(incoming, outgoing, runtime)
}

function matchedRoutes(c: HonoContext): readonly HonoEntry[] {
  const { matchedRoutes: matched } = c.req
  if (Array.isArray(matched)) return matched
  throw misused('this is not Hono 4: it does not say which routes match a request')
}

/** Whether it is the app that this plug stands in. */
function isHonoWith(app: unknown, plug: HonoMiddleware): app is { readonly routes: readonly HonoEntry[] } {
  const { routes } = (app ?? {}) as { routes?: unknown }
  return Array.isArray(routes) && routes.some((entry) => (entry as Partial<HonoEntry>).handler === plug)
}

/**
 * Puts a problem document in the place of what Hono itself would say. Hono does not tell whether the app has its own way with
 * errors and unknown paths, so the answer is compared with the one that Hono gives when it has not.
 */
async function answerForHono(c: HonoContext, x: HttpExchange): Promise<void> {
  if (x.res.headersSent) return
  if (!c.finalized) return x.runtime.fail(x, new Error('the function that answers this route returned no Response'))
  const { error, res } = c
  if (error === undefined) {
    if (res.status === 404 && (await says(res, '404 Not Found'))) x.runtime.miss(x)
    return
  }
  if (!('getResponse' in error)) {
    if (res.status === 500 && (await says(res, 'Internal Server Error'))) x.runtime.fail(x, error)
    return
  }
  // An HTTPException that brings a response of its own, as Hono's basicAuth() does, is an answer and not a failure.
  const { status, res: own } = error as { status?: unknown; res?: unknown }
  if (own === undefined && res.status === status && (await says(res, error.message))) x.runtime.fail(x, error)
}

async function says(response: Response, text: string): Promise<boolean> {
  if (response.body !== null && !response.headers.get('content-type')?.toLowerCase().startsWith('text/plain'))
    return false
  return (await response.clone().text()) === text
}

/** Tells node-server, by the header that it documents for this, that the response went out past it. */
function alreadySent(c: HonoContext): Response {
  const response = new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
  // node-server looks for the header only on a Response that is no longer a draft of its own; asking for the body makes it one.
  if (response.body !== null) throw new TypeError('a Response without a body has one')
  c.res = response
  return response
}

function misused(message: string): BulwarkError {
  return new BulwarkError('BULWARK_ADAPTER_MISUSED', message, {
    fix: 'write app.use(bulwark()) before the routes, and serve the app with @hono/node-server; test it over a port, not with app.request()',
  })
}

function isServer(what: Contract | NetServer): what is NetServer {
  return typeof (what as NetServer).listen === 'function' && typeof (what as NetServer).emit === 'function'
}
