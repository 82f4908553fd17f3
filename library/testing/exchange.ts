import type { Contract, KnownRoute } from '../core/contract.ts'
import type { ReportedEvent } from '../core/event.ts'
import type { Exchange, RequestHead, ResponseHead } from '../core/exchange.ts'
import type { Setup } from '../core/policy.ts'
import { toRing } from '../keys/ring.ts'
import { memoryStore } from '../stores/memory.ts'
import { clientKey } from '../toolbox/ip.ts'

export interface ExchangeParts {
  readonly method?: string
  /** @default 'https://app.example/' */
  readonly url?: string
  /** The target as sent, where it differs from the URL's path and query. */
  readonly target?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly ip?: string
  readonly upgrade?: boolean
  /** Whether one of the policy's proxies handed it on. @default false */
  readonly proxied?: boolean
  /** What the client's certificate names (mutual TLS). @default [] */
  readonly certificateNames?: readonly string[]
  readonly contract?: Contract | undefined
  readonly route?: KnownRoute
  /** Whether verdicts wait for the route, where the parts name none. @default false */
  readonly deferred?: boolean
  readonly params?: Readonly<Record<string, string>>
  /** The body that has arrived. */
  readonly body?: string | Uint8Array
  /** The response as the app has it when the head leaves. */
  readonly response?: {
    readonly status?: number
    readonly headers?: Readonly<Record<string, string | readonly string[]>>
  }
}

/** An exchange made by hand, for testing a guard without a server, with what was reported about it. */
export type TestExchange = Exchange & {
  readonly events: ReportedEvent[]
  /** Ends the answer. */
  close(): void
  /** Whether a guard wants to be able to refuse the answer whatever its status. */
  readonly lateRefusal: boolean
  /** The response headers by lower-case name. */
  readonly sent: Map<string, string | readonly string[]>
}

/** Makes an exchange for a test: a GET of `https://app.example/` unless the parts say otherwise. */
export function exchange(parts: ExchangeParts = {}): TestExchange {
  const url = new URL(parts.url ?? 'https://app.example/')
  const target = parts.target ?? url.pathname + url.search
  const ip = parts.ip ?? '203.0.113.7'
  const headers: Record<string, string> = { host: url.host }
  for (const [name, value] of Object.entries(parts.headers ?? {})) if (value !== undefined) headers[name] = value
  const sent = new Map<string, string | readonly string[]>()
  for (const [name, value] of Object.entries(parts.response?.headers ?? {})) sent.set(name.toLowerCase(), value)
  const body = parts.body === undefined ? [] : [Buffer.from(parts.body)]
  let nonce: string | undefined
  const events: ReportedEvent[] = []
  let lateRefusal = false
  const closing: (() => void)[] = []

  const request: RequestHead = {
    method: parts.method ?? 'GET',
    target,
    path: target.split('?')[0]!,
    url,
    secure: url.protocol === 'https:',
    host: headers['host'] ?? '',
    ip,
    client: clientKey(ip),
    upgrade: parts.upgrade ?? false,
    proxied: parts.proxied ?? false,
    certificateNames: parts.certificateNames ?? [],
    hasBody: body.length > 0 || headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
    header: (name) => headers[name],
    rawHeaders: Object.entries(headers).flat(),
    bodySoFar: body,
    bodyStart: () => body,
    bodyBytes: body.reduce((sum, chunk) => sum + chunk.length, 0),
    async *takeBody() {
      yield* body
    },
  }
  const response: ResponseHead = {
    status: parts.response?.status ?? 200,
    getHeader: (name) => sent.get(name.toLowerCase()),
    setHeader: (name, value) => void sent.set(name.toLowerCase(), value),
    setPrepared: (_name, key, value) => void sent.set(key, value),
    removeHeader: (name) => void sent.delete(name.toLowerCase()),
    addMissing({ keys, values }) {
      keys.forEach((key, i) => {
        if (!sent.has(key)) sent.set(key, values[i] ?? '')
      })
    },
    vary(names) {
      const before = sent.get('vary')
      sent.set('vary', before === undefined ? names : `${before}, ${names}`)
    },
  }
  return {
    id: '0123456789abcdef',
    request,
    response,
    contract: parts.contract,
    route: parts.route,
    decided: parts.route !== undefined,
    waits() {
      return parts.deferred === true && !this.decided
    },
    isDue: () => parts.deferred === true,
    params: parts.params ?? {},
    user: undefined,
    get nonce() {
      return (nonce ??= 'bm9uY2UtZm9yLXRlc3Rz')
    },
    get hasNonce() {
      return nonce !== undefined
    },
    notes: new Map(),
    refuseLate() {
      lateRefusal = true
    },
    get lateRefusal() {
      return lateRefusal
    },
    onClose: (callback) => void closing.push(callback),
    report: (event) => void events.push(event),
    close() {
      for (const callback of closing.splice(0)) callback()
    },
    events,
    sent,
  }
}

/** The shared facts of a policy, for making a guard in a test. Events of start-up land in `reports`. */
export function setup(parts: Partial<Setup> = {}): Setup & { readonly reports: ReportedEvent[] } {
  const reports: ReportedEvent[] = []
  const now = parts.now ?? Date.now
  return {
    app: 'app',
    origins: [],
    ring: toRing(parts.keys ?? [], { now }),
    keys: [],
    store: memoryStore({ now }),
    binding: { of: () => undefined },
    uploads: { receive: () => undefined },
    bodies: { kept: 64 * 1024 },
    mode: 'enforce',
    production: false,
    now,
    report: (event) => void reports.push(event),
    reports,
    ...parts,
  }
}
