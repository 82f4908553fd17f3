import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto'

/** What a certificate authority knows an account by (RFC 7517). */
export interface Jwk {
  readonly crv: string
  readonly kty: string
  readonly x: string
  readonly y: string
}

/** The public half of an account's key. */
export function jwkOf(key: KeyObject): Jwk {
  const { crv = '', kty = '', x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { crv, kty, x, y }
}

/** RFC 7638: the names in the order of the alphabet, without blanks. */
export function thumbprintOf({ crv, kty, x, y }: Jwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

/** A signed request of RFC 8555, 6.2: ES256 over the address, a nonce, and who asks. `payload` left out is a "POST as GET". */
export function signedBody(
  key: KeyObject,
  head: { readonly nonce: string; readonly url: string; readonly kid?: string },
  payload: unknown,
): string {
  const { kid, nonce, url } = head
  const who = kid === undefined ? { jwk: jwkOf(key) } : { kid }
  const protectedPart = encode(JSON.stringify({ alg: 'ES256', ...who, nonce, url }))
  const content = payload === undefined ? '' : encode(JSON.stringify(payload))
  const signature = sign('sha256', Buffer.from(`${protectedPart}.${content}`), { key, dsaEncoding: 'ieee-p1363' })
  return JSON.stringify({ protected: protectedPart, payload: content, signature: signature.toString('base64url') })
}

/** The account's key, signed with what an account at the authority's own site knows (RFC 8555, 7.3.4). */
export function boundAccount(
  accountKey: KeyObject,
  { id, key }: { readonly id: string; readonly key: string },
  url: string,
): { readonly protected: string; readonly payload: string; readonly signature: string } {
  const protectedPart = encode(JSON.stringify({ alg: 'HS256', kid: id, url }))
  const payload = encode(JSON.stringify(jwkOf(accountKey)))
  const secret = Buffer.from(key, 'base64url')
  const signature = createHmac('sha256', secret).update(`${protectedPart}.${payload}`).digest('base64url')
  return { protected: protectedPart, payload, signature }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
