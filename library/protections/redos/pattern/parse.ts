import {
  ALL,
  DIGITS,
  foldAscii,
  foldCase,
  invert,
  NOT_LINE_ENDS,
  type Piece,
  type Ranges,
  type SetPiece,
  SPACE,
  unite,
  WORD,
} from './piece.ts'

const LONGEST = 2000
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12 }
const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGITS,
  D: invert(DIGITS),
  w: WORD,
  W: invert(WORD),
  s: SPACE,
  S: invert(SPACE),
}

/** The tree of a pattern that JavaScript takes; `undefined` for those with sets of sets (`v`) and very long ones. */
export function parsePattern(source: string, flags: string): Piece | undefined {
  if (flags.includes('v') || source.length > LONGEST) return undefined
  const reader = { source, at: 0, isCaseless: flags.includes('i'), isDotAll: flags.includes('s'), flags }
  return choice(reader)
}

interface Reader {
  readonly source: string
  at: number
  readonly isCaseless: boolean
  readonly isDotAll: boolean
  readonly flags: string
}

function choice(reader: Reader): Piece {
  const pieces = [sequence(reader)]
  while (reader.source[reader.at] === '|') {
    reader.at++
    pieces.push(sequence(reader))
  }
  const [only] = pieces
  return pieces.length === 1 && only ? only : { kind: 'choice', pieces }
}

function sequence(reader: Reader): Piece {
  const pieces: Piece[] = []
  while (reader.at < reader.source.length && reader.source[reader.at] !== '|' && reader.source[reader.at] !== ')') {
    pieces.push(repeated(reader, one(reader)))
  }
  return { kind: 'sequence', pieces }
}

function repeated(reader: Reader, body: Piece): Piece {
  const sign = reader.source[reader.at]
  let [min, max] = [0, Number.POSITIVE_INFINITY]
  if (sign === '+') min = 1
  else if (sign === '?') max = 1
  else if (sign === '{') {
    const counted = /^\{(\d+)(,?)(\d*)\}/.exec(reader.source.slice(reader.at, reader.at + 40))
    if (!counted) return body
    min = Number(counted[1])
    max = counted[3] ? Number(counted[3]) : counted[2] ? Number.POSITIVE_INFINITY : min
    reader.at += counted[0].length - 1
  } else if (sign !== '*') return body
  reader.at++
  if (reader.source[reader.at] === '?') reader.at++
  return { kind: 'repeat', body, min, max }
}

function one(reader: Reader): Piece {
  const char = nextChar(reader)
  switch (char) {
    case '^':
    case '$':
      return { kind: 'assertion', sign: char }
    case '.':
      return { kind: 'set', set: reader.isDotAll ? ALL : NOT_LINE_ENDS }
    case '(':
      return group(reader)
    case '[':
      return bracket(reader)
    case '\\':
      return escaped(reader)
    default:
      return single(reader, char.codePointAt(0) ?? 0)
  }
}

function group(reader: Reader): Piece {
  const opening = /^\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]*:)/.exec(reader.source.slice(reader.at, reader.at + 100))?.[0] ?? ''
  reader.at += opening.length
  const body = choice(reader)
  reader.at++
  return /^\?<?[=!]$/.test(opening) ? { kind: 'look', body } : body
}

function escaped(reader: Reader): Piece {
  const char = reader.source[reader.at] ?? ''
  if (char === 'b' || char === 'B') {
    reader.at++
    return { kind: 'assertion', sign: `\\${char}` }
  }
  if (/[1-9]/.test(char) || (char === 'k' && reader.source[reader.at + 1] === '<')) {
    reader.at += /^(?:\d+|k<[^>]*>)/.exec(reader.source.slice(reader.at))?.[0].length ?? 1
    return { kind: 'back' }
  }
  const { set, isVague } = atom(reader)
  return { kind: 'set', set: folded(reader, set), ...(isVague && { isVague }) }
}

function bracket(reader: Reader): SetPiece {
  const isInverted = reader.source[reader.at] === '^'
  if (isInverted) reader.at++
  const ranges: number[] = []
  // What is left out is taken for less than it is, and what is let in for more.
  const add = (set: Ranges): unknown =>
    ranges.push(...(isInverted && reader.isCaseless && !isClass(set) ? foldAscii(set) : folded(reader, set)))
  let isVague = false
  while (reader.at < reader.source.length && reader.source[reader.at] !== ']') {
    const from = member(reader)
    isVague ||= from.isVague === true
    if (!isPoint(from.set) || reader.source[reader.at] !== '-' || reader.source[reader.at + 1] === ']') {
      add(from.set)
      continue
    }
    reader.at++
    const to = member(reader)
    if (isPoint(to.set)) add([from.set[0] ?? 0, to.set[0] ?? 0])
    else for (const set of [from.set, [45, 45], to.set]) add(set)
  }
  reader.at++
  const set = isInverted ? (isVague ? ALL : invert(ranges)) : unite(ranges)
  return { kind: 'set', set, ...(isVague && { isVague }) }
}

/** As it is under the flag `i`. Classes such as `\s` know no case. */
function folded({ isCaseless, flags }: Reader, set: Ranges): Ranges {
  const isUnicode = flags.includes('u')
  return isCaseless && !(isClass(set) && !(isUnicode && set === WORD)) ? foldCase(set, isUnicode) : set
}

function isClass(set: Ranges): boolean {
  return Object.values(CLASSES).includes(set)
}

function isPoint(set: Ranges): boolean {
  return set.length === 2 && set[0] === set[1]
}

function member(reader: Reader): { set: Ranges; isVague?: boolean } {
  const char = nextChar(reader)
  if (char !== '\\') return { set: [char.codePointAt(0) ?? 0, char.codePointAt(0) ?? 0] }
  if (reader.source[reader.at] !== 'b') return atom(reader)
  reader.at++
  return { set: [8, 8] }
}

/** What stands behind a backslash and is one character out of some. */
function atom(reader: Reader): { set: Ranges; isVague?: boolean } {
  const rest = reader.source.slice(reader.at, reader.at + 100)
  const known = CLASSES[rest[0] ?? '']
  if (known) {
    reader.at++
    return { set: known }
  }
  if (/^[pP]\{[^}]*\}/.test(rest) && reader.flags.includes('u')) {
    reader.at += rest.indexOf('}') + 1
    return { set: ALL, isVague: true }
  }
  const code = /^(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2}))/i.exec(rest)
  if (code) {
    reader.at += code[0].length
    const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '0', 16)
    return { set: [point, point] }
  }
  const char = nextChar(reader)
  const control = char === 'c' ? (rest.charCodeAt(1) || 0) % 32 : char === '0' ? 0 : CONTROLS[char]
  if (char === 'c') reader.at++
  const point = control ?? char.codePointAt(0) ?? 0
  return { set: [point, point] }
}

function single(reader: Reader, point: number): SetPiece {
  return { kind: 'set', set: folded(reader, [point, point]) }
}

function nextChar(reader: Reader): string {
  const char = String.fromCodePoint(reader.source.codePointAt(reader.at) ?? 0)
  reader.at += char.length
  return char
}
