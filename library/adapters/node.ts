import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Contract, Exactly } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import type { Carried, CarriedInput, InputOf } from '../core/schema.ts'
import type { Security } from '../core/security.ts'
import { exchangeOf } from '../runtime/baseline.ts'
import { callSite } from '../runtime/call-site.ts'
import type { HttpExchange } from '../runtime/exchange.ts'
import type { Policy } from '../runtime/policy.ts'
import { checkContract, Runtime } from '../runtime/runtime.ts'
import { attachServer } from '../runtime/server.ts'

/**
 * Protects a `node:http`, `node:https` or `node:http2` server: `secure(server)` is the one line. Answers the same server.
 *
 * @throws BulwarkError when the policy is not valid
 */
export function secure<S extends NetServer>(server: S, policy?: Policy): S
/**
 * Declares what a plain listener takes: `secure({ limit: '20/min' }, (req, res) => ...)`.
 *
 * **Security**: the contract is enforced before the function runs; the server itself must be protected with `secure(server)`.
 * @throws BulwarkError when the contract is not valid, or declares `params`: a plain listener's path has no named parts
 */
export function secure<const Declared extends Contract>(
  contract: Declared &
    Exactly<Declared> &
    (Declared extends { readonly params: object } ? { readonly params: never } : unknown),
  listener: (req: IncomingMessage & Carried<InputOf<Declared>>, res: ServerResponse) => unknown,
): RequestListener
export function secure(what: NetServer | Contract, more?: Policy | RequestListener): NetServer | RequestListener {
  if (isServer(what)) {
    attachServer(what as Server, new Runtime((more as Policy | undefined) ?? {}))
    return what
  }
  if (typeof more !== 'function') {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'secure() takes a server, or a contract and a function', {
      fix: 'write secure(server), or secure({ ... }, (req, res) => ...)',
    })
  }
  const contract = checkContract(what)
  // Without a router nobody fills them in: every request would be refused.
  if (contract.params !== undefined) {
    throw new BulwarkError(
      'BULWARK_ADAPTER_MISUSED',
      "a plain listener's path has no named parts, so params are never there",
      {
        at: `secure().params${placeOf(callSite())}`,
        fix: 'take the path apart in the function, or use a router: Express, Fastify or Hono',
      },
    )
  }
  return withContract(contract, more)
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

function withContract(contract: Contract, listener: RequestListener): RequestListener {
  return function (this: unknown, req, res) {
    const x = requireExchange(req)
    x.runtime.enterRoute(x, contract, { method: x.method, path: x.path, at: undefined, contract })
    if (x.pending === undefined) return x.denied ? undefined : listener.call(this as never, req, res as never)
    return x.pending.then(() => (x.denied ? undefined : listener.call(this as never, req, res as never)))
  } as (req: IncomingMessage, res: ServerResponse) => void as RequestListener
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
