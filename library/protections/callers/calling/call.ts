import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { BulwarkError } from '../../../core/errors.ts'
import { type ClientTls, checkClientTls, parseKeyUrl } from '../../../tokens/fetching.ts'
import { parseUrl } from '../../../toolbox/url.ts'
import { invalid, NAME } from './known.ts'
import type { Signing } from './signing.ts'

/** Where another program is. */
export interface CallTarget {
  /** Such as `https://notify.internal:8443`, without a path. */
  readonly url: string
  /** The authority that signed its certificate, and the certificate of this app for mutual TLS. */
  readonly tls?: ClientTls
  /**
   * Calls over plain HTTP beyond this machine, as inside a mesh that encrypts itself.
   *
   * **Security**: whoever is on the way reads everything. Nobody can change or repeat it. @default false
   */
  readonly insecureHttp?: boolean
}

export interface CallRequest {
  /** @default 'GET', with a body 'POST' */
  readonly method?: string
  /** The path and query, such as `/messages?to=ann`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** At most one of `json` and `body`. */
  readonly json?: unknown
  readonly body?: string | Uint8Array
  /** The user for whom this is done, as the other app knows them. It is told who they are, and gets no session of theirs. */
  readonly onBehalfOf?: string
  /** Milliseconds for all of it. @default 10000 */
  readonly timeout?: number
}

export interface CallAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
  text(): string
  json(): unknown
}

/** Calls another program of one's own; rejects when there is no whole answer in time. Redirects are not followed. */
export type CallService = (name: string, request: CallRequest) => Promise<CallAnswer>

/** What an answer may have at most. */
const MOST_BYTES = 16 * 1024 * 1024
/** Never handed on: who this is says the signature alone. */
const NOT_FORWARDED = /^(?:authorization|cookie|host|content-length|transfer-encoding|connection)$/i

/** Checks where the others are, and answers the function that calls them. @throws BulwarkError `BULWARK_POLICY_INVALID` */
export function callerOf(
  self: string,
  targets: Readonly<Record<string, string | CallTarget>>,
  signing: Signing,
): CallService {
  const known = new Map<string, { readonly url: URL; readonly tls: ClientTls }>()
  for (const [name, target] of Object.entries(targets)) {
    const { url: text, tls, insecureHttp = false } = typeof target === 'string' ? { url: target } : target
    const url = parseKeyUrl(text) ?? (insecureHttp && text.startsWith('http://') ? parseUrl(text) : undefined)
    if (!NAME.test(name) || url === undefined || url.pathname !== '/' || url.search !== '') {
      throw invalid(
        'this is no place of another program',
        `policy.callers.targets.${name}`,
        "write its address without a path: 'https://notify.internal:8443'; http:// is for this machine only",
      )
    }
    known.set(name, { url, tls: checkClientTls(tls, `policy.callers.targets.${name}.tls`) })
  }
  return async (name, request) => {
    const target = known.get(name)
    if (target === undefined) {
      throw invalid(`nobody said where "${name}" is`, 'policy.callers.targets', `add ${name}: 'https://...'`)
    }
    const { headers, body, method } = checkRequest(request)
    const token = await signing.sign({
      self,
      to: name,
      method,
      target: request.path,
      body,
      user: request.onBehalfOf,
    })
    return send(
      target,
      { ...headers, authorization: `Service-Call ${token}` },
      { method, path: request.path, body, timeout: request.timeout ?? 10_000 },
    )
  }
}

function checkRequest({ path, headers = {}, json, body, method }: CallRequest): {
  readonly headers: Record<string, string>
  readonly body: Uint8Array | undefined
  readonly method: string
} {
  const wrong = (what: string, fix: string): BulwarkError => new BulwarkError('BULWARK_POLICY_INVALID', what, { fix })
  // The path is signed letter by letter, so it must be what goes out.
  if (!/^\/(?!\/)[!"$-~]*$/.test(path)) throw wrong('a call needs a path', "write it encoded: '/messages?to=ann'")
  const taken = Object.keys(headers).find((name) => NOT_FORWARDED.test(name))
  if (taken !== undefined) {
    throw wrong(`a call takes no header ${taken.toLowerCase()}`, 'say for whom it is done with onBehalfOf')
  }
  if (json !== undefined && body !== undefined) throw wrong('a call has one body', 'hand in json or body')
  const text = json === undefined ? body : JSON.stringify(json)
  return {
    headers: { ...(text !== undefined && { 'content-type': typeOf(json, body) }), ...headers },
    body: text === undefined ? undefined : Buffer.from(text as string),
    method: (method ?? (text === undefined ? 'GET' : 'POST')).toUpperCase(),
  }
}

function typeOf(json: unknown, body: CallRequest['body']): string {
  if (json !== undefined) return 'application/json'
  return typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream'
}

function send(
  { url, tls }: { readonly url: URL; readonly tls: ClientTls },
  headers: Record<string, string>,
  { method, path, body, timeout }: { method: string; path: string; body: Uint8Array | undefined; timeout: number },
): Promise<CallAnswer> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestTls : requestPlain
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const { hostname, port } = url
    const where = { host: hostname.replace(/^\[(.*)\]$/, '$1'), ...(port !== '' && { port }) }
    const sent = request({ ...tls, ...where, method, path, headers: { ...headers, ...length } }, (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MOST_BYTES) sent.destroy(new Error(`The answer is larger than ${MOST_BYTES} bytes`))
        else chunks.push(chunk)
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const whole = Buffer.concat(chunks)
        const text = (): string => whole.toString('utf8')
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: whole,
          text,
          json: () => JSON.parse(text()),
        })
      })
    })
    const clock = setTimeout(() => sent.destroy(new Error(`There was no whole answer within ${timeout} ms`)), timeout)
    sent.on('close', () => clearTimeout(clock))
    sent.on('error', reject)
    sent.end(body)
  })
}
