import { COMMENT, QUOTED, STRING, type Tokens } from './tokens.ts'

/** How much of a text must stand in a statement to be no coincidence. */
const SHORTEST = 8
const BEFORE = 2
const AFTER = 3
const MOST = 64
/** A text that stands here as a whole in several ways repeats one sign, and has no pieces of another kind. */
const WHOLE = 4

/** A piece of a longer text of the client, where it stands in the statement. */
export interface Piece {
  readonly text: string
  readonly from: number
}

/**
 * Finds a piece of a text that ends a value, for texts of which the app used only a part: one field of a list, what stands behind a
 * colon, the first hundred characters.
 */
export function pieceOf(sql: string, tokens: Tokens, text: string): Piece | undefined {
  let looked = 0
  const done = new Set<string>()
  for (let i = 0; i < tokens.count && looked < MOST; i++) {
    const kind = tokens.kind[i]
    if (kind !== STRING && kind !== QUOTED && kind !== COMMENT) continue
    for (const border of [tokens.start[i] as number, tokens.end[i] as number]) {
      const low = Math.max(0, border - BEFORE)
      const seed = sql.slice(low, border + AFTER)
      const place = sql.slice(Math.max(0, border - SHORTEST), border + SHORTEST)
      // Lists repeat themselves: what stands around one comma stands around the next.
      if (done.has(place)) continue
      done.add(place)
      const piece = around(sql, text, seed, low)
      looked++
      if (piece !== undefined) return piece
    }
  }
  return undefined
}

/** The longest text around this place that both have. */
function around(sql: string, text: string, seed: string, low: number): Piece | undefined {
  if (seed.length < BEFORE + AFTER) return undefined
  let whole = 0
  for (let at = text.indexOf(seed); at !== -1; at = text.indexOf(seed, at + 1)) {
    let from = low
    let before = at
    while (from > 0 && before > 0 && sql.charCodeAt(from - 1) === text.charCodeAt(before - 1)) {
      from--
      before--
    }
    let to = low + seed.length
    let after = at + seed.length
    while (to < sql.length && after < text.length && sql.charCodeAt(to) === text.charCodeAt(after)) {
      to++
      after++
    }
    // A piece as long as the text itself is judged as what it is.
    if (to - from >= SHORTEST && to - from < text.length) return { text: sql.slice(from, to), from }
    if (to - from === text.length && ++whole === WHOLE) return undefined
  }
  return undefined
}
