/** The name of the field, in forms and in JSON. */
export const FIELD = '_csrf'

/** What a body is, as far as it may hold a token. */
export type Fields = { readonly kind: 'form' | 'json' } | { readonly kind: 'multipart'; readonly boundary: string }

/** How a body of this content type is read; `undefined` for one that holds no token. A `text/plain` form has no fields. */
export function fieldsOf(contentType: string | undefined): Fields | undefined {
  if (contentType === undefined) return undefined
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return { kind: 'form' }
  if (type === 'application/json' || type?.endsWith('+json')) return { kind: 'json' }
  if (type !== 'multipart/form-data') return undefined
  const match = /;[ \t]*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType)
  const boundary = match?.[1] ?? match?.[2]
  return boundary === undefined ? undefined : { kind: 'multipart', boundary }
}

/**
 * The token in the beginning of a body. The first field of the name counts; nobody gains by sending two, since there is no way to
 * make a good one.
 */
export function tokenIn(fields: Fields, chunks: readonly Uint8Array[]): string | undefined {
  const bytes = chunks.length === 1 ? toBuffer(chunks[0] as Uint8Array) : Buffer.concat(chunks)
  switch (fields.kind) {
    case 'form':
      return inForm(bytes)
    case 'json':
      return inJson(bytes)
    case 'multipart':
      return inParts(bytes, fields.boundary)
  }
}

/** Tokens are letters that are never escaped, so nothing has to be decoded. */
function inForm(bytes: Buffer): string | undefined {
  const start = `${FIELD}=`
  for (let at = bytes.indexOf(start); at !== -1; at = bytes.indexOf(start, at + 1)) {
    if (at > 0 && bytes[at - 1] !== 0x26) continue
    const end = bytes.indexOf('&', at)
    return bytes.toString('latin1', at + start.length, end === -1 ? bytes.length : end)
  }
  return undefined
}

function inJson(bytes: Buffer): string | undefined {
  if (!bytes.includes(`"${FIELD}"`)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, FIELD)) return undefined
    const token = (value as Record<string, unknown>)[FIELD]
    return typeof token === 'string' ? token : ''
  } catch {
    // Cut off at 64 kB, or no JSON at all: what the parser of the app would refuse holds no token.
    return undefined
  }
}

function inParts(bytes: Buffer, boundary: string): string | undefined {
  const delimiter = `--${boundary}`
  for (let at = bytes.indexOf(delimiter); at !== -1; ) {
    const next = bytes.indexOf(`\r\n${delimiter}`, at + delimiter.length)
    const head = bytes.indexOf('\r\n\r\n', at)
    if (next === -1 || head === -1) return undefined
    if (head < next && isField(bytes.toString('latin1', at, head))) return bytes.toString('latin1', head + 4, next)
    at = next + 2
  }
  return undefined
}

function isField(head: string): boolean {
  return /\r\ncontent-disposition:[ \t]*form-data;[ \t]*name="?_csrf"?(?:\r\n|$)/i.test(head)
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
