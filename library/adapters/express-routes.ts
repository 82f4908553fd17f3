import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Contract, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import { exchangeOf } from '../runtime/baseline.ts'
import { callSite } from '../runtime/call-site.ts'
import { exemptionsOf, isExempt, needsAhead, union } from '../runtime/declared.ts'
import { type HttpExchange, NO_DEFERRALS } from '../runtime/exchange.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { joined } from './joined.ts'

/** What has to be known before its requests come and was met in no app yet, with the place where it is declared; so many at most. */
export const declaredAhead: Map<Contract, string | undefined> = new Map()
export const MOST_AHEAD = 1000

/** How Express calls what it puts in front of an app that is mounted. */
export const MOUNTED = 'mounted_app'

/** Where a route's declaration keeps its contract. */
export const CONTRACT: unique symbol = Symbol.for('bulwark.contract') as never

type Next = (error?: unknown) => void
type Handle = ((req: IncomingMessage, res: ServerResponse, next: Next) => unknown) & {
  [CONTRACT]?: Contract
  stack?: ExpressLayer[]
}

/** One entry of a router's stack, in Express 4 and 5 alike. */
export interface ExpressLayer {
  handle: Handle
  readonly method?: string
  readonly route?: ExpressRoute
  /** Of the path that it last matched: the beginning of that. */
  readonly path?: string
  match(path: string): boolean | { readonly path: string }
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
}

interface ExpressRoute {
  readonly path: string | RegExp | readonly (string | RegExp)[]
  readonly stack: ExpressLayer[]
  readonly methods: Readonly<Record<string, boolean>>
}

/** An Express application inside of another one. */
export interface MountedApp {
  readonly router?: ExpressRouter
  readonly _router?: ExpressRouter
  lazyrouter?(): void
}

export interface ExpressRouter {
  stack: ExpressLayer[]
  route(path: unknown): ExpressRoute
  use(...args: unknown[]): unknown
}

/**
 * The route layer of an Express application. It stands in front of each route object (never beside Express's own matching),
 * so a contract cannot cover another path than the route it was written on.
 */
export class RouteLayer {
  readonly #root: ExpressRouter
  readonly #runtime: Runtime
  readonly #catchAsync: boolean
  readonly #seen = new Map<ExpressRouter, number>()
  readonly #routes = new Map<ExpressRoute, RouteState>()
  #started = false

  /** @param catchAsync Express 4 does not look at the promise that a function returns; then this does. */
  constructor(root: ExpressRouter, runtime: Runtime, catchAsync: boolean) {
    this.#root = root
    this.#runtime = runtime
    this.#catchAsync = catchAsync
    this.#adopt(root, '')
  }

  /** The app starts: shows the routes to the guards, which may object by throwing. */
  start(): void {
    this.refresh()
    for (const router of this.#seen.keys()) refuseUnplaced(router)
    this.#runtime.checkRoutes(this.known())
    this.#started = true
    for (const { stack } of this.#routes.keys()) {
      for (const { handle } of stack) if (handle[CONTRACT] !== undefined) declaredAhead.delete(handle[CONTRACT])
    }
    if (this.#hasHidden) this.#tellUnseen()
  }

  /** An app was mounted before we could see which one it is. */
  #hasHidden = false

  /** What such an app declares is enforced, but nothing in it is exempt from anything. It may be another app's, so this is no error. */
  #tellUnseen(): void {
    for (const [contract, at] of declaredAhead) {
      this.#runtime.publish({
        guard: 'runtime',
        risk: 'missing-authorization',
        reason: `what is declared for ${needsAhead(contract).join(' and ')} at ${at ?? 'some place'} has no effect if it is in an app that was mounted before bulwark()`,
        outcome: 'reported',
        fix: "write app.use(bulwark()) in front of app.use('/part', part), and declare no exemptions in apps that are mounted in that one",
      })
    }
  }

  known(): readonly KnownRoute[] {
    return [...this.#routes.values()].flatMap((state) => state.known())
  }

  /** An app that was mounted in the app. Its router is made when the app starts: settings of that app count until then. */
  mounted(layer: ExpressLayer, app: MountedApp): void {
    this.#mounted.set(layer, app)
    this.#hasMounted = true
  }

  readonly #mounted = new WeakMap<ExpressLayer, MountedApp>()
  #hasMounted = false

  /** The router that a layer leads to. */
  #below(layer: ExpressLayer): ExpressRouter | undefined {
    if (isRouter(layer.handle)) return layer.handle
    const app = this.#hasMounted ? this.#mounted.get(layer) : undefined
    if (app === undefined) return undefined
    app.lazyrouter?.()
    return app._router ?? app.router
  }

  /** Finds what was registered since. Costs a comparison of lengths when nothing was. */
  refresh(): void {
    for (const [router, length] of this.#seen) {
      if (router.stack.length !== length) this.#adopt(router, undefined)
    }
  }

  /**
   * The guards from which a route is exempt that Express could match this request to, asked of Express itself. Code in front of the routes
   * may answer as well, and no exemption is meant for that.
   */
  deferralsOf(x: HttpExchange): ReadonlySet<string> {
    this.refresh()
    this.#ways ??= this.#lookForExempt()
    return this.#ways.size === 0 ? NO_DEFERRALS : this.#exemptAt(this.#root, x.path, x.method)
  }

  /** By router, its layers that are or lead to an exempt route, in order; looked for again when something was registered. */
  #ways: Map<ExpressRouter, ExpressLayer[]> | undefined

  #lookForExempt(): Map<ExpressRouter, ExpressLayer[]> {
    const ways = new Map<ExpressRouter, ExpressLayer[]>()
    const leads = (router: ExpressRouter, within: readonly ExpressRouter[]): boolean => {
      const found = router.stack.filter((layer) => {
        const known = layer.route && this.#routes.get(layer.route)?.known()
        if (known !== undefined) return known.some(({ contract }) => isExempt(contract, this.#runtime))
        const below = this.#below(layer)
        return below !== undefined && !within.includes(below) && leads(below, [...within, below])
      })
      if (found.length > 0) ways.set(router, found)
      return found.length > 0
    }
    leads(this.#root, [this.#root])
    return ways
  }

  #exemptAt(router: ExpressRouter, path: string, method: string): ReadonlySet<string> {
    let names = NO_DEFERRALS
    for (const layer of this.#ways?.get(router) ?? []) {
      const state = layer.route && this.#routes.get(layer.route)
      const own = state === undefined ? NO_DEFERRALS : exemptionsOf(state.foundFor(method)?.contract)
      if (state !== undefined && own.size === 0) continue
      const taken = matched(layer, path)
      if (taken === undefined) continue
      names = union(names, own)
      const below = state === undefined ? this.#below(layer) : undefined
      if (below === undefined) continue
      const rest = path.slice(taken.length)
      names = union(names, this.#exemptAt(below, rest.startsWith('/') ? rest : `/${rest}`, method))
    }
    return names
  }

  #prefixes = new Map<ExpressRouter, string>()
  /** Where routers were mounted: Express 5 keeps the path in a closure. */
  #mounts = new WeakMap<ExpressLayer, string>()

  #adopt(router: ExpressRouter, prefix: string | undefined): void {
    if (prefix !== undefined) this.#prefixes.set(router, prefix)
    const base = this.#prefixes.get(router) ?? ''
    const first = !this.#seen.has(router)
    this.#seen.set(router, router.stack.length)
    this.#ways = undefined
    if (first) this.#watch(router, base)
    const late: KnownRoute[] = []
    for (const layer of router.stack) {
      if (layer.route !== undefined) {
        if (this.#routes.has(layer.route)) continue
        const state = this.#guard(layer, layer.route, base, undefined)
        late.push(...state.known())
        continue
      }
      const below = this.#below(layer)
      this.#hasHidden ||= below === undefined && layer.handle.name === MOUNTED
      if (below !== undefined) {
        if (!this.#seen.has(below)) this.#adopt(below, base + (this.#mounts.get(layer) ?? mountOf(layer)))
      } else if (this.#catchAsync) caught(layer)
    }
    if (this.#started && late.length > 0) this.#runtime.checkRoutes(late)
  }

  /** Sees routes as they are registered: only then is the line in the source known. */
  #watch(router: ExpressRouter, base: string): void {
    const route = router.route
    router.route = (path) => {
      const made = route.call(router, path)
      const layer = router.stack.at(-1)
      if (layer?.route === made) this.#guard(layer, made, base, callSite())
      return made
    }
    const use = router.use
    router.use = (...args) => {
      const before = router.stack.length
      const result = use.apply(router, args)
      const [path] = args
      if (typeof path === 'string') {
        for (const layer of router.stack.slice(before)) this.#mounts.set(layer, path.replace(/\/$/, ''))
      }
      return result
    }
  }

  #guard(layer: ExpressLayer, route: ExpressRoute, base: string, at: string | undefined): RouteState {
    const state = new RouteState(route, base, at)
    this.#routes.set(route, state)
    const dispatch = layer.handle
    const runtime = this.#runtime
    const catchAsync = this.#catchAsync
    layer.handle = function (this: unknown, req, res, next) {
      if (catchAsync) route.stack.forEach(caught)
      const x = exchangeOf(req)
      if (x === undefined || x.runtime !== runtime) return dispatch.call(this, req, res, next)
      const found = state.find(x.method)
      x.params = (req as { params?: Readonly<Record<string, string>> }).params ?? x.params
      runtime.enterRoute(x, found.contract, found)
      if (x.pending === undefined) return x.denied ? undefined : dispatch.call(this, req, res, next)
      return x.pending.then(() => (x.denied ? undefined : dispatch.call(this, req, res, next))).then(undefined, next)
    }
    return state
  }
}

/** One route object with what it declares, read when first needed: its functions are added after it is made. */
class RouteState {
  readonly #route: ExpressRoute
  readonly #path: string
  readonly #at: string | undefined
  #length = -1
  #byMethod: Map<string, KnownRoute> = new Map()

  constructor(route: ExpressRoute, base: string, at: string | undefined) {
    this.#route = route
    const paths = Array.isArray(route.path) ? route.path : [route.path]
    this.#path = paths.map((path) => base + String(path)).join(' | ') || '/'
    this.#at = at
  }

  find(method: string): KnownRoute {
    return this.foundFor(method) ?? { method, path: this.#path, at: this.#at, contract: undefined }
  }

  /** What was registered for a method; `undefined` when nothing was. */
  foundFor(method: string): KnownRoute | undefined {
    this.#read()
    return (
      this.#byMethod.get(method) ??
      (method === 'HEAD' ? this.#byMethod.get('GET') : undefined) ??
      this.#byMethod.get('ALL')
    )
  }

  known(): readonly KnownRoute[] {
    this.#read()
    return [...this.#byMethod.values()]
  }

  #read(): void {
    const { stack } = this.#route
    if (stack.length === this.#length) return
    this.#length = stack.length
    const all = declaredBy(stack.filter(({ method }) => method === undefined))
    const methods = new Set(stack.map((layer) => layer.method?.toUpperCase() ?? 'ALL'))
    this.#byMethod = new Map(
      [...methods].map((method) => {
        const own = declaredBy(stack.filter((layer) => layer.method?.toUpperCase() === method))
        return [method, { method, path: this.#path, at: this.#at, contract: joined(all, own) }]
      }),
    )
  }
}

/** What must be known before requests come is looked for on routes; on a function for many paths it would have no effect. */
function refuseUnplaced(router: ExpressRouter): void {
  for (const { route, handle } of router.stack) {
    const declared = route === undefined ? handle[CONTRACT] : undefined
    const [name] = declared === undefined ? [] : needsAhead(declared)
    if (name === undefined) continue
    throw new BulwarkError('BULWARK_ROUTE_UNPLACED', `app.use() declares for ${name} what only a route can`, {
      at: 'app.use(secure())',
      fix: "declare it on the route itself: app.post('/hook', secure({ ... }), receive)",
    })
  }
}

/** All that the functions of a route declare, as one contract. */
function declaredBy(layers: readonly ExpressLayer[]): Contract | undefined {
  let contract: Contract | undefined
  for (const { handle } of layers) contract = joined(contract, handle[CONTRACT])
  return contract
}

/** How much of a path a layer takes; `undefined` when it does not match. A path that Express cannot decode comes to no route. */
function matched(layer: ExpressLayer, path: string): string | undefined {
  try {
    const match = layer.match(path)
    // Older routers keep on the layer what newer ones answer.
    return typeof match === 'object' ? match.path : match ? (layer.path ?? '') : undefined
  } catch {
    return undefined
  }
}

function isRouter(handle: unknown): handle is ExpressRouter & Handle {
  return typeof handle === 'function' && Array.isArray((handle as Handle).stack) && 'route' in handle
}

/** The path below which a router is mounted, as far as Express 4 and 5 let it be read back. */
function mountOf(layer: ExpressLayer): string {
  if (layer.regexp === undefined || layer.regexp.fast_slash) return ''
  const source = layer.regexp.source
    .replace(/^\^/, '')
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, '')
    .replaceAll('\\/', '/')
  return /^[/\w.~-]*$/.test(source) ? source : `/${source}`
}

const done = new WeakSet<Handle>()

/** Hands a rejected promise to `next`, once for each function. */
function caught(layer: ExpressLayer): void {
  const handle = layer.handle
  if (done.has(handle) || isRouter(handle)) return
  const failing: Handle =
    handle.length === 4
      ? (function (this: unknown, error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) {
          return settle((handle as unknown as (...args: unknown[]) => unknown).call(this, error, req, res, next), next)
        } as unknown as Handle)
      : function (this: unknown, req, res, next) {
          return settle(handle.call(this, req, res, next), next)
        }
  if (handle[CONTRACT] !== undefined) failing[CONTRACT] = handle[CONTRACT]
  done.add(failing)
  layer.handle = failing
}

function settle(result: unknown, next: Next): unknown {
  if (typeof result === 'object' && result !== null && typeof (result as Promise<unknown>).then === 'function') {
    ;(result as Promise<unknown>).then(undefined, (error: unknown) =>
      next(error ?? new Error('rejected without a reason')),
    )
  }
  return result
}
