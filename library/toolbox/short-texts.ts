const LONGEST = 32
const SLOTS = 512

/** The text last made for each slot. Bounded, whatever clients send: it forgets by overwriting. */
const texts: string[] = new Array<string>(SLOTS).fill('')

/**
 * A part of some bytes as text (UTF-8). Short ASCII texts that come again and again, such as the keys of a list of objects, are made once:
 * to decode one costs more than to look at its bytes.
 */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from
  if (length > LONGEST) return decode(bytes, from, to)
  let hash = length
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number
    if (byte > 0x7f) return decode(bytes, from, to)
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1)
  const known = texts[slot] as string
  if (known.length === length && isText(known, bytes, from)) return known
  return (texts[slot] = decode(bytes, from, to))
}

function isText(text: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false
  return true
}

function decode(bytes: Uint8Array, from: number, to: number): string {
  if (bytes instanceof Buffer) return bytes.toString('utf8', from, to)
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')
}
