/** A text of one byte per character, and a pattern, in the format of `node:v8`. */
const [TEXT, PATTERN] = [0x22, 0x52]
const LONGEST = 100

/**
 * Bytes of `node:v8`, in base64, with a pattern in the place of the last text in them; `undefined` for whatever else the value is.
 * The names of properties are texts as well, and the last text is a value.
 */
export function patternInstead(value: string, word: string): string | undefined {
  const bytes = Buffer.from(value, 'base64')
  if (bytes[0] !== 0xff || (bytes[1] ?? 0) < 0x0a || (bytes[1] ?? 0) > 0x1f) return undefined
  for (let at = bytes.length - 2; at > 1; at--) {
    const length = bytes[at + 1] ?? 0
    if (bytes[at] !== TEXT || length === 0 || length > LONGEST || !isText(bytes.subarray(at + 2, at + 2 + length)))
      continue
    const source = Buffer.from(word, 'latin1')
    const pattern = Buffer.concat([Buffer.from([PATTERN, TEXT, source.length]), source, Buffer.from([0])])
    const whole = Buffer.concat([bytes.subarray(0, at), pattern, bytes.subarray(at + 2 + length)])
    return /[-_]/.test(value) ? whole.toString('base64url') : whole.toString('base64')
  }
  return undefined
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
}
