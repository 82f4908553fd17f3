import type { RequestListener } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer, type Server } from 'node:https'
import { BulwarkError } from '../core/errors.ts'
import type { KeyRing } from '../core/keys.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { type KnownKeys, strangerIn } from '../toolbox/known-keys.ts'
import { type AlpnSolver, alpnSolver, whileListeningForTls } from './acme/alpn-solver.ts'
import { type HttpSolver, httpSolver, whileListening } from './acme/http-solver.ts'
import { acmeCertificate, type KeptCertificate } from './acme/kept.ts'
import { bind, end, watch } from './listening.ts'
import { modernHttp2, modernTls } from './modern.ts'
import { invalid } from './private-keys.ts'
import { redirectServer } from './redirect.ts'
import { type AcmeSource, type Identity, readIdentity, signOf, type TlsSource } from './source.ts'

const ACME: KnownKeys<AcmeSource['acme']> = {
  folder: true,
  directory: true,
  names: true,
  email: true,
  externalAccount: true,
  ca: true,
  patience: true,
  challenge: true,
  solver: true,
}

const KNOWN: KnownKeys<Http2ListenOptions> = {
  // A pair of certificate and key may carry what else is known about it.
  tls: true,
  port: true,
  host: true,
  redirectFrom: true,
  clientAuthority: true,
  keys: true,
  onNotice: true,
  lookEvery: true,
  now: true,
  http2: true,
}

/** Something about the certificate that whoever runs the app should know. */
export type TlsNotice =
  /** It ends in so many days: told at 30, 14, 7, 3 and 1, and when it has ended (0). */
  | { readonly kind: 'expiring'; readonly days: number }
  /** New connections get another certificate from now on. */
  | { readonly kind: 'reloaded'; readonly expires: number }
  /** A changed file cannot be served; the certificate stays as it was. */
  | { readonly kind: 'not reloaded'; readonly error: unknown }

export interface ListenOptions {
  readonly tls: TlsSource | AcmeSource
  /** @default 443 */
  readonly port?: number
  /** @default every address of the machine */
  readonly host?: string
  /** A port for plain HTTP that sends people over to HTTPS, and refuses everything that is no page. @default none */
  readonly redirectFrom?: number
  /** Mutual TLS: only clients with a certificate that this authority (PEM) signed are let in. @default everybody */
  readonly clientAuthority?: string
  /**
   * The policy's keys: with them, a connection that began at one process is resumed at another one.
   *
   * **Security**: the key of session tickets changes twice a day, so that a stolen one opens half a day and not everything that was recorded.
   * @default each process for itself
   */
  readonly keys?: KeyRing
  /** @default warnings of the process, for what needs doing */
  readonly onNotice?: (notice: TlsNotice) => void
  /** Milliseconds between two looks at files. @default 30000 */
  readonly lookEvery?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

export interface Http2ListenOptions extends ListenOptions {
  /**
   * Speaks HTTP/2 with clients that do, and HTTP/1.1 with the others. Express cannot be served so; a function can, and Hono by its
   * `getRequestListener`. Fastify makes its server itself: give it `{ http2: true, https: modernHttp2(leaf) }`.
   */
  readonly http2: true
}

/** What `http2.createSecureServer` takes. */
export type Http2Listener = (req: Http2ServerRequest, res: Http2ServerResponse) => void

/** An app that is reached over HTTPS. */
export interface Listening<S extends Server | Http2SecureServer = Server> {
  readonly server: S
  readonly port: number
  /** The plain port that sends people over, when there is one. */
  readonly redirectPort: number | undefined
  /** Looks at the files now, and at how long the certificate lasts. Answers whether another one is served. */
  reload(): Promise<boolean>
  /** Stops accepting, lets running requests finish for up to 10 seconds, and ends. */
  close(): Promise<void>
}

const DAY = 86_400_000
const TOLD_AT = [0, 1, 3, 7, 14, 30] as const
const TICKET_LIFE = DAY / 2
/** After a public authority could not be asked. */
const RETRY_AFTER = DAY / 24

/**
 * Serves an app over HTTPS: TLS 1.2 and 1.3 with modern suites, a certificate that is exchanged without dropping a connection, warnings before it
 * ends, and a plain port that sends people over.
 *
 * The app is what `http.createServer` takes: an Express app, or a function. Fastify and Hono make their servers themselves: give them
 * {@link modernTls}.
 *
 * **Security**: ASVS 5.0 12.1.1, 12.1.2, 12.2.1, 12.1.3 with `clientAuthority`.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_ADAPTER_MISUSED` for Express over HTTP/2; an error of Node when the port cannot
 * be taken
 */
export function listen(app: Http2Listener, options: Http2ListenOptions): Promise<Listening<Http2SecureServer>>
export function listen(app: RequestListener, options: ListenOptions): Promise<Listening>
export async function listen(
  app: RequestListener | Http2Listener,
  options: ListenOptions | Http2ListenOptions,
): Promise<Listening<Server | Http2SecureServer>> {
  refuseUnknown(strangerIn(options, KNOWN, 'listen()'))
  if ('acme' in options.tls) refuseUnknown(strangerIn(options.tls.acme, ACME, 'listen().tls.acme'))
  const {
    port = 443,
    host,
    redirectFrom,
    clientAuthority,
    keys,
    onNotice = warn,
    lookEvery = 30_000,
    now = Date.now,
  } = options
  const http2 = 'http2' in options && options.http2
  if (http2) refuseExpress(app)
  const solvers = { http: httpSolver(), alpn: alpnSolver() }
  const order = 'acme' in options.tls ? orderFrom(options.tls, solvers, now) : undefined
  const kept = order && (await first(order, solvers, options))
  const tls: TlsSource = kept ?? (options.tls as TlsSource)
  let renewAt = kept?.lookAgain ?? 0
  let seen = signOf(tls)
  let identity = await readIdentity(tls, now())
  const mutual =
    clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }
  const server = http2
    ? createSecureServer({ ...modernHttp2(identity), ...mutual }, app as Http2Listener)
    : createServer({ ...modernTls(identity), ...mutual }, app as RequestListener)
  const connections = watch(server)
  if (order?.kind === 'tls-alpn-01') solvers.alpn.guard(server)
  const told = new Set<number>()

  const tell = (): void => {
    const days = Math.max(0, Math.ceil((identity.expires - now()) / DAY))
    const step = TOLD_AT.find((limit) => days <= limit)
    if (step === undefined || told.has(step)) return
    for (const limit of TOLD_AT) if (limit >= step) told.add(limit)
    onNotice({ kind: 'expiring', days })
  }
  const exchangeFor = (fresh: Identity): void => {
    server.setSecureContext({ ...modernTls(fresh), ...mutual })
    // A new context has new ticket keys: the shared ones must be set again.
    window = undefined
    shareTickets()
    identity = fresh
    told.clear()
    onNotice({ kind: 'reloaded', expires: fresh.expires })
  }
  let window: string | undefined
  const shareTickets = (): void => {
    const key = keys?.active('tls tickets')
    if (key === undefined) return
    const current = `${key.id} ${Math.floor(now() / TICKET_LIFE)}`
    if (current === window) return
    window = current
    const bytes = [0, 1].map((i) => key.derive(`tls tickets ${current} ${i}`))
    server.setTicketKeys(Buffer.concat(bytes).subarray(0, 48))
  }
  const renew = async (): Promise<void> => {
    if (order === undefined || now() < renewAt) return
    renewAt = now() + RETRY_AFTER
    try {
      renewAt = (await order.now()).lookAgain
    } catch (error) {
      onNotice({ kind: 'not reloaded', error })
    }
  }
  const reload = async (): Promise<boolean> => {
    shareTickets()
    await renew()
    const sign = signOf(tls)
    const isDue = 'dev' in tls && identity.expires - now() < 7 * DAY
    let isOther = false
    if (sign !== seen || isDue) {
      try {
        const fresh = await readIdentity(tls, now())
        isOther = fresh.cert !== identity.cert
        if (isOther) exchangeFor(fresh)
      } catch (error) {
        onNotice({ kind: 'not reloaded', error })
      }
      seen = sign
    }
    tell()
    return isOther
  }

  shareTickets()
  const taken = await bind(server, port, host)
  const redirect =
    redirectFrom === undefined
      ? undefined
      : redirectServer({ names: () => identity.names, port: () => taken, answers: solvers.http.handle })
  let redirectPort: number | undefined
  try {
    redirectPort = redirect && (await bind(redirect, redirectFrom ?? 80, host))
  } catch (error) {
    server.close()
    throw error
  }
  tell()
  const timer = setInterval(() => void reload(), lookEvery)
  timer.unref()

  return {
    server,
    port: taken,
    redirectPort,
    reload,
    async close() {
      clearInterval(timer)
      await Promise.all([end(server, connections), redirect && end(redirect, new Set())])
    },
  }
}

interface Solvers {
  readonly http: HttpSolver
  readonly alpn: AlpnSolver
}

interface Order {
  readonly kind: 'http-01' | 'tls-alpn-01' | 'other'
  /** Asks the authority when it has to be asked, and answers the files that are served. */
  now(): Promise<KeptCertificate>
}

function orderFrom({ acme }: AcmeSource, { http, alpn }: Solvers, now: () => number): Order {
  const { challenge = 'http-01', solver, ...rest } = acme
  const own = solver ?? (challenge === 'http-01' ? http : alpn)
  return { kind: solver === undefined ? challenge : 'other', now: () => acmeCertificate({ ...rest, solver: own, now }) }
}

/** Before there is a certificate, only challenges can be answered. */
async function first(order: Order, { http, alpn }: Solvers, options: ListenOptions): Promise<KeptCertificate> {
  const { redirectFrom, port = 443, host } = options
  const at = (own: number): { port: number; host?: string } => ({ port: own, ...(host !== undefined && { host }) })
  switch (order.kind) {
    case 'other':
      return order.now()
    case 'tls-alpn-01':
      return whileListeningForTls(alpn, at(port), order.now)
    case 'http-01':
      if (redirectFrom !== undefined) return whileListening(http, at(redirectFrom), order.now)
      throw invalid(
        'a public authority looks at the plain port, and there is none',
        "add redirectFrom: 80, or challenge: 'tls-alpn-01', which needs no plain port",
      )
  }
}

/** Express gives requests and responses prototypes of HTTP/1.1; the first request over HTTP/2 would end the process. */
function refuseExpress(app: object): void {
  const { handle, request, response } = app as Record<string, unknown>
  if (typeof handle !== 'function' || typeof request !== 'object' || typeof response !== 'object') return
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'Express cannot be served over HTTP/2', {
    fix: 'leave out http2 and let a proxy in front speak it, or serve the app with Fastify or Hono',
  })
}

function warn(notice: TlsNotice): void {
  if (notice.kind === 'reloaded') return
  const text =
    notice.kind === 'expiring'
      ? `The certificate ends in ${notice.days} days. Renew it.`
      : `The new certificate cannot be served, so the old one stays: ${notice.error instanceof Error ? notice.error.message : notice.error}`
  process.emitWarning(text, { type: 'BulwarkWarning' })
}
