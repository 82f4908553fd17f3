import { isOpenPlace, positionOf } from './confined.ts'
import type { Grammar } from './dialect.ts'
import { anchorOf, asciiLower, formsOf, stripped, strippedOf } from './forms.ts'
import type { Place } from './learned.ts'
import { lex } from './lexer.ts'
import { pieceOf } from './pieces.ts'
import { skeletonOf } from './skeleton.ts'
import { COMMENT, OPERATOR, QUOTED, STRING, Tokens } from './tokens.ts'

/**
 * - `clean`: nothing that the client sent is code in this statement
 * - `touched`: what the client sent stands where code stands, as a name or a number that an app may let it choose
 * - `weak`: it is code, but so short and plain that it may be a coincidence
 * - `injection`: it is code
 */
export type Judgement = 'clean' | 'touched' | 'weak' | 'injection'

/** No two characters more than a quote are an attack in two places at once. */
const SMALL = 4
/** How many matches of one text are looked at one by one. */
const LOOKED_AT = 8
const TOGETHER = 24
/** How many texts may stand as code in one statement before they are taken for a flood. */
const WEIGHED = 64
/** How many longer texts are searched for pieces, and how long they are at least. */
const LONGER = 64
const SLICED = 10

const PLAIN = /^[A-Za-z0-9_]*$/
/** Holds what ends a value, and enough to go on with. */
const CLOSING = /['"`\]$#]|--|\*\//
const QUOTES = /['"\\]/
/** Nothing but names of columns, and how to sort by them. */
const COLUMNS = /^[A-Za-z_][\w.]*(?: (?:asc|desc))?(?:, ?[A-Za-z_][\w.]*(?: (?:asc|desc))?)*$/i
const BREAKING = /['"`\\#;[\]]|--|\/\*|\*\//

const tokens: Tokens = new Tokens()
const others: Tokens = new Tokens()

export interface JudgeOptions {
  /** What the client sent and could not be taken apart. */
  readonly rest?: string
  /** Filled with the places where a name or a number of the client's stands in code. */
  readonly places?: Place[]
  /** Filled with the client's texts that stand inside of values. */
  readonly values?: string[] | undefined
  /** They were stored before, by whomever: a whole string of the app's own, such as `'active'`, is no danger then. */
  readonly areStored?: boolean
  /** They are looked for as they came, and not as an app may have escaped them. */
  readonly asSent?: boolean
}

/** One place where a client's text stands as code. */
interface Match {
  readonly text: string
  readonly from: number
}

/**
 * Judges one statement against the texts of the client.
 *
 * A text is an injection when some of it is code: when it begins, ends or crosses a token (after Ray and Ligatti, "Defining
 * code-injection attacks", 2012). Since a match alone may be a coincidence with the developer's own words, what is left when the
 * client's text is taken out must read like a statement that somebody wrote.
 */
export function judge(
  sql: string,
  texts: readonly string[],
  grammar: Grammar,
  { rest = '', places = [], values, areStored = false, asSent = false }: JudgeOptions = {},
): Judgement {
  const lower = asciiLower(sql)
  let lexed = false
  let touched = false
  let weak = false
  const suspects: Match[] = []
  const companions: string[] = []
  let weighed = 0
  const longer: string[] = []

  let bare: string | undefined
  const mayHold = (text: string): boolean => {
    const signs = QUOTES.test(text) ? strippedOf(text) : undefined
    if (signs === undefined) return true
    bare ??= stripped(sql)
    return bare.includes(signs)
  }

  for (const text of texts) {
    if (text.length > sql.length || !lower.includes(anchorOf(text)) || !mayHold(text)) {
      if (text.length >= SLICED && longer.length < LONGER && CLOSING.test(text)) longer.push(text)
      continue
    }
    const crossing: Match[] = []
    const inside: Match[] = []
    const chosen = places.length
    for (const form of asSent ? [text] : formsOf(text)) {
      const isExact = sql.includes(form)
      const found = isExact ? form : asciiLower(form)
      if (!isExact && !lower.includes(found)) continue
      if (!lexed) {
        lex(sql, grammar, tokens)
        lexed = true
      }
      if (find(sql, isExact ? sql : lower, found, crossing, inside, places)) touched = true
      if (BREAKING.test(found) && companions.length < TOGETHER && !companions.includes(found)) companions.push(found)
    }
    if (inside.length > 0) values?.push(text)
    const matches = withoutOverlaps(crossing, inside)
    const [first] = matches
    if (first === undefined) {
      if (inside.length === 0 && longer.length < LONGER && CLOSING.test(text)) longer.push(text)
      continue
    }
    touched = true
    // Where it stands in a value as well, a match this small is the developer's own: a quote and a blank, or the same string.
    if (tokens.closed && inside.length > 0 && matches.every(isSmallOrString)) continue
    // What the app sorts by is often a part of what it selects, in the same order.
    if (places.length > chosen && COLUMNS.test(text)) continue
    if (areStored && tokens.closed && matches.every(isWholeString)) continue
    // Nobody sends that much of a statement by chance: it is there to tire whoever looks at all of it.
    if (++weighed > WEIGHED) return 'injection'
    for (const match of matches.slice(0, LOOKED_AT)) {
      const strength = weigh(sql, match, replaced(sql, match), grammar)
      if (strength === 'injection') return 'injection'
      if (strength === 'weak') weak = true
    }
    // Where the text stands in a value as well, its other places are most likely the developer's own words.
    if (matches.length > 1 && inside.length === 0) {
      const rest = withoutAll(lower, [...new Set(matches.map((match) => match.text))])
      if (weigh(sql, first, rest, grammar) === 'injection') return 'injection'
    }
    if (suspects.length < TOGETHER) suspects.push(first)
  }
  if (companions.length > 1 && suspects.length > 0 && breaksTogether(sql, lower, suspects, companions, grammar)) {
    return 'injection'
  }
  if (rest !== '') longer.push(rest)
  if (longer.length > 0 && holdsPiece(sql, longer, lexed, grammar)) return 'injection'
  return weak ? 'weak' : touched ? 'touched' : 'clean'
}

/** Whether a part of a longer text, which the app took out of it, ends a value and goes on as code. */
function holdsPiece(sql: string, texts: readonly string[], lexed: boolean, grammar: Grammar): boolean {
  if (!lexed) lex(sql, grammar, tokens)
  return texts.some((text) => {
    const piece = pieceOf(sql, tokens, text)
    if (piece === undefined || positionOf(sql, tokens, piece.from, piece.from + piece.text.length) !== 'crosses')
      return false
    return weigh(sql, piece, replaced(sql, piece), grammar) === 'injection'
  })
}

/** Collects where this text stands; answers whether it stands where code does. */
function find(
  sql: string,
  haystack: string,
  text: string,
  crossing: Match[],
  inside: Match[],
  places: Place[],
): boolean {
  const size = text.length
  if (PLAIN.test(text)) return touchesCode(haystack, text, places)
  let touched = false
  for (let from = haystack.indexOf(text); from !== -1; from = haystack.indexOf(text, from + 1)) {
    const position = positionOf(sql, tokens, from, from + size)
    if (position === 'inside') inside.push({ text, from })
    else if (position === 'value') {
      touched = true
      addPlace(places, from, size)
    }
    // One quote is everywhere; it says something only where it leaves the statement open.
    else if (size === 1 && tokens.closed) touched = true
    else crossing.push({ text, from })
  }
  return touched
}

/** A match that overlaps one inside of a value is the same characters seen a second time: two quotes among four. */
function withoutOverlaps(crossing: readonly Match[], inside: readonly Match[]): readonly Match[] {
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

/** A quote and a blank, or a whole string of the app's own of which the client happens to have sent the same. */
function isSmallOrString(match: Match): boolean {
  return match.text.length <= SMALL || isWholeString(match)
}

function isWholeString({ text, from }: Match): boolean {
  const token = tokens.at(from)
  return tokens.kind[token] === STRING && tokens.start[token] === from && tokens.end[token] === from + text.length
}

/** Whether a plain word of the client is a whole token of code somewhere. */
function touchesCode(haystack: string, text: string, places: Place[]): boolean {
  let looked = 0
  let touched = false
  for (let at = haystack.indexOf(text); at !== -1 && looked < LOOKED_AT; at = haystack.indexOf(text, at + 1)) {
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

/**
 * How much it means that this text is code here. `rest` is the statement with a word in its place: the developer's own part.
 */
function weigh(sql: string, match: Match, rest: string, grammar: Grammar): 'injection' | 'weak' | 'coincidence' {
  const { text, from } = match
  const to = from + text.length
  let code = 0
  let breaks = false
  let nests = false
  for (let i = tokens.at(from); i < tokens.count && (tokens.start[i] as number) < to; i++) {
    const kind = tokens.kind[i]
    if (kind === STRING || kind === QUOTED || kind === COMMENT) breaks = true
    if (kind === OPERATOR && '();'.includes(sql.charAt(tokens.start[i] as number))) nests = true
    if (tokens.isCode(i)) code++
  }
  lex(rest, grammar, others)
  const isWhole = others.closed && others.balanced
  // Nobody writes statements that have no end.
  if (isWhole && !tokens.closed) return 'injection'
  if (!isWhole) return breaks && code >= 4 && text.length >= 8 ? 'injection' : 'coincidence'
  if (breaks && (code > 1 || text.length > 2)) return 'injection'
  if (isOpenPlace(rest, others, from, text.length)) return 'injection'
  // Behind a complete value or a name an app may leave open how to sort, or what to add: only more than a phrase is no coincidence.
  return code >= 5 || (nests && code >= 3) ? 'injection' : 'weak'
}

/** Two or more texts that are harmless one by one: one opens what the other one closes. */
function breaksTogether(
  sql: string,
  lower: string,
  suspects: readonly Match[],
  companions: readonly string[],
  grammar: Grammar,
): boolean {
  const texts = [...companions].sort((a, b) => b.length - a.length)
  const whole = skeletonOf(sql, tokens)
  const differs = (some: readonly string[]): boolean => {
    const rest = withoutAll(lower, some)
    lex(rest, grammar, others)
    if (!others.closed || !others.balanced) return false
    return skeletonOf(rest, others) !== whole
  }
  if (differs(texts)) return true
  for (const { text } of suspects) {
    for (const other of texts) {
      if (other !== text && differs(other.length > text.length ? [other, text] : [text, other])) return true
    }
  }
  return false
}

/** The statement with one word in the place of the match. */
function replaced(sql: string, { text, from }: Match): string {
  return sql.slice(0, from) + 'a'.repeat(text.length) + sql.slice(from + text.length)
}

function withoutAll(lower: string, texts: readonly string[]): string {
  let rest = lower
  for (const text of texts) rest = rest.replaceAll(asciiLower(text), 'a'.repeat(text.length))
  return rest
}
