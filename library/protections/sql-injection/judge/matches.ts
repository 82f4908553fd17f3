import type { Finder } from '../../../toolbox/finder.ts'
import { positionOf } from './confined.ts'
import { asciiLower } from './forms.ts'
import type { Place } from './learned.ts'
import { COMMENT, QUOTED, STRING, type Tokens } from './tokens.ts'

/** Where a text of a client's stands in a statement, and what it is there. */

/** How many matches of one text are looked at one by one. */
export const LOOKED_AT: number = 8
/** How many matches of one text are kept: beyond that it is a flood as well. Of long texts fewer, since each is compared as a whole. */
const KEPT = 256
const COMPARED = 400_000
/** How many places of a word in another case are passed in search of it. */
const PLAIN_TRIES = 64
/** How many places in another case are passed before case is no matter. */
const CASES = 256
/** How many places inside of one string are looked at one by one: only the first and the last ones may share signs with what is around. */
const IN_ONE = 16

/** What can be no more than a word or a number. */
export const PLAIN: RegExp = /^[A-Za-z0-9_]*$/

/** One place where a client's text stands as code. */
export interface Match {
  readonly text: string
  readonly from: number
}

/** What is looked for in the statement: as it is while `exact` is there, and else in any case. */
export interface Search {
  readonly sql: string
  /** Of the statement. */
  readonly tokens: Tokens
  readonly lowered: Finder
  readonly low: string
  readonly exact: string | undefined
  /** What of it stands in the statement, and where it does first. */
  readonly found: string
  readonly first: number
  /** How many places may still be looked at. */
  readonly work: { seen: number }
}

/** Looks for a text; `undefined` where the statement does not hold it. Its tokens may still be to come. */
export function searchFor(
  text: string,
  sql: string,
  tokens: Tokens,
  lowered: Finder,
  work: { seen: number },
): Search | undefined {
  const low = asciiLower(text)
  const first = lowered.indexOf(low)
  if (first === -1) return undefined
  let at = first
  for (let tries = 0; at !== -1 && tries < CASES && !sql.startsWith(text, at); tries++)
    at = lowered.indexOf(low, at + 1)
  return at !== -1 && sql.startsWith(text, at)
    ? { sql, tokens, lowered, low, exact: text, found: text, first: at, work }
    : { sql, tokens, lowered, low, exact: undefined, found: low, first, work }
}

/** Collects where this text stands; answers whether it stands where code does. */
export function find(search: Search, crossing: Match[], inside: Match[], places: Place[]): boolean {
  const { sql, tokens, work, found: text } = search
  const size = text.length
  if (PLAIN.test(text)) return touchesCode(search, places)
  let touched = false
  let token = -1
  let inToken = 0
  let left = Math.max(LOOKED_AT, Math.min(KEPT, COMPARED / size))
  for (let from = search.first; from !== -1 && left > 0 && work.seen-- >= 0; ) {
    let next = from + 1
    const position = positionOf(sql, tokens, from, from + size)
    if (position === 'inside') {
      inside.push({ text, from })
      const here = tokens.at(from)
      inToken = here === token ? inToken + 1 : 1
      token = here
      // On to the end of this token, where a match may leave it, or share its signs with one that does.
      const last = (tokens.end[here] as number) - (tokens.close[here] as number) - size
      next = Math.max(next, inToken < Math.min(IN_ONE, left) ? last - size + 1 : last + 1)
    } else if (position === 'value') {
      touched = true
      addPlace(places, from, size)
    } else if (size === 1 && tokens.closed) {
      // One quote is everywhere; it says something only where it leaves the statement open.
      return true
    } else {
      crossing.push({ text, from })
      left--
    }
    from = nextPlace(search, next)
  }
  return touched
}

function nextPlace({ sql, lowered, low, exact, work }: Search, from: number): number {
  let at = lowered.indexOf(low, from)
  if (exact === undefined || sql === lowered.text) return at
  const isPlain = PLAIN.test(exact)
  for (let tries = 0; at !== -1; tries++) {
    if (sql.startsWith(exact, at)) return at
    // Words of the client's stand everywhere in capitals: `AND`.
    if (isPlain ? tries > PLAIN_TRIES : work.seen-- < 0) return -1
    at = lowered.indexOf(low, at + 1)
  }
  return -1
}

/** A match that overlaps one inside of a value is the same characters seen a second time: two quotes among four. */
export function withoutOverlaps(crossing: readonly Match[], inside: readonly Match[]): readonly Match[] {
  if (crossing.length === 0 || inside.length === 0) return crossing
  const places = [...inside].sort((a, b) => a.from - b.from)
  const longest = places.reduce((size, { text }) => Math.max(size, text.length), 0)
  return crossing.filter(({ from, text }) => {
    let low = 0
    let high = places.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((places[middle] as Match).from + longest <= from) low = middle + 1
      else high = middle
    }
    for (; low < places.length; low++) {
      const other = places[low] as Match
      if (other.from >= from + text.length) return true
      if (other.from + other.text.length > from) return false
    }
    return true
  })
}

/** Whether a plain word of the client is a whole token of code somewhere. */
function touchesCode(search: Search, places: Place[]): boolean {
  const { tokens, found: text } = search
  let looked = 0
  let touched = false
  for (let at = search.first; at !== -1 && looked < LOOKED_AT; at = nextPlace(search, at + 1)) {
    looked++
    const token = tokens.at(at)
    const kind = tokens.kind[token]
    if (kind === STRING || kind === QUOTED || kind === COMMENT) continue
    touched = true
    if (tokens.start[token] === at && tokens.end[token] === at + text.length) addPlace(places, at, text.length)
  }
  return touched || looked === LOOKED_AT
}

function addPlace(places: Place[], from: number, size: number): void {
  if (places.length < LOOKED_AT) places.push({ from, to: from + size })
}
