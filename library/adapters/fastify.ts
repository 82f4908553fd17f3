import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type {
  ContextConfigDefault,
  FastifyBaseLogger,
  FastifySchema,
  FastifyTypeProvider,
  FastifyTypeProviderDefault,
  RawRequestDefaultExpression,
  RawServerBase,
  RawServerDefault,
  RouteGenericInterface,
} from 'fastify'
import type { FastifyRequestType, ResolveFastifyRequestType } from 'fastify/types/type-provider.js'
import type { Contract, Exactly, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import type { Carried, CarriedInput, InputOf } from '../core/schema.ts'
import type { Security } from '../core/security.ts'
import { exchangeOf } from '../runtime/baseline.ts'
import { callSite } from '../runtime/call-site.ts'
import { checkContract, exemptionsOf, isExempt, union } from '../runtime/declared.ts'
import { type HttpExchange, NO_DEFERRALS } from '../runtime/exchange.ts'
import type { Policy } from '../runtime/policy.ts'
import { Runtime } from '../runtime/runtime.ts'
import { attachServer } from '../runtime/server.ts'

declare module 'fastify' {
  // The names are Fastify's: an interface is extended only under the names that it has.
  interface FastifyRequest<
    RouteGeneric extends RouteGenericInterface = RouteGenericInterface,
    RawServer extends RawServerBase = RawServerDefault,
    RawRequest extends RawRequestDefaultExpression<RawServer> = RawRequestDefaultExpression<RawServer>,
    SchemaCompiler extends FastifySchema = FastifySchema,
    TypeProvider extends FastifyTypeProvider = FastifyTypeProviderDefault,
    ContextConfig = ContextConfigDefault,
    Logger extends FastifyBaseLogger = FastifyBaseLogger,
    RequestType extends FastifyRequestType = ResolveFastifyRequestType<TypeProvider, SchemaCompiler, RouteGeneric>,
  > {
    /** What Bulwark knows about this request, with the input that the route declares. */
    readonly security: Security & { readonly input: CarriedInput<ContextConfig> }
  }
}

const CONTRACT: unique symbol = Symbol.for('bulwark.contract') as never

type Done = (error?: Error) => void

interface FastifyRequestLike {
  readonly raw: IncomingMessage
  readonly is404: boolean
  /** What is set here is laid over the headers that came. */
  headers: Readonly<Record<string, string | undefined>>
  readonly params: Readonly<Record<string, string>> | undefined
  readonly routeOptions: { readonly url?: string; readonly config: RouteConfig }
}

interface FastifyReplyLike {
  readonly raw: ServerResponse
  hijack(): unknown
}

interface RouteConfig {
  readonly [CONTRACT]?: Contract
}

interface RouteOptionsLike {
  readonly method: string | readonly string[]
  readonly url: string
  readonly config?: RouteConfig
}

/** The part of a Fastify instance that Bulwark touches. */
interface FastifyLike {
  readonly server: Server
  addHook(name: 'onRoute', hook: (route: RouteOptionsLike) => void): unknown
  addHook(name: 'onRequest', hook: (request: never, reply: never, done: Done) => void): unknown
  addHook(name: 'onReady', hook: (done: Done) => void): unknown
  decorateRequest(name: string, getter: { getter(): unknown }): unknown
  setErrorHandler(onError: (error: unknown, request: never, reply: never) => void): unknown
  setNotFoundHandler(...args: unknown[]): unknown
}

/**
 * Routes by application, from the moment it is made: plugins run only after the app's own file has, and by then the routes
 * in it are registered. Fastify announces each new application on this channel.
 */
const recordedRoutes = new WeakMap<object, Map<string, KnownRoute>>()
subscribe('fastify.initialization', (message) => {
  const { fastify: app } = message as { fastify: FastifyLike }
  recordedRoutes.set(app, new Map())
  app.addHook('onRoute', (route) => record(recordedRoutes.get(app) ?? new Map(), route))
  app.addHook('onRequest', ((request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => {
    const first = earliest.get(app)
    if (first === undefined) done()
    else first(request, reply, done)
  }) as never)
})

type OnRequest = (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => void

/** By application, what runs in front of every other function of it, also of those that were registered before us. */
const earliest = new WeakMap<object, OnRequest>()

/** The application that a part of it belongs to, when it announced itself. */
function rootOf(app: object): object | undefined {
  let root: object | null = app
  while (root !== null && !recordedRoutes.has(root)) root = Object.getPrototypeOf(root)
  return root ?? undefined
}

/** What `app.register()` takes. */
export interface FastifyPlug {
  (instance: unknown, options: Policy | Record<never, never> | undefined, done: Done): void
  /** The routes that Bulwark knows, with what each declares. Complete once the app is ready. */
  routes(): readonly KnownRoute[]
}

/**
 * Protects a Fastify 5 application: `app.register(bulwark)` or `app.register(bulwark(policy))` is the one line.
 *
 * It is not encapsulated: every route is covered, also those of other plugins and those registered earlier.
 * @throws BulwarkError when the policy is not valid; `app.ready()` fails when the policy names roles and a route declares nothing
 */
export const bulwark: FastifyPlug & ((policy?: Policy) => FastifyPlug) = Object.assign(
  ((...args: unknown[]) => {
    const [first, options, done] = args
    if (typeof done !== 'function') return plugFor(first as Policy | undefined)
    return plugFor(options as Policy | undefined)(first, undefined, done as Done)
  }) as FastifyPlug & ((policy?: Policy) => FastifyPlug),
  { routes: (): readonly KnownRoute[] => [], ...unencapsulated() },
)

/**
 * Declares what a route takes: `app.post('/blogs', secure({ limit: '20/min' }), ...)`, or spread into other route options.
 *
 * **Security**: the contract is enforced in `onRequest`, before the body is read.
 */
export function secure<const Declared extends Contract>(
  contract: Declared & Exactly<Declared>,
): { config: { readonly [CONTRACT]: Contract } & Carried<InputOf<Declared>> } {
  return { config: { [CONTRACT]: checkContract(contract) } }
}

function plugFor(policy: Policy | undefined): FastifyPlug {
  const routes = new Map<string, KnownRoute>()
  const plug = (instance: unknown, _options: unknown, done: Done): void => {
    try {
      protect(instance as FastifyLike, new Runtime(policy ?? {}), routes)
      done()
    } catch (error) {
      done(error as Error)
    }
  }
  return Object.assign(plug, { routes: () => [...routes.values()], ...unencapsulated() })
}

function protect(app: FastifyLike, runtime: Runtime, routes: Map<string, KnownRoute>): void {
  runtime.coversRoutes = true
  runtime.routesOf = () => [...routes.values()]
  attachServer(app.server, runtime)
  app.decorateRequest('security', {
    getter(this: FastifyRequestLike): Security {
      return requireExchange(this.raw).security
    },
  } as { getter(): unknown })

  const recorded = recordedRoutes.get(app)
  for (const [key, route] of recorded ?? []) routes.set(key, route)
  if (recorded === undefined) app.addHook('onRoute', (route) => record(routes, route))
  else recordedRoutes.set(app, routes)
  const root = rootOf(app)
  const narrow: OnRequest = (request, reply, done) => {
    const x = exchangeOf(request.raw)
    if (x === undefined || x.runtime !== runtime || x.deferrals.size === 0) return done()
    runtime.narrow(x, request.is404 ? NO_DEFERRALS : exemptionsOf(request.routeOptions.config[CONTRACT]))
    if (x.pending === undefined) pass(x, request, reply, done)
    else void x.pending.then(() => pass(x, request, reply, done))
  }
  if (root === undefined) app.addHook('onRequest', narrow as never)
  app.addHook('onReady', (done) => {
    try {
      runtime.checkRoutes([...routes.values()])
      let deferrals = NO_DEFERRALS
      // A part that registers us has made routes before we run, and only the application has seen these.
      const all = (root && recordedRoutes.get(root)) ?? routes
      for (const { contract } of all.values())
        if (isExempt(contract, runtime)) deferrals = union(deferrals, exemptionsOf(contract))
      // Every request meets our function in front of all others of the app, so any may wait until there.
      if (root !== undefined) earliest.set(root, narrow)
      runtime.deferralsOf = () => deferrals
      done()
    } catch (error) {
      done(error as Error)
    }
  })

  const missing = watchNotFound(app)
  app.addHook('onRequest', ((request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => {
    const x = exchangeOf(request.raw)
    // A request injected past the server (light-my-request) has no connection to judge; nothing of it came from outside.
    if (x === undefined || x.runtime !== runtime) return done()
    if (request.is404) {
      if (missing.custom) {
        runtime.enterNone(x)
        if (x.pending === undefined) pass(x, request, reply, done)
        else void x.pending.then(() => pass(x, request, reply, done))
        return
      }
      reply.hijack()
      return runtime.miss(x)
    }
    const { url, config } = request.routeOptions
    const path = url ?? x.path
    const route = routes.get(`${x.method} ${path}`) ?? {
      method: x.method,
      path,
      at: undefined,
      contract: config[CONTRACT],
    }
    x.params = request.params ?? x.params
    runtime.enterRoute(x, route.contract, route)
    if (x.pending === undefined) pass(x, request, reply, done)
    else void x.pending.then(() => pass(x, request, reply, done))
  }) as never)

  answerErrors(app)
}

function pass(x: HttpExchange, request: FastifyRequestLike, reply: FastifyReplyLike, done: Done): void {
  if (x.denied) reply.hijack()
  else {
    // Fastify looks for a parser by these; for a body that a guard has taken there is nothing left to parse.
    if (x.bodyTaken) request.headers = NO_BODY
    done()
  }
}

const NO_BODY = { 'content-type': undefined, 'content-length': '0', 'transfer-encoding': undefined }

/** Errors become problem documents, unless the app has its own way with them; one that it sets later replaces this. */
function answerErrors(app: FastifyLike): void {
  answerBadPaths(app)
  const already = Object.getOwnPropertySymbols(app).find(
    ({ description }) => description === 'fastify.errorHandlerAlreadySet',
  )
  const flags = app as unknown as Record<symbol, boolean>
  if (already !== undefined && flags[already] === true) return
  app.setErrorHandler(answerError as never)
  // Fastify warns about a second error handler; ours is a default and not a first one.
  if (already !== undefined) flags[already] = false
}

function answerError(error: unknown, request: FastifyRequestLike, reply: FastifyReplyLike): void {
  const x = exchangeOf(request.raw)
  if (x === undefined) throw error
  reply.hijack()
  x.runtime.fail(x, error)
}

/** A path that cannot be decoded reaches no hook and no error handler: Fastify answers it by an option of its constructor. */
function answerBadPaths(app: FastifyLike): void {
  const mark = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.options')
  const options = mark && (app as unknown as Record<symbol, { frameworkErrors?: unknown } | undefined>)[mark]
  if (options !== undefined) options.frameworkErrors ??= answerError
}

/** Whether the app answers unknown paths itself: known from its call, or from Fastify's own mark when that came before us. */
function watchNotFound(app: FastifyLike): { custom: boolean } {
  const mark = Object.getOwnPropertySymbols(app).find(
    ({ description }) => description === 'fastify.canSetNotFoundHandler',
  )
  const state = { custom: mark !== undefined && (app as unknown as Record<symbol, unknown>)[mark] === false }
  const native = app.setNotFoundHandler
  app.setNotFoundHandler = function (this: unknown, ...args) {
    if (args.some((arg) => typeof arg === 'function')) state.custom = true
    return native.apply(this, args)
  }
  return state
}

function record(routes: Map<string, KnownRoute>, { method, url, config }: RouteOptionsLike): void {
  const at = callSite()
  for (const one of typeof method === 'string' ? [method] : method) {
    routes.set(`${one} ${url}`, { method: one, path: url || '/', at, contract: config?.[CONTRACT] })
  }
}

function requireExchange(raw: IncomingMessage): HttpExchange {
  const x = exchangeOf(raw)
  if (x !== undefined) return x
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'this request did not come through Bulwark', {
    fix: 'register bulwark on the application that serves it; requests made with inject() have no security',
  })
}

/** Fastify's own way to say that a plugin's hooks are for the whole application. */
function unencapsulated(): Record<symbol, unknown> {
  return { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'bulwark' }
}
