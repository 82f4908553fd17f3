/** The shortest text that makes anything of a mark is 18 bytes long, so its base64 has at least this many signs in a row. */
const SHORTEST_BASE64 = 24

/** Whether a byte may stand in base64, of either alphabet. */
const IN_BASE64 = Uint8Array.from({ length: 256 }, (_, byte) => (/[\w+/-]/.test(String.fromCharCode(byte)) ? 1 : 0))

/** What tells of a mark when it stands behind a byte; `\0` where the byte tells by itself: percent-encoding may spell anything. */
const BEHIND: Readonly<Record<string, string>> = { '%': '\0', '\\': 'u', _: '_C', '/': 'f', $: '$', '<': '!' }
const MAY_TELL = Uint8Array.from({ length: 256 }, (_, byte) => (String.fromCharCode(byte) in BEHIND ? 1 : 0))

function tells(byte: number, next: number | undefined): boolean {
  const behind = BEHIND[String.fromCharCode(byte)] as string
  return behind === '\0' || (next !== undefined && behind.includes(String.fromCharCode(next)))
}

/**
 * A first look at bytes as they arrive: whether they might hold a mark in any spelling at all. It lets most of what people write pass with a
 * look at few of the bytes, and never says no where the search for marks would find one.
 */
export class Glance {
  /** How much of base64 the bytes before end with. */
  #run = 0
  #last = 0

  /** Whether anything in these bytes, or in those before them, asks for a closer look. */
  isWorthALook(bytes: Uint8Array): boolean {
    const { length } = bytes
    if (length === 0) return false
    if (MAY_TELL[this.#last] === 1 && tells(this.#last, bytes[0])) return true
    for (let i = 0; i < length; i++) {
      const byte = bytes[i] as number
      if (MAY_TELL[byte] === 1 && tells(byte, bytes[i + 1])) return true
    }
    this.#last = bytes[length - 1] as number
    return this.#hasLongRun(bytes)
  }

  /** A run that is long enough holds one byte of each row of so many: only there the bytes around are looked at. */
  #hasLongRun(bytes: Uint8Array): boolean {
    const { length } = bytes
    let end = 0
    while (end < length && IN_BASE64[bytes[end] as number] === 1) end++
    if (this.#run + end >= SHORTEST_BASE64) return true
    if (end === length) {
      this.#run += length
      return false
    }
    let at = end + SHORTEST_BASE64
    for (; at < length; at = end + SHORTEST_BASE64) {
      let begin = at
      while (begin > end && IN_BASE64[bytes[begin] as number] === 1) begin--
      // Everything from `begin` on is base64, up to where the row was entered.
      end = at
      if (begin === at) continue
      while (end < length && IN_BASE64[bytes[end] as number] === 1) end++
      if (end - begin > SHORTEST_BASE64) return true
      if (end === length) break
    }
    let begin = length
    while (begin > 0 && IN_BASE64[bytes[begin - 1] as number] === 1) begin--
    this.#run = length - begin
    return false
  }
}
