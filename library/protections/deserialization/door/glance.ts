/** The shortest text that makes anything of a mark is 18 bytes long, so its base64 has at least this many signs in a row. */
const SHORTEST_BASE64 = 24

/** What a byte may be a part of. */
const [NOTHING, IN_BASE64, TELLING] = [0, 1, 2]

const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const sign = String.fromCharCode(byte)
  // Percent-encoding and escapes may spell every mark, and the others are rare by themselves.
  if (sign === '%' || sign === '\\' || sign === '$' || sign === '!') return TELLING
  return /[A-Za-z0-9+/_-]/.test(sign) ? IN_BASE64 : NOTHING
})
const [PERCENT, BACKSLASH, UNDERSCORE, SLASH, LETTER_U, LETTER_F] = [0x25, 0x5c, 0x5f, 0x2f, 0x75, 0x66]

/**
 * A first look at bytes as they arrive: whether they might hold a mark in any spelling at all. It lets most of what people write pass in one
 * step for each byte, and never says no where the search for marks would find one.
 */
export class Glance {
  #run = 0
  #last = 0

  /** Whether anything in these bytes, or in those before them, asks for a closer look. */
  isWorthALook(bytes: Uint8Array): boolean {
    let run = this.#run
    let last = this.#last
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number
      const kind = KINDS[byte]
      if (kind === NOTHING) run = 0
      else if (kind === IN_BASE64) {
        if (++run >= SHORTEST_BASE64) return true
        if (last === BACKSLASH && byte === LETTER_U) return true
        if (last === UNDERSCORE && (byte === UNDERSCORE || byte === 0x43)) return true
        if (last === SLASH && byte === LETTER_F) return true
      } else {
        if (byte === PERCENT || (byte !== BACKSLASH && last === (byte === 0x24 ? 0x24 : 0x3c))) return true
        run = 0
      }
      last = byte
    }
    this.#run = run
    this.#last = last
    return false
  }
}
