import { deny } from '../../../core/guard.ts'
import type { Sink, Untrusted } from '../../../core/sink.ts'
import { holdsMoreThanData } from './data.ts'

/** A value that has just been made of bytes, before the app has seen it. */
export interface BytesCall {
  readonly bytes: Uint8Array
  readonly value: unknown
}

const DENIED = deny(
  'unsafe-deserialization',
  'bytes of the client became more than plain data: patterns, cycles, lists with holes, or keys of prototypes',
)

export function bytesSink(): Sink<BytesCall> {
  return {
    name: 'deserialization',
    judge: ({ bytes, value }, untrusted) =>
      holdsMoreThanData(value) && isOfClient(Buffer.from(bytes), untrusted) ? DENIED : undefined,
  }
}

/** Bytes travel as base64 of either kind, as hexadecimal digits, or as a body of their own. */
function isOfClient(bytes: Buffer, untrusted: Untrusted): boolean {
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  const urlSafe = bytes.toString('base64url')
  const hex = bytes.toString('hex')
  const raw = bytes.toString('utf8')
  const spellings = new Set([base64, urlSafe, hex, raw, bytes.toString('latin1')])
  for (const text of untrusted.texts()) {
    if (spellings.has(text) || spellings.has(text.replace(/=+$/, '').replaceAll(' ', '+'))) return true
    if (text.length === hex.length && text.toLowerCase() === hex) return true
  }
  const rest = untrusted.rest()
  return rest !== '' && (rest.includes(base64) || rest.includes(urlSafe) || rest.includes(hex) || rest.startsWith(raw))
}
