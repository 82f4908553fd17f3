import dns from 'node:dns'
import http, { type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import { BulwarkError } from '../../../core/errors.ts'
import { refuseUnknown } from '../../../core/unknown-key.ts'
import { parseUrl } from '../../../toolbox/url.ts'
import { FUNCTION, type Kinds, misfitIn, NUMBER, OBJECT, TEXT, TEXTS } from '../../../toolbox/value-kinds.ts'
import { innerKindOf } from '../judge/addresses.ts'
import { type Allowed, parseAllowed } from '../judge/allow.ts'
import { FetchRefused } from './refused.ts'

const KNOWN: Kinds<SafeFetchOptions> = {
  method: TEXT,
  // Whatever the app calls them.
  headers: OBJECT,
  body: { text: true, any: true },
  allow: TEXTS,
  schemes: { list: { text: { http: true, https: true } } },
  // A text would be searched for the number: '8443' holds 443.
  ports: { list: NUMBER },
  redirects: NUMBER,
  timeout: NUMBER,
  maxBytes: NUMBER,
  lookup: FUNCTION,
}

export interface SafeFetchOptions {
  /** @default 'GET' */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Inner machines that may be called after all, as in `guardConnections({ allow })`. @default [] */
  readonly allow?: readonly string[]
  /** @default ['http', 'https'] */
  readonly schemes?: readonly ('http' | 'https')[]
  /** Ports that may be called. @default every port */
  readonly ports?: readonly number[]
  /** How many redirects are followed; each is judged like the first address. @default 3 */
  readonly redirects?: number
  /** Milliseconds for all of it, redirects and body included. @default 10000 */
  readonly timeout?: number
  /** The longest body that is read, in bytes. @default 1048576 */
  readonly maxBytes?: number
  /** How names are resolved. @default the system's way */
  readonly lookup?: LookupFunction
}

/** An answer that was read as a whole. */
export interface SafeAnswer {
  /** Where it came from, after redirects. */
  readonly url: string
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  /** By lower-case name. **Security**: the other side wrote them; hand none of them on unseen. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
  text(): string
  /** @throws SyntaxError when it is no JSON */
  json(): unknown
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What must not be told to another host than the one that it was meant for. */
const SECRET = /^(?:authorization|cookie|proxy-authorization|x-api-key|x-auth-.*)$/i

interface Call {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

/**
 * Calls an address that a client chose, and answers what came back, read as a whole.
 *
 * http and https only, without credentials; public addresses only, judged as the socket gets them; redirects are judged like the first
 * address; time and size are limited; no proxy, no cookies, no decompression, no connection that is used again.
 *
 * **Security**: the first line against server-side request forgery (CWE-918, ASVS 1.3.6). What comes back is as little to be trusted as
 * the address: never send it on as HTML of your own.
 * @throws FetchRefused when the address must not be called, or a limit was reached
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for a key that nobody knows, and a limit that is no number
 * @throws Error of `node:http` when the other side cannot be reached
 */
export async function safeFetch(address: string | URL, options: SafeFetchOptions = {}): Promise<SafeAnswer> {
  refuseUnknown(misfitIn(options, { keys: KNOWN }, 'safeFetch()'))
  checkLimits(options)
  const allowed = parseAllowed(options.allow ?? [], 'safeFetch(url, { allow })')
  const timeout = AbortSignal.timeout(options.timeout ?? 10_000)
  let call: Call = {
    url: checked(parseUrl(String(address)), options),
    method: (options.method ?? 'GET').toUpperCase(),
    headers: options.headers ?? {},
    body: options.body,
  }
  try {
    for (let left = options.redirects ?? 3; ; left--) {
      const message = await send(call, allowed, options, timeout)
      const { location } = message.headers
      if (location === undefined || !REDIRECTS.has(message.statusCode ?? 0)) {
        return answerOf(call.url, message, await read(message, call.method, options.maxBytes ?? 1024 * 1024))
      }
      message.destroy()
      if (left <= 0) throw new FetchRefused('redirects')
      call = following(call, checked(parseUrl(location, call.url), options), message.statusCode ?? 0)
    }
  } catch (error) {
    throw timeout.aborted ? new FetchRefused('time') : error
  }
}

/** Nothing is greater than `'1mb'`: a limit that is no number would be none. */
function checkLimits(options: SafeFetchOptions): void {
  for (const name of ['redirects', 'timeout', 'maxBytes'] as const) {
    const limit: unknown = options[name]
    if (limit === undefined || (typeof limit === 'number' && limit >= 0)) continue
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this limit is no number', {
      at: `safeFetch(url, { ${name} })`,
      fix: name === 'timeout' ? 'write milliseconds: 5000' : name === 'maxBytes' ? 'write bytes: 200_000' : 'write 3',
    })
  }
}

function checked(url: URL | undefined, { schemes = ['http', 'https'], ports }: SafeFetchOptions): URL {
  const scheme = url?.protocol.slice(0, -1)
  if (url === undefined || !schemes.some((each) => each === scheme)) throw new FetchRefused('url')
  if (url.username !== '' || url.password !== '') throw new FetchRefused('url')
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
  if (ports !== undefined && !ports.includes(port)) throw new FetchRefused('url')
  return url
}

/** The next call, as browsers make it: without a body after 303, and without secrets on another origin. */
function following(call: Call, url: URL, status: number): Call {
  const isGet = status === 303 || (status <= 302 && call.method === 'POST')
  const isSame = url.origin === call.url.origin
  const kept = Object.entries(call.headers).filter(
    ([name]) => (isSame || !SECRET.test(name)) && !(isGet && /^content-/i.test(name)),
  )
  const method = isGet && call.method !== 'HEAD' ? 'GET' : call.method
  return { url, method, headers: Object.fromEntries(kept), body: isGet ? undefined : call.body }
}

function send(call: Call, allowed: Allowed, options: SafeFetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, method, headers, body } = call
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const isBad = (address: string): boolean => innerKindOf(address) !== undefined && !allowed.has(host, address, port)
  return new Promise((resolve, reject) => {
    // Names are judged below; an address of its own never comes to a lookup.
    if (isIP(host) !== 0 && isBad(host)) throw new FetchRefused('address')
    const about: RequestOptions = {
      method,
      // Compressed answers could grow beyond any limit.
      headers: { accept: '*/*', ...headers, 'accept-encoding': 'identity' },
      agent: false,
      signal,
      lookup: judging(options.lookup ?? dns.lookup, isBad),
    }
    const request = (url.protocol === 'https:' ? https : http).request(url, about)
    request.on('response', resolve).on('error', reject)
    // Neither an answer nor an error comes of a change of protocol, and the time that was allowed ends nothing any more.
    request.on('upgrade', changed).on('connect', changed)
    request.end(body)

    function changed(message: IncomingMessage, socket: Duplex): void {
      socket.destroy()
      reject(new Error(`the other side wants to speak another protocol (${message.statusCode})`))
    }
  })
}

function judging(lookup: LookupFunction, isBad: (address: string) => boolean): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, found, family) => {
      const all = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address)
      const refused = error ?? (all.some(isBad) ? new FetchRefused('address') : null)
      callback(refused, found, family)
    })
  }
}

async function read(message: IncomingMessage, method: string, maxBytes: number): Promise<Uint8Array> {
  // These only say how long the body would be.
  const isBare = method === 'HEAD' || message.statusCode === 304
  const said = isBare ? 0 : Number(message.headers['content-length'] ?? 0)
  const chunks: Uint8Array[] = []
  let size = 0
  if (said > maxBytes) {
    message.destroy()
    throw new FetchRefused('size')
  }
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxBytes) throw new FetchRefused('size')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function answerOf(url: URL, { statusCode: status = 0, headers }: IncomingMessage, body: Uint8Array): SafeAnswer {
  const text = (): string => new TextDecoder().decode(body)
  return {
    url: url.href,
    status,
    ok: status >= 200 && status < 300,
    headers,
    body,
    text,
    json: (): unknown => JSON.parse(text()),
  }
}
