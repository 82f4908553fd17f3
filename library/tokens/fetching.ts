import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { BulwarkError } from '../core/errors.ts'
import { canonicalIp } from '../toolbox/ip.ts'
import { parseUrl } from '../toolbox/url.ts'

/** Certificates for a request: whom to trust, and who one is (mutual TLS). */
export type ClientTls = Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase'>

/**
 * Answers the same certificates, when they are some: a mistake would otherwise show with the first request.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function checkClientTls(tls: ClientTls | undefined, at: string): ClientTls {
  if (tls === undefined) return {}
  const refuse = (name: keyof ClientTls, cause?: unknown): never => {
    throw new BulwarkError('BULWARK_POLICY_INVALID', `${at}.${name} is not in the form PEM`, {
      at: `${at}.${name}`,
      fix: 'hand in what is in the file: readFileSync("authority.pem")',
      ...(cause !== undefined && { cause }),
    })
  }
  for (const name of ['ca', 'cert', 'key'] as const) {
    const value = tls[name]
    if (value === undefined) continue
    // Node takes an authority that is none without a word, and then trusts nobody.
    for (const text of Array.isArray(value) ? value : [value]) {
      if (typeof text === 'string' && !text.includes('-----BEGIN ')) refuse(name)
    }
    try {
      createSecureContext({
        [name]: value,
        ...(name === 'key' && tls.passphrase !== undefined && { passphrase: tls.passphrase }),
      })
    } catch (cause) {
      refuse(name, cause)
    }
  }
  return tls
}

const MOST_BYTES = 64 * 1024
const MOST_MS = 3000

/**
 * The URL of a key set, if keys may be taken from there: HTTPS, or this machine.
 *
 * **Security**: whoever can answer in the place of a key set can sign for its owner. CWE-319.
 */
export function parseKeyUrl(text: string): URL | undefined {
  const url = parseUrl(text)
  if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && isLoopback(url.hostname) ? url : undefined
}

/**
 * Gets a small JSON document, or throws an error that says why not.
 *
 * **Security**: redirects are not followed, since they could lead to plain HTTP or into the network; at most 64 kB, within 3 seconds.
 */
export function getJson(url: URL, tls: ClientTls = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestTls : requestPlain
    const headers = { accept: 'application/jwk-set+json, application/json' }
    const asked = request(url, { ...tls, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      if (answer.statusCode !== 200) return void asked.destroy(new Error(`it answered ${answer.statusCode}`))
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MOST_BYTES) asked.destroy(new Error(`it is larger than ${MOST_BYTES} bytes`))
        else chunks.push(chunk)
      })
      answer.on('error', reject)
      answer.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')))
        } catch (cause) {
          reject(new Error('it is no JSON', { cause }))
        }
      })
    })
    const clock = setTimeout(() => asked.destroy(new Error(`it took more than ${MOST_MS} ms`)), MOST_MS)
    asked.on('close', () => clearTimeout(clock))
    asked.on('error', reject)
    asked.end()
  })
}

function isLoopback(host: string): boolean {
  const ip = canonicalIp(host.replace(/^\[(.*)\]$/, '$1'))
  return host === 'localhost' || ip === '::1' || (ip?.startsWith('127.') ?? false)
}
