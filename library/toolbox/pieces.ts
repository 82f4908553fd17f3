import { baseOfHashes, GOLDEN, hashOfText } from './grams.ts'

/** For fewer than this, looking for each of them is less work. */
const FEW = 8

/**
 * Which of the pieces stand in a text, in one look at it. They are `width` long; a few may be shorter.
 *
 * **Security**: the time does not depend on how much of a text is nearly a piece.
 */
export function piecesIn(text: string, pieces: ReadonlySet<string>, width: number): Set<string> {
  const found = new Set<string>()
  const whole: string[] = []
  for (const piece of pieces) {
    if (piece.length === width && pieces.size > FEW) whole.push(piece)
    else if (text.includes(piece)) found.add(piece)
  }
  if (whole.length > 0 && text.length >= width) findAll(text, whole, width, found)
  return found
}

function findAll(text: string, pieces: readonly string[], width: number, found: Set<string>): void {
  const bits = 34 - Math.clz32(pieces.length)
  const shift = 32 - bits
  const mask = 2 ** bits - 1
  /** One more than the place of a piece among all, where its hash belongs or the next that is free. */
  const slots = new Int32Array(2 ** bits)
  const hashes = new Int32Array(pieces.length)
  for (let i = 0; i < pieces.length; i++) {
    const hash = hashOfText(pieces[i] as string, 0, width)
    hashes[i] = hash
    let slot = Math.imul(hash, GOLDEN) >>> shift
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = i + 1
  }
  const isFound = new Uint8Array(pieces.length)
  const base = baseOfHashes()
  let power = 1
  for (let i = 1; i < width; i++) power = Math.imul(power, base)
  let hash = hashOfText(text, 0, width)
  for (let at = 0; ; at++) {
    for (let slot = Math.imul(hash, GOLDEN) >>> shift; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const i = (slots[slot] as number) - 1
      if (hashes[i] !== hash || isFound[i] !== 0 || !text.startsWith(pieces[i] as string, at)) continue
      isFound[i] = 1
      found.add(pieces[i] as string)
    }
    if (at + width >= text.length) return
    const without = (hash - Math.imul(power, text.charCodeAt(at) + 1)) | 0
    hash = (Math.imul(without, base) + text.charCodeAt(at + width) + 1) | 0
  }
}
