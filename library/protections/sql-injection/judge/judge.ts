import { Finder } from '../../../toolbox/finder.ts'
import { presence, presenceInCuts } from '../../../toolbox/presence.ts'
import { isOpenPlace, leavesValue, positionOf } from './confined.ts'
import { codeOf, cutsOf } from './cuts.ts'
import type { Grammar } from './dialect.ts'
import { anchorOf, asciiLower, type Escapes, escapesOf, formsOf, stripped, strippedOf } from './forms.ts'
import { Glance } from './glance.ts'
import type { Place } from './learned.ts'
import { lex } from './lexer.ts'
import { find, LOOKED_AT, type Match, PLAIN, searchFor, withoutOverlaps } from './matches.ts'
import { piecesOf } from './pieces.ts'
import { skeletonOf } from './skeleton.ts'
import { COMMENT, OPERATOR, QUOTED, STRING, Tokens, statement as tokens } from './tokens.ts'
import { type Around, Surroundings, TOKEN } from './window.ts'

/**
 * - `clean`: nothing that the client sent is code in this statement
 * - `touched`: what the client sent stands where code stands, as a name or a number that an app may let it choose
 * - `weak`: it is code, but so short and plain that it may be a coincidence
 * - `injection`: it is code
 */
export type Judgement = 'clean' | 'touched' | 'weak' | 'injection'

/** No two characters more than a quote are an attack in two places at once. */
const SMALL = 4
const TOGETHER = 24
/** How many texts may stand as code in one statement before they are taken for a flood. */
const WEIGHED = 64
/** How many matches of all texts are looked at: beyond that it is a flood as well. */
const SEEN = 50_000
/** How much text is cut into tokens again, to see what would be without the client's: the developer's own texts need next to none of it. */
const AGAIN = 400_000
/** A statement may be read again as a whole so often, however long it is. */
const WHOLE = 2
const FLOOD = 16
/** From this length on only what stands around a match is cut into tokens again. */
const LONG = 1024
/** How many longer texts are searched for pieces, and how long they are at least. */
const LONGER = 64
const SLICED = 10
/** How many texts that seem to stand deep inside of a value are looked for: whether all of one does, and which may break something. */
const LOOKS = 256
/** How many texts are told to stand in values: as many as are remembered. */
const VALUES = 512

/** Holds what ends a value, and enough to go on with. */
const CLOSING = /['"`\]$#]|--|\*\//
const QUOTES = /['"\\]/
const OPENING = /['"`[$]/
/** Nothing but names of columns, and how to sort by them. */
const COLUMNS = /^[A-Za-z_][\w.]*(?: (?:asc|desc))?(?:, ?[A-Za-z_][\w.]*(?: (?:asc|desc))?)*$/i
/** Breaks something, or does once it is escaped. */
const MAY_BREAK = /['"`\\#;[\]\0\n\r\x1a]|--|\/\*|\*\//
const BREAKING = /['"`\\#;[\]]|--|\/\*|\*\//

const others: Tokens = new Tokens()
const glance: Glance = new Glance()

export interface JudgeOptions {
  /** What the client sent and could not be taken apart. */
  readonly rest?: string
  /** Filled with the places where a name or a number of the client's stands in code. */
  readonly places?: Place[]
  /** Filled with the client's texts that stand inside of values. */
  readonly values?: string[] | undefined
  /** They were stored before, by whomever: what begins and ends in one value, such as `'active'`, is no danger then. */
  readonly areStored?: boolean
  /** They are looked for as they came, and not as an app may have escaped them. */
  readonly asSent?: boolean
  /** What was found out without the grammar: for the same statement and the same texts, read in another way. */
  readonly looked?: Looked
}

/** What does not depend on how a statement reads: filled by the first judgement of it, and taken by the next. */
export interface Looked {
  lowered?: Finder
  marks?: Uint8Array | undefined
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
  { rest = '', places = [], values, areStored = false, asSent = false, looked = {} }: JudgeOptions = {},
): Judgement {
  const isNew = looked.lowered === undefined
  const lowered = (looked.lowered ??= new Finder(asciiLower(sql)))
  const lower = lowered.text
  const marks = isNew ? presence(sql, texts) : looked.marks
  if (isNew) looked.marks = marks?.slice(0, texts.length)
  if (marks === undefined && values === undefined && rest === '' && sql.length <= LONG) {
    const seen = atOnce(sql, lowered, texts, grammar, places)
    if (seen !== undefined) return seen
  }
  const work: Work = {
    seen: SEEN,
    again: Math.max(AGAIN, WHOLE * sql.length),
    around: sql.length > LONG ? new Surroundings(sql, grammar, tokens) : undefined,
  }
  let lexed = false
  let touched = false
  let weak = false
  const suspects: Match[] = []
  const companions: string[] = []
  let weighed = 0
  const longer: string[] = []
  let looks = LOOKS
  let deep = LOOKS

  let bare: Finder | undefined
  const mayHold = (text: string): boolean => {
    if (!lowered.includes(anchorOf(text))) return false
    const signs = QUOTES.test(text) ? strippedOf(text) : undefined
    return signs === undefined || (bare ??= new Finder(stripped(sql))).includes(signs)
  }

  // Of many texts in a long statement most are deep inside of one value, where there is nothing to weigh.
  let atEdges: Uint8Array | undefined
  let inCode: Uint8Array | undefined
  if (marks !== undefined && sql.length > LONG) {
    lex(sql, grammar, tokens)
    lexed = true
    atEdges = presenceInCuts(cutsOf(sql, tokens), texts)
    inCode = presenceInCuts([codeOf(sql, tokens)], texts)
  }
  let escapes: Escapes | undefined
  const formsFor = (text: string): readonly string[] => (asSent ? [text] : formsOf(text, (escapes ??= escapesOf(sql))))

  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] as string
    if (text.length > sql.length || (marks === undefined ? !mayHold(text) : marks[i] === 0)) {
      if (text.length >= SLICED && longer.length < LONGER && CLOSING.test(text)) longer.push(text)
      continue
    }
    if (
      atEdges?.[i] === 0 &&
      (values === undefined || values.length >= VALUES) &&
      (companions.length >= TOGETHER || !MAY_BREAK.test(text) || --deep < 0)
    ) {
      if (text.length < SLICED || longer.length >= LONGER || !CLOSING.test(text) || --looks < 0) continue
      if (!formsFor(text).some((form) => lowered.includes(asciiLower(form)))) longer.push(text)
      continue
    }
    if (inCode?.[i] === 0 && PLAIN.test(text)) continue
    const crossing: Match[] = []
    const inside: Match[] = []
    const chosen = places.length
    for (const form of formsFor(text)) {
      const search = searchFor(form, sql, tokens, lowered, work)
      if (search === undefined) continue
      const { found } = search
      if (!lexed) {
        lex(sql, grammar, tokens)
        lexed = true
      }
      if (find(search, crossing, inside, places)) touched = true
      if (BREAKING.test(found) && companions.length < TOGETHER && !companions.includes(found)) companions.push(found)
    }
    // Nobody sends that much of a statement by chance: it is there to tire whoever looks at all of it.
    if (work.seen < 0) return 'injection'
    if (inside.length > 0) values?.push(text)
    const matches = withoutOverlaps(
      asSent
        ? crossing.filter(({ from }) => sql[from - 1] !== '\\')
        : crossing.filter((match) => !isEmptied(text, match)),
      inside,
    )
    const [first] = matches
    if (first === undefined) {
      if (inside.length === 0 && longer.length < LONGER && CLOSING.test(text)) longer.push(text)
      continue
    }
    touched = true
    // Where it stands in a value as well, a match this small is the developer's own: a quote and a blank, or the same string.
    if (tokens.closed && matches.every(isSmallOrString) && isValueToo(inside, matches)) continue
    // What the app sorts by is often a part of what it selects, in the same order.
    if (places.length > chosen && COLUMNS.test(text)) continue
    if (areStored && !matches.some((match) => couldBeStored(sql, match))) continue
    if (++weighed > WEIGHED || work.again < 0) return 'injection'
    let isExplained = true
    for (const match of matches.slice(0, LOOKED_AT)) {
      const strength = weigh(sql, match, grammar, work)
      if (strength === 'coincidence') isExplained = false
      if (strength === 'injection') return 'injection'
      if (strength === 'weak') weak = true
    }
    // Where the text stands in a value as well, its other places are most likely the developer's own words.
    if (matches.length > 1 && inside.length === 0) {
      const rest = withoutAll(lower, [...new Set(matches.map((match) => match.text))])
      work.again -= rest.length
      lex(rest, grammar, others)
      const isWhole = others.closed && others.balanced
      const around: Around = { text: rest, from: first.from, tokens: others, isWhole, work: rest.length }
      if (strengthOf(sql, first, around) === 'injection') return 'injection'
    }
    // What leaves a whole statement behind wherever it is taken out depends on no other text: it was weighed alone.
    if (!isExplained && suspects.length < TOGETHER) suspects.push(first)
  }
  if (lexed && !tokens.closed && !asSent && companions.some((text) => leavesOpen(sql, text, grammar, work))) {
    return 'injection'
  }
  if (companions.length > 1 && suspects.length > 0 && breaksTogether(sql, lower, suspects, companions, grammar)) {
    return 'injection'
  }
  if (rest !== '') longer.push(rest)
  if (longer.length > 0 && holdsPiece(sql, longer, lexed, grammar, work, areStored)) return 'injection'
  return weak ? 'weak' : touched ? 'touched' : 'clean'
}

/** What one look at each of the texts tells; `undefined` where some of them have to be looked for. */
function atOnce(
  sql: string,
  lowered: Finder,
  texts: readonly string[],
  grammar: Grammar,
  places: Place[],
): Judgement | undefined {
  lex(sql, grammar, tokens)
  if (!tokens.closed) return undefined
  glance.read(lowered.text, tokens)
  const chosen = places.length
  let touched = false
  for (const text of texts) {
    const sight = glance.of(text)
    if (sight === 'open') {
      places.length = chosen
      return undefined
    }
    if (sight !== 'word') continue
    const search = searchFor(text, sql, tokens, lowered, { seen: SEEN })
    if (search !== undefined && find(search, [], [], places)) touched = true
  }
  return touched ? 'touched' : 'clean'
}

/** What may still be done for one statement. */
interface Work {
  seen: number
  again: number
  readonly around: Surroundings | undefined
}

/** Whether this text is why a value has no end: its last backslash takes the quote behind it for a part of the value. */
function leavesOpen(sql: string, text: string, grammar: Grammar, work: Work): boolean {
  if (!grammar.backslash || !text.endsWith('\\') || work.again < 0) return false
  const from = sql.indexOf(text)
  if (from === -1) return false
  work.again -= sql.length
  lex(replaced(sql, { text, from }), grammar, others)
  return others.closed && others.balanced
}

/** Whether a part of a longer text, which the app took out of it, ends a value and goes on as code. */
function holdsPiece(
  sql: string,
  texts: readonly string[],
  lexed: boolean,
  grammar: Grammar,
  work: Work,
  areStored: boolean,
): boolean {
  if (!lexed) lex(sql, grammar, tokens)
  let weighed = 0
  for (const text of texts) {
    for (const piece of piecesOf(sql, tokens, text)) {
      if (work.again < 0) return weighed >= FLOOD
      if (positionOf(sql, tokens, piece.from, piece.from + piece.text.length) !== 'crosses') continue
      if (areStored && !couldBeStored(sql, piece)) continue
      weighed++
      if (weigh(sql, piece, grammar, work) === 'injection') return true
    }
  }
  return false
}

/** A quote and a blank, or a whole string of the app's own of which the client happens to have sent the same. */
function isSmallOrString(match: Match): boolean {
  return match.text.length <= SMALL || isWholeString(match)
}

/**
 * Whether a text that stands as code stands in a value as well, and not only there where it has made one itself: an app that writes one text into
 * two places has the second of them in the comment, or in the quotes, that the first one opened.
 */
function isValueToo(inside: readonly Match[], crossing: readonly Match[]): boolean {
  return inside.some(({ text, from }) => {
    if (OPENING.test(text)) return crossing.every((match) => match.text !== text)
    const token = tokens.at(from)
    const begin = tokens.start[token] as number
    if (tokens.kind[token] !== COMMENT) return true
    return crossing.every((match) => begin < match.from || begin >= match.from + match.text.length)
  })
}

/** One quote that was escaped is the empty string where nothing is around it: `''` of the app's own says nothing about the client. */
function isEmptied(text: string, match: Match): boolean {
  return match.text.length > text.length && match.text.length === 2 && isWholeString(match)
}

function couldBeStored(sql: string, { text, from }: Match): boolean {
  return leavesValue(sql, tokens, from, from + text.length)
}

function isWholeString({ text, from }: Match): boolean {
  const token = tokens.at(from)
  return tokens.kind[token] === STRING && tokens.start[token] === from && tokens.end[token] === from + text.length
}

type Strength = 'injection' | 'weak' | 'coincidence'

/** How much it means that this text is code here. */
function weigh(sql: string, match: Match, grammar: Grammar, work: Work): Strength {
  const near = work.around?.without(match.from, match.text.length)
  if (near !== undefined) {
    work.again -= near.work
    return strengthOf(sql, match, near)
  }
  const rest = replaced(sql, match)
  work.again -= rest.length
  lex(rest, grammar, others)
  return strengthOf(sql, match, {
    text: rest,
    from: match.from,
    tokens: others,
    isWhole: others.closed && others.balanced,
    work: rest.length,
  })
}

function strengthOf(sql: string, { text, from }: Match, around: Around): Strength {
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
  const { isWhole } = around
  // Nobody writes statements that have no end.
  if (isWhole && !tokens.closed) return 'injection'
  if (!isWhole) return breaks && code >= 4 && text.length >= 8 ? 'injection' : 'coincidence'
  if (breaks && (code > 1 || text.length > 2)) return 'injection'
  if (isOpenPlace(around.text, around.tokens, around.from, text.length)) return 'injection'
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
  let whole: string | undefined
  let again = AGAIN
  const differs = (some: readonly string[]): boolean => {
    const rest = withoutAll(lower, some)
    lex(rest, grammar, others)
    again -= sql.length + others.count * TOKEN
    if (!others.closed || !others.balanced) return false
    return skeletonOf(rest, others) !== (whole ??= skeletonOf(sql, tokens))
  }
  if (differs(texts)) return true
  for (const { text } of suspects) {
    for (const other of texts) {
      if (again < 0) return suspects.length >= FLOOD
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
