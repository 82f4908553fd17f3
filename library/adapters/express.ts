import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type {} from 'express'
import type { Contract, Exactly, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import type { Carried, CarriedInput, InputOf } from '../core/schema.ts'
import type { Security } from '../core/security.ts'
import { exchangeOf, openExchange } from '../runtime/baseline.ts'
import { callSite } from '../runtime/call-site.ts'
import { checkContract, needsAhead } from '../runtime/declared.ts'
import type { HttpExchange } from '../runtime/exchange.ts'
import type { Policy } from '../runtime/policy.ts'
import { Runtime } from '../runtime/runtime.ts'
import { adoptSocket, attachServer, isAttached, onServerSeen } from '../runtime/server.ts'
import { shapeMessages } from './express-messages.ts'
import { CONTRACT, declaredAhead, type ExpressRouter, MOST_AHEAD, MOUNTED, RouteLayer } from './express-routes.ts'
import { holds } from './joined.ts'
import { nameOf } from './place.ts'

declare global {
  namespace Express {
    interface Request {
      /** What Bulwark knows about this request. */
      readonly security: Security
    }
  }
}

declare module 'express-serve-static-core' {
  // The names are Express's: an interface is extended only under the names that it has.
  interface Request<P, ResBody, ReqBody, ReqQuery, LocalsObj> {
    /** What Bulwark knows about this request, with the input that the route declares. */
    readonly security: Security & { readonly input: CarriedInput<LocalsObj> }
  }
}

type Next = (error?: unknown) => void
type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void

/** The part of an Express application, 4 or 5, that Bulwark touches. */
interface ExpressApp {
  (req: IncomingMessage, res: ServerResponse): void
  handle(req: IncomingMessage, res: ServerResponse, next?: Next): void
  listen(...args: unknown[]): Server
  use(...args: unknown[]): unknown
  disable(setting: string): unknown
  readonly request: object
  readonly response: object
  readonly router?: ExpressRouter
  readonly _router?: ExpressRouter
  lazyrouter?(): void
}

/** What `app.use()` takes. It looks like an Express application, because Express tells one where it is mounted. */
export interface ExpressPlug extends Middleware {
  handle: Middleware
  set(): void
  emit(event: string, parent: unknown): boolean
  /** The routes that Bulwark knows, with what each declares. */
  routes(): readonly KnownRoute[]
}

/**
 * Protects an Express application, 4 or 5: `app.use(bulwark())` is the one line, and it may stand anywhere.
 *
 * The baseline runs before Express itself, so it also covers routes registered earlier, static files and 404s.
 * @throws BulwarkError when the policy is not valid, and from `app.listen()` when the policy names roles and a route declares nothing
 */
export function bulwark(policy?: Policy): ExpressPlug {
  const runtime = new Runtime(policy ?? {})
  let layer: RouteLayer | undefined

  const plug = ((req: IncomingMessage, res: ServerResponse, next: Next) => {
    // Only reached where Express did not tell us about the mount: on a Router, or below a path.
    enter(openExchange(req, res, runtime), next)
  }) as ExpressPlug
  plug.handle = plug
  plug.set = () => {}
  plug.emit = (event, parent) => {
    const mount = (plug as unknown as { mountpath?: unknown }).mountpath
    if (event !== 'mount' || mount !== '/' || !isExpress(parent)) return false
    layer = protect(parent, runtime)
    return true
  }
  plug.routes = () => layer?.known() ?? []
  return plug
}

/**
 * Declares what a route takes: `app.post('/blogs', secure({ limit: '20/min' }), ...)`.
 *
 * **Security**: the contract is enforced as soon as Express has matched the route, before its first function runs, wherever in the list this
 * stands; several on one route are one. With `app.use('/admin', secure({ ... }))` it holds where it stands, for all paths below. An exemption
 * opens one method and path: whatever Express calls for such a request in front of the route, such as a parser in `app.use()`, or behind it when the
 * route passes it on, sees it unjudged by the guard that is named, and by no other one.
 * @throws BulwarkError when the contract is not valid; from `app.listen()`, `BULWARK_ROUTE_UNPLACED` when `app.use()` declares what only a route
 *   can, such as `csrf: off('why')`
 */
export function secure<const Declared extends Contract>(
  contract: Declared & Exactly<Declared>,
): Declares<InputOf<Declared>> {
  const own = checkContract(contract)
  const at = callSite()
  const known: KnownRoute = { method: 'ALL', path: nameOf(at), at, contract: own }
  // On a route its layer has been here before; in front of many paths, and in an app within the app, nobody has.
  const declared: Middleware & { [CONTRACT]?: Contract } = (req, _res, next) => {
    const x = exchangeOf(req)
    if (x === undefined) return next(unknownRequest())
    if (holds(x.contract, own)) return next()
    x.runtime.enterFront(x, own, known)
    enter(x, next)
  }
  declared[CONTRACT] = own
  if (needsAhead(own).length > 0 && declaredAhead.size < MOST_AHEAD) declaredAhead.set(own, at)
  return declared as Declares<InputOf<Declared>>
}

/** A function of a route that tells the compiler what the route takes, by way of the type of `res.locals`. */
export type Declares<Input> = (
  req: IncomingMessage,
  res: ServerResponse & { locals: Carried<Input> },
  next: Next,
) => void

/**
 * What Bulwark knows about a request, for code that is not typed by Express.
 *
 * @throws BulwarkError when the request did not come through Bulwark
 */
export function securityOf(req: IncomingMessage): Security {
  const x = exchangeOf(req)
  if (x !== undefined) return x.security
  throw unknownRequest()
}

function unknownRequest(): BulwarkError {
  return new BulwarkError('BULWARK_ADAPTER_MISUSED', 'this request did not come through Bulwark', {
    fix: 'call app.use(bulwark()) on the application that serves it',
  })
}

function protect(app: ExpressApp, runtime: Runtime): RouteLayer {
  runtime.coversRoutes = true
  app.disable('x-powered-by')
  Object.defineProperty(app.request, 'security', {
    configurable: true,
    get(this: IncomingMessage): Security {
      return securityOf(this)
    },
  })
  app.lazyrouter?.()
  // Express 4 throws at whoever reads `router`, so the private name is asked first.
  const router = app._router ?? (app.router as ExpressRouter | undefined)
  if (router === undefined) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'this is not an Express 4 or 5 application', {
      fix: 'use bulwark/express with express 4.16 or newer, or bulwark/node with any other server',
    })
  }
  // Express has just pushed a layer that would only call us again.
  if (router.stack.at(-1)?.handle.name === MOUNTED) router.stack.pop()
  const layer = new RouteLayer(router, runtime, typeof app.lazyrouter === 'function')
  runtime.deferralsOf = (x) => layer.deferralsOf(x)
  runtime.routesOf = () => {
    layer.refresh()
    return layer.known()
  }

  const handle = app.handle
  const go = (x: HttpExchange, next: Next | undefined): void => {
    layer.refresh()
    handle.call(app, x.req, x.res, next ?? ((error) => finish(x, error)))
  }
  app.handle = (req, res, next) => {
    const server = (req.socket as { server?: Server }).server
    if (server !== undefined && !isAttached(server)) start(server)
    const x = openExchange(req, res, runtime)
    if (x.pending === undefined) {
      if (!x.denied) go(x, next)
    } else {
      void x.pending.then(() => {
        if (!x.denied) go(x, next)
      })
    }
  }

  // Express puts a function of its own in front of an app that is mounted, and tells nobody which app that is.
  const use = app.use
  app.use = (...args) => {
    const before = router.stack.length
    const result = use.apply(app, args)
    const mounts = router.stack.slice(before).filter(({ handle }) => handle.name === MOUNTED)
    const apps = args.flat(Number.POSITIVE_INFINITY).filter((each) => isExpress(each) && 'mountpath' in each)
    for (const [i, each] of mounts.entries()) if (apps[i] !== undefined) layer.mounted(each, apps[i] as ExpressApp)
    return result
  }

  let started = false
  const start = (server: Server | undefined): void => {
    if (!started) {
      layer.start()
      started = true
    }
    if (server === undefined) return
    refuseHttp2(server)
    shapeMessages(server, app)
    attachServer(server, runtime)
  }
  const listen = app.listen
  app.listen = (...args) => {
    start(undefined)
    const server = listen.apply(app, args)
    start(server)
    return server
  }
  // `http.createServer(app)`: the first connection is the first that we hear of it.
  onServerSeen(app, (server, socket) => {
    try {
      start(server)
      adoptSocket(socket, runtime)
    } catch (error) {
      server.close()
      socket.destroy()
      process.nextTick(() => {
        throw error
      })
    }
  })
  return layer
}

/** Express puts prototypes of HTTP/1.1 under requests; over HTTP/2 the first one would end the process, whoever sends it. */
function refuseHttp2(server: Server): void {
  if (server.listenerCount('stream') === 0) return
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'Express cannot be served over HTTP/2', {
    fix: 'make the server with node:https and let a proxy in front speak HTTP/2, or serve the app with Fastify or Hono',
  })
}

function enter(x: HttpExchange, next: Next): void {
  if (x.pending === undefined) {
    if (!x.denied) next()
  } else {
    void x.pending.then(() => {
      if (!x.denied) next()
    })
  }
}

/** What Express would have done last: here a problem document, whatever NODE_ENV says. */
function finish(x: HttpExchange, error: unknown): void {
  if (error === undefined || error === null) x.runtime.miss(x)
  else x.runtime.fail(x, error)
}

function isExpress(parent: unknown): parent is ExpressApp {
  if (typeof parent !== 'function') return false
  const app = parent as unknown as Partial<ExpressApp>
  return typeof app.handle === 'function' && typeof app.listen === 'function'
}
