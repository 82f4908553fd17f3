/** Ids of less than this can be guessed over the network by those who are many and patient. */
export const ENOUGH_BITS = 64

/**
 * How many bits of these ids vary, estimated from above: each place counts as far as it shows as many different characters as chance would.
 * Counters, times and fixed beginnings count next to nothing. What looks random and is not remains unseen.
 */
export function bitsOf(ids: readonly string[]): number {
  const alphabet = alphabetOf(ids)
  const expected = alphabet * (1 - (1 - 1 / alphabet) ** ids.length)
  const length = Math.max(0, ...ids.map((id) => id.length))
  let bits = 0
  for (let i = 0; i < length; i++) {
    const distinct = new Set(ids.map((id) => id.charAt(i))).size
    if (distinct > 1) bits += Math.log2(alphabet) * Math.min(1, distinct / expected)
  }
  return bits
}

function alphabetOf(ids: readonly string[]): number {
  const text = ids.join('')
  if (/^[0-9]*$/.test(text)) return 10
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(text.replaceAll('-', ''))) return 16
  return /^(?:[0-9a-z]*|[0-9A-Z]*)$/.test(text) ? 36 : 64
}
