import { COMMENT, NUMBER, QUOTED, STRING, type Tokens } from './tokens.ts'

/** How much of a text must stand in a statement to be no coincidence. */
const SHORTEST = 8
const BEFORE = 2
const AFTER = 3
const MOST = 64
/** How many pieces of one text are looked at. */
const FOUND = 8
/** A text that stands here as a whole in several ways repeats one sign, and has no pieces of another kind. */
const WHOLE = 4

/** A piece of a longer text of the client, where it stands in the statement. */
export interface Piece {
  readonly text: string
  readonly from: number
}

/**
 * Finds pieces of a text that may end a value, for texts of which the app used only a part: one field of a list, what stands behind a
 * colon, the first hundred characters.
 */
export function* piecesOf(sql: string, tokens: Tokens, text: string): Iterable<Piece> {
  let found = 0
  let looked = 0
  const done = new Set<string>()
  for (let i = 0; i < tokens.count && looked < MOST; i++) {
    if (!isValue(tokens, i)) continue
    for (const border of [tokens.start[i] as number, tokens.end[i] as number]) {
      const low = Math.max(0, border - BEFORE)
      const seed = sql.slice(low, border + AFTER)
      const place = sql.slice(Math.max(0, border - SHORTEST), border + SHORTEST)
      // Lists repeat themselves: what stands around one comma stands around the next.
      if (done.has(place)) continue
      done.add(place)
      const piece = around(sql, text, seed, low)
      looked++
      if (piece === undefined) continue
      const begun = begunInValue(sql, tokens, piece)
      if (begun !== undefined) yield begun
      // What the client has put in front of the piece that matters must not hide it.
      if (++found === FOUND) return
    }
  }
}

/**
 * The piece from where it is in a value on: what it has in common with the app's own words in front of that value is a coincidence, and
 * so is all of it when it ends where the value does.
 */
function begunInValue(sql: string, tokens: Tokens, { text, from }: Piece): Piece | undefined {
  const to = from + text.length
  if (from > 0 && endsAcross(sql, tokens, tokens.at(from - 1), from)) return { text, from }
  let i = tokens.at(from)
  if (isValue(tokens, i) && from > (tokens.start[i] as number)) return { text, from }
  while (i < tokens.count && !tokens.isCode(i)) i++
  // Where no quotes are, it is a number that goes on.
  if (tokens.kind[i] === NUMBER && tokens.start[i] === from) return { text, from }
  while (i < tokens.count && !isValue(tokens, i)) i++
  const next = tokens.after(i)
  const begin = (tokens.start[i] as number) + (tokens.open[i] as number)
  if (next === -1 || begin >= to || (tokens.start[next] as number) >= to) return undefined
  return { text: text.slice(begin - from), from: begin }
}

/**
 * Whether a value ends here, behind one that holds a quote: then its last quote may be one that the app opens a value with, read otherwise
 * because of what the client has put in front of it.
 */
function endsAcross(sql: string, tokens: Tokens, last: number, from: number): boolean {
  const { kind, start, end, open, close } = tokens
  if ((kind[last] !== STRING && kind[last] !== QUOTED) || end[last] !== from) return false
  for (let i = 0; i <= last; i++) {
    if (kind[i] !== STRING && kind[i] !== QUOTED) continue
    const to = (end[i] as number) - (close[i] as number)
    const quote = sql[to] as string
    const at = sql.indexOf(quote, (start[i] as number) + (open[i] as number))
    if (at !== -1 && at < to) return true
  }
  return false
}

function isValue(tokens: Tokens, i: number): boolean {
  const kind = tokens.kind[i]
  return kind === STRING || kind === QUOTED || kind === COMMENT
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
