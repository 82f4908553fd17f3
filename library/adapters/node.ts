import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Contract, Exactly, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import type { Carried, CarriedInput, InputOf } from '../core/schema.ts'
import type { Security } from '../core/security.ts'
import { exchangeOf } from '../runtime/baseline.ts'
import { callSite } from '../runtime/call-site.ts'
import { checkContract, exemptionsOf, needsAhead, reportMistakes } from '../runtime/declared.ts'
import type { HttpExchange } from '../runtime/exchange.ts'
import type { Policy } from '../runtime/policy.ts'
import { Runtime } from '../runtime/runtime.ts'
import { attachServer, isAttached } from '../runtime/server.ts'
import { type PlacedRoute, type PlainListener, RouteTable, readPlace } from './node-routes.ts'
import { nameOf } from './place.ts'

export type { PlacedRoute, PlainListener } from './node-routes.ts'

const CONTRACT: unique symbol = Symbol.for('bulwark.contract') as never

type Declared = RequestListener & { readonly [CONTRACT]?: KnownRoute }

/**
 * Protects a `node:http`, `node:https` or `node:http2` server: `secure(server)` is the one line. Answers the same server.
 *
 * Requests for one of the `routes` come to the function of that route, all others to what listens to the server.
 * @throws BulwarkError when the policy or the contract of a route is not valid
 */
export function secure<S extends NetServer>(server: S, policy?: Policy, routes?: readonly PlacedRoute[]): S
/**
 * Declares what a plain listener takes: `secure({ limit: '20/min' }, (req, res) => ...)`.
 *
 * **Security**: the contract is enforced before the function runs; the server itself must be protected with `secure(server)`. What has to be
 * known before a request comes, such as `csrf: off('why')`, only {@link route} can declare.
 * @throws BulwarkError when the contract is not valid, or declares `params`: a plain listener's path has no named parts;
 *   `BULWARK_ROUTE_UNPLACED` when it declares what only a route can
 */
export function secure<const Declared extends Contract>(
  contract: Declared &
    Exactly<Declared> &
    (Declared extends { readonly params: object } ? { readonly params: never } : unknown),
  listener: (req: IncomingMessage & Carried<InputOf<Declared>>, res: ServerResponse) => unknown,
): RequestListener
export function secure(
  what: NetServer | Contract,
  more?: Policy | RequestListener,
  routes: readonly PlacedRoute[] = [],
): NetServer | RequestListener {
  if (isServer(what)) {
    protect(what as Server, (more as Policy | undefined) ?? {}, routes)
    return what
  }
  if (typeof more !== 'function') {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'secure() takes a server, or a contract and a function', {
      fix: 'write secure(server), or secure({ ... }, (req, res) => ...)',
    })
  }
  const contract = checkContract(what)
  const at = callSite()
  // Without a router nobody fills them in: every request would be refused.
  if (contract.params !== undefined) {
    throw new BulwarkError(
      'BULWARK_ADAPTER_MISUSED',
      "a plain listener's path has no named parts, so params are never there",
      {
        at: `secure().params${placeOf(at)}`,
        fix: "hand it to the server as a route: secure(server, policy, [route('GET /people/:id', { ... }, show)])",
      },
    )
  }
  const [unplaced] = needsAhead(contract)
  if (unplaced !== undefined) {
    throw new BulwarkError(
      'BULWARK_ROUTE_UNPLACED',
      `a plain listener declares for ${unplaced} what only a route can`,
      {
        at: `secure()${placeOf(at)}`,
        fix: "hand it to the server as a route: secure(server, policy, [route('POST /hook', { ... }, receive)])",
      },
    )
  }
  return withContract(contract, more, at)
}

/**
 * A function of the app and the requests that it is for: `secure(server, policy, [route('POST /hook', { csrf: off('signed') }, receive)])`.
 *
 * The first word is the method, or left out for all of them; `GET` takes `HEAD` too. A part of the path may have a name (`/people/:id`), and the
 * last one may be `*` for everything below. The path is compared as it was sent, letter by letter.
 *
 * **Security**: Bulwark itself calls the function, so nothing else of the app sees what only this route is exempt from. An exemption holds for
 * these requests and no others.
 * @throws BulwarkError when the contract is not valid, or the first argument names no requests
 */
export function route<const Declared extends Contract>(
  place: string,
  contract: Declared & Exactly<Declared>,
  listener: (req: IncomingMessage & Carried<InputOf<Declared>>, res: ServerResponse) => unknown,
): PlacedRoute {
  const at = callSite()
  return { ...readPlace(place, at), at, contract: checkContract(contract), listener: listener as PlainListener }
}

/**
 * What Bulwark knows about a request: the user, the nonce, the cookies.
 *
 * @throws BulwarkError when the request did not come through a protected server
 */
export function securityOf<Request extends IncomingMessage | Http2ServerRequest>(
  req: Request,
): Security & { readonly input: CarriedInput<Request> } {
  return requireExchange(req).security as Security & { readonly input: CarriedInput<Request> }
}

function protect(server: Server, policy: Policy, routes: readonly PlacedRoute[]): void {
  if (routes.length > 0 && isAttached(server)) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'the server is protected already, so its routes come too late', {
      fix: 'hand them over with the first secure(server, policy, [...]), before the server listens',
    })
  }
  const runtime = new Runtime(policy)
  const table = new RouteTable(routes)
  const direct = (server.listeners('request') as Declared[]).flatMap((each) => each[CONTRACT] ?? [])
  const known: readonly KnownRoute[] = [...routes, ...direct]
  if (known.length > 0) {
    runtime.checkRoutes(known)
    runtime.routesOf = () => known
    for (const each of direct) checkedBy.set(each, runtime)
  }
  const isDirect = direct.length > 0 && direct.length === server.listenerCount('request')
  runtime.deferralsOf = (x) => {
    const found = routes.length > 0 ? table.find(x.method, x.path) : undefined
    // What is wider for some route is not meant for code that belongs to none.
    if (found === undefined) x.decided = !isDirect
    return exemptionsOf(found?.route.contract)
  }
  if (routes.length > 0) {
    runtime.ownListener = (x) => {
      const found = table.find(x.method, x.path)
      if (found === undefined) return undefined
      x.params = found.params
      return () => call(x, found.route, found.route.listener)
    }
  }
  attachServer(server, runtime)
}

/** The policy that a declaration was last held against; another server may have another one. */
const checkedBy = new WeakMap<KnownRoute, Runtime>()

function withContract(contract: Contract, listener: RequestListener, at: string | undefined): RequestListener {
  const known: KnownRoute = { method: 'ALL', path: nameOf(at), at, contract }
  const declared = function (this: unknown, req: IncomingMessage, res: ServerResponse): unknown {
    const x = requireExchange(req)
    if (checkedBy.get(known) !== x.runtime) {
      checkedBy.set(known, x.runtime)
      reportMistakes(
        x,
        known,
        'listen with the declared function itself, or hand it to secure(server, policy, [route(...)]): then it is said at start-up',
      )
    }
    return call(x, known, () => listener.call(this as never, req as never, res as never))
  }
  return Object.assign(declared, { [CONTRACT]: known }) as RequestListener
}

function call(x: HttpExchange, known: KnownRoute, listener: PlainListener): unknown {
  x.runtime.enterRoute(x, known.contract, known)
  if (x.pending === undefined) return x.denied ? undefined : answered(x, listener(x.req, x.res))
  return answered(
    x,
    x.pending.then(() => (x.denied ? undefined : listener(x.req, x.res))),
  )
}

/** Plain listeners seldom await what they call: without this, its failure would end in no answer at all. */
function answered(x: HttpExchange, result: unknown): unknown {
  return result instanceof Promise ? result.catch((error: unknown) => x.runtime.fail(x, error)) : result
}

function requireExchange(req: object): HttpExchange {
  const x = exchangeOf(req)
  if (x !== undefined) return x
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'this request did not come through Bulwark', {
    fix: 'call secure(server) before the server listens',
  })
}

function placeOf(site: string | undefined): string {
  return site === undefined ? '' : ` (${site})`
}

function isServer(what: NetServer | Contract): what is NetServer {
  return typeof (what as NetServer).listen === 'function' && typeof (what as NetServer).emit === 'function'
}
