import type { Answer, Ask, RawAnswer } from '../library/core/probe.ts'
import type { Ground } from './safety.ts'

/** A request as it goes out: every header line settled, the body in bytes. */
export interface Message {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | undefined
}

/** What came back, before anybody looked at it. */
export interface Received {
  readonly status: number
  readonly reason: string
  /** Names and values, alternating, as they came. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  readonly ms: number
  readonly failure?: string
}

/** What the record keeps of a request, for the evidence. */
export interface Sent {
  readonly ground: Ground
  readonly from: string | undefined
  readonly message?: Message
  readonly received?: Received
}

const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

/** Settles what an ask means on the wire. Headers of the ask win over everything that would be set otherwise. */
export function messageOf(
  ask: Ask,
  ground: Ground,
  extra: readonly (readonly [string, string])[],
  cookies: string | undefined,
): Message {
  const method = ask.method ?? 'GET'
  const headers: (readonly [string, string])[] = []
  const given = new Set<string>()
  let own: string | undefined
  for (const [name, value] of Object.entries(ask.headers ?? {})) {
    const lower = name.toLowerCase()
    given.add(lower)
    // One Cookie line: the ask's own cookies after those of the account (RFC 6265, section 5.4).
    if (lower === 'cookie' && cookies !== undefined) own = typeof value === 'string' ? value : value.join('; ')
    else for (const one of typeof value === 'string' ? [value] : value) headers.push([name, one])
  }
  const body = bodyOf(ask)
  const lines: (readonly [string, string])[] = []
  if (!given.has('host')) lines.push(['Host', ground.host])
  for (const line of extra) if (!given.has(line[0].toLowerCase())) lines.push(line)
  if (cookies !== undefined && cookies !== '') lines.push(['Cookie', own ? `${cookies}; ${own}` : cookies])
  else if (own !== undefined) lines.push(['Cookie', own])
  lines.push(...headers)
  const type = ask.form ? 'application/x-www-form-urlencoded' : ask.json !== undefined ? 'application/json' : undefined
  if (type && !given.has('content-type')) lines.push(['Content-Type', type])
  if ((body || !BODILESS.has(method)) && !given.has('content-length') && !given.has('transfer-encoding')) {
    lines.push(['Content-Length', String(body?.length ?? 0)])
  }
  // A connection for each request: a reused one could be closed by the target at the very moment of the attack.
  if (!given.has('connection')) lines.push(['Connection', 'close'])
  return { method, path: ask.path, headers: lines, body }
}

/** The answer that probes see. */
export function answerOf(ask: Ask, got: Received): Answer {
  const values = new Map<string, string[]>()
  for (let i = 0; i + 1 < got.rawHeaders.length; i += 2) {
    const name = got.rawHeaders[i]!.toLowerCase()
    const list = values.get(name)
    if (list) list.push(got.rawHeaders[i + 1]!)
    else values.set(name, [got.rawHeaders[i + 1]!])
  }
  const headers: Record<string, string> = Object.create(null)
  for (const [name, list] of values) headers[name] = list.join(', ')
  return {
    ask,
    status: got.status,
    headers,
    all: (name: string): readonly string[] => values.get(name.toLowerCase()) ?? [],
    text: new TextDecoder().decode(got.body),
    ms: got.ms,
    isHtml: /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(headers['content-type'] ?? ''),
    ...(got.failure !== undefined && { failure: got.failure }),
  }
}

export function isRaw(answer: Answer | RawAnswer): answer is RawAnswer {
  return 'parts' in answer.ask
}

/** Node's code of a network error in one word. `refused` is what probes tell a dead target by. */
export function failureOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') return 'reset'
  if (code.startsWith('HPE_')) return 'malformed'
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL') return 'no such address'
  return code === '' ? String(error instanceof Error ? error.message : error) : code
}

function bodyOf(ask: Ask): Uint8Array | undefined {
  if (ask.body !== undefined) return typeof ask.body === 'string' ? Buffer.from(ask.body) : ask.body
  if (ask.form) return Buffer.from(new URLSearchParams(ask.form).toString())
  return ask.json === undefined ? undefined : Buffer.from(JSON.stringify(ask.json))
}
