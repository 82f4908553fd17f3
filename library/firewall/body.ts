import { fieldReadings, jsonValue } from './decode.ts'
import type { InputSource } from './untrusted.ts'

/** How much of a packed body is unpacked: as much as is kept of one that is not. */
const UNPACKED = 1024 * 1024
const MOST_FIELDS = 20_000

/** A body as far as it has arrived, in pieces. */
export interface ReadBody {
  readonly fields: readonly (readonly [string, string])[]
  readonly value: unknown
  /** All of it, where it is one text. */
  readonly text: string | undefined
  /** Whether the pieces are everything there is. */
  readonly complete: boolean
  raw(): string
}

/** Takes a body apart by what it says it is; what it says is the client's word, so anything else is read as text. */
export function readBody(source: InputSource): ReadBody {
  const type = (source.header('content-type') ?? '').toLowerCase()
  const kept = source.bodyForSinks
  const size = kept.reduce((sum, chunk) => sum + chunk.length, 0)
  const bytes = unpack(kept.length === 1 ? Buffer.from(kept[0] as Uint8Array) : Buffer.concat(kept), source)
  const all = size === source.bodyBytes && bytes !== undefined
  let text: string | undefined
  const raw = (): string => (text ??= (bytes ?? Buffer.alloc(0)).toString('utf8'))
  const body: ReadBody = { fields: [], value: undefined, text: undefined, complete: all, raw }
  if (bytes === undefined) return body
  if (type.startsWith('multipart/')) {
    const { fields, complete } = multipartFields(bytes, type)
    return { ...body, fields, complete: all && complete }
  }
  const value = jsonValue(raw())
  // `["&a=1&"]` is JSON and a form, and the app reads it as only one of them.
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const fields = formFields(raw())
    return { ...body, fields, value, complete: all && fields.length < MOST_FIELDS }
  }
  if (value !== undefined) return { ...body, value }
  // JSON that is not there as a whole, or of a laxer kind, is still looked at as what it is: text.
  return { ...body, text: raw(), complete: all && !/json/.test(type) }
}

function unpack(bytes: Buffer, source: InputSource): Buffer | undefined {
  const encoding = (source.header('content-encoding') ?? 'identity').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') return bytes
  const limit = { maxOutputLength: UNPACKED }
  // Loaded with the first packed body: many processes never see one.
  const zlib = process.getBuiltinModule('node:zlib')
  try {
    switch (encoding) {
      case 'gzip':
      case 'x-gzip':
        return zlib.gunzipSync(bytes, limit)
      case 'deflate':
        return zlib.inflateSync(bytes, limit)
      case 'br':
        return zlib.brotliDecompressSync(bytes, limit)
      default:
        return undefined
    }
  } catch {
    // Not yet all there, damaged, or larger than anything here: told by `complete`.
    return undefined
  }
}

function formFields(text: string): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = []
  for (let from = 0; from <= text.length && fields.length < MOST_FIELDS; ) {
    const and = text.indexOf('&', from)
    const to = and === -1 ? text.length : and
    const part = text.slice(from, to).replaceAll('+', ' ')
    const equals = part.indexOf('=')
    const name = equals === -1 ? part : part.slice(0, equals)
    const value = equals === -1 ? '' : part.slice(equals + 1)
    fields.push(...fieldReadings(name, value))
    from = to + 1
  }
  return fields
}

/** The text fields of a form with files. Files are not read; their names are. */
function multipartFields(bytes: Buffer, type: string): { fields: [string, string][]; complete: boolean } {
  const fields: [string, string][] = []
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(type)
  const mark = boundary?.[1] ?? boundary?.[2]
  // The header was put into lower case to be compared; a boundary is as it is written.
  if (mark === undefined) return { fields, complete: false }
  const text = bytes.toString('latin1')
  const parts = splitAt(text, `--${mark}`)
  for (const part of parts.slice(1, MOST_FIELDS)) {
    const end = part.indexOf('\r\n\r\n')
    if (end === -1) continue
    const head = part.slice(0, end)
    const name = /\bname="([^"]*)"/i.exec(head)?.[1] ?? ''
    const file = /\bfilename\*?="?([^"\r\n;]*)/i.exec(head)?.[1]
    const value = file === undefined ? part.slice(end + 4).replace(/\r\n$/, '') : file
    fields.push([utf8(name), utf8(value)])
  }
  return { fields, complete: parts.length < MOST_FIELDS }
}

/** Splits without regard to the case of the mark. */
function splitAt(text: string, mark: string): string[] {
  const lower = text.toLowerCase()
  const parts: string[] = []
  let from = 0
  for (let at = lower.indexOf(mark); at !== -1; at = lower.indexOf(mark, from)) {
    parts.push(text.slice(from, at))
    from = at + mark.length
  }
  parts.push(text.slice(from))
  return parts
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
