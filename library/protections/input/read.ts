import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Exchange } from '../../core/exchange.ts'

/** What was sent: a value, or why it could not be read as what it claims to be. */
export type Reading = { readonly value: unknown } | Refused

interface Refused {
  readonly status: 400 | 413 | 415
  readonly reason: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the whole of a body as JSON or as a form. **Security**: the type decides, never a guess at the content (CWE-436); bytes that are no
 * UTF-8 are refused and not replaced (CWE-176).
 */
export function readBody(x: Exchange, chunks: readonly Uint8Array[], most: number): Reading {
  const { request } = x
  if (!request.hasBody) return { value: undefined }
  if (request.bodyBytes > most) return { status: 413, reason: `only ${most} bytes of a body are kept to be checked` }
  const type = (request.header('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
  const isForm = type === 'application/x-www-form-urlencoded'
  if (!isForm && type !== 'application/json' && !type.endsWith('+json')) {
    return { status: 415, reason: 'the route takes JSON or a form' }
  }
  const bytes = unpacked(
    chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
    request.header('content-encoding'),
    most,
  )
  if ('status' in bytes) return bytes
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return { status: 400, reason: 'the body is no UTF-8' }
  }
  if (isForm) return readForm(text)
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { status: 400, reason: 'the body is no JSON' }
  }
}

const UNPACK: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

/** **Security**: no more than `most` bytes are ever made of however few (CWE-409). */
function unpacked(bytes: Uint8Array, coding: string | undefined, most: number): Uint8Array | Refused {
  const name = coding?.trim().toLowerCase() ?? 'identity'
  if (name === 'identity') return bytes
  const unpack = Object.hasOwn(UNPACK, name) ? UNPACK[name] : undefined
  if (unpack === undefined) return { status: 415, reason: 'the body is packed in a way that is not known' }
  try {
    return unpack(bytes, { maxOutputLength: most })
  } catch (error) {
    const isTooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
    return isTooLarge
      ? { status: 413, reason: `only ${most} bytes of a body are checked` }
      : { status: 400, reason: 'the body is not packed as it says' }
  }
}

/** Reads pairs as they stand in a query or a form: one value is a text, several of one name a list of texts. */
export function readForm(text: string): Reading {
  const fields: Record<string, unknown> = Object.create(null)
  if (text === '') return { value: { ...fields } }
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = decoded(at === -1 ? pair : pair.slice(0, at))
    const value = decoded(at === -1 ? '' : pair.slice(at + 1))
    if (name === undefined || value === undefined) return { status: 400, reason: 'an escape that is no UTF-8' }
    if (name === '__proto__') return { status: 400, reason: 'a name that reaches a prototype' }
    const there = fields[name]
    if (there === undefined) fields[name] = value
    else if (Array.isArray(there)) there.push(value)
    else fields[name] = [there, value]
  }
  return { value: { ...fields } }
}

export function readQuery(target: string): Reading {
  const at = target.indexOf('?')
  return readForm(at === -1 ? '' : target.slice(at + 1))
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
