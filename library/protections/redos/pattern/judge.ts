import { isAmbiguous, toAutomaton } from './automaton.ts'
import { parsePattern } from './parse.ts'
import { ALL, NOT_LINE_ENDS, overlap, type Piece, type RepeatPiece, type SetPiece } from './piece.ts'

/** How the time of a pattern grows with the length of what it is run on, at worst. */
export type Growth = 'linear' | 'polynomial' | 'exponential'

/** So often repeated, more than the universe can try. */
const MANY = 20
const NO_CHARACTER = -1

/**
 * How slow a pattern can get by what is certain: patterns that cannot be read, and repetitions around `\b`, lookarounds and
 * backreferences, pass as linear. So does what is slow only because a search begins anew at each character, as with `\s+$`.
 */
export function growthOf(source: string, flags: string): Growth {
  const root = parsePattern(source, flags)
  if (!root) return 'linear'
  const loops: Loop[] = []
  walk(root, false, { loops, tails: new Map(), rest: isAll })
  if (loops.some(({ piece, canFail }) => canFail && isSlowLoop(piece))) return 'exponential'
  if (isVague(root)) return 'linear'
  // `.*$` fails at line ends only: what touches it is slow by degrees, on texts that are no lines. Headers and settings are read so.
  const tails = new Map<Piece, boolean>()
  walk(root, false, { loops: undefined, tails, rest: isAllOfLine })
  return !hasTouchingLoops(root, tails) ? 'linear' : 'polynomial'
}

/** Whether each text matches in at most one way, so that trying them all takes no more than trying one. Unsure means no. */
export function isUnambiguous(source: string, flags: string): boolean {
  const root = parsePattern(source, flags)
  if (!root || hasKind(root, 'back') || hasKind(root, 'look')) return false
  // Behind a character that nothing else is, the pattern may begin again: then its own ambiguity is the one of a repetition.
  const end: Piece = { kind: 'set', set: [NO_CHARACTER, NO_CHARACTER] }
  const automaton = toAutomaton({
    kind: 'repeat',
    body: { kind: 'sequence', pieces: [root, end] },
    min: 1,
    max: Number.POSITIVE_INFINITY,
  })
  return !automaton.isTooBig && !isAmbiguous(automaton)
}

interface Loop {
  readonly piece: RepeatPiece
  /** Something behind it may make it try its other ways. */
  readonly canFail: boolean
}

interface Walk {
  /** Takes the outermost repetitions. */
  readonly loops: Loop[] | undefined
  /** For each character set, whether something behind it may fail. */
  readonly tails: Map<Piece, boolean>
  readonly rest: (piece: SetPiece) => boolean
}

function walk(piece: Piece, tail: boolean, about: Walk): void {
  const { loops, tails, rest } = about
  switch (piece.kind) {
    case 'set':
      tails.set(piece, tail)
      return
    case 'look':
      walk(piece.body, false, about)
      return
    case 'choice':
      for (const each of piece.pieces) walk(each, tail, about)
      return
    case 'repeat': {
      const isLoop = piece.max >= MANY
      if (isLoop && loops) loops.push({ piece, canFail: tail })
      // A round before the last one fails when the round behind it has to be there and does.
      const inner = tail || (piece.min > 1 && canFail(piece.body))
      walk(piece.body, inner, isLoop ? { ...about, loops: undefined } : about)
      return
    }
    case 'sequence': {
      let behind = tail
      for (const [i, each] of [...piece.pieces.entries()].reverse()) {
        if (takesTheRest(each, piece.pieces.slice(i + 1), rest)) behind = tail
        walk(each, behind, about)
        behind ||= canFail(each)
      }
      return
    }
    default:
  }
}

function canFail(piece: Piece): boolean {
  switch (piece.kind) {
    case 'choice':
      return piece.pieces.every(canFail)
    case 'sequence':
      return piece.pieces.some(canFail)
    case 'repeat':
      return piece.min > 0 && canFail(piece.body)
    default:
      return true
  }
}

/** `[^]*` up to the end of the text never fails. */
function takesTheRest(piece: Piece, behind: readonly Piece[], rest: Walk['rest']): boolean {
  if (piece.kind === 'sequence' && piece.pieces.length === 1 && piece.pieces[0])
    return takesTheRest(piece.pieces[0], behind, rest)
  return (
    piece.kind === 'repeat' &&
    piece.min === 0 &&
    piece.max === Number.POSITIVE_INFINITY &&
    piece.body.kind === 'set' &&
    rest(piece.body) &&
    behind.every((each) => each.kind === 'assertion' && each.sign === '$')
  )
}

function isAll({ set }: SetPiece): boolean {
  return `${set}` === `${ALL}`
}

function isAllOfLine(piece: SetPiece): boolean {
  return isAll(piece) || piece.set === NOT_LINE_ENDS
}

function isSlowLoop(loop: RepeatPiece): boolean {
  if (isVague(loop.body)) return false
  const automaton = toAutomaton({ ...loop, max: Number.POSITIVE_INFINITY })
  return !automaton.isTooBig && isAmbiguous(automaton)
}

/** Two endless repetitions of a common character with nothing between them that has to be there: `\s*,?\s*`. */
function hasTouchingLoops(root: Piece, tails: ReadonlyMap<Piece, boolean>): boolean {
  const { places, follow, endless, isTooBig } = toAutomaton(root)
  if (isTooBig) return false
  const touches = (a: SetPiece | undefined, b: SetPiece | undefined): boolean =>
    a !== undefined && b !== undefined && tails.get(b) === true && overlap(a.set, b.set)
  for (const one of endless) {
    for (const other of follow[one] ?? []) {
      if (other !== one && endless.has(other) && touches(places[one], places[other])) return true
    }
  }
  return false
}

/** What it matches depends on more than one character after the other. */
function isVague(piece: Piece): boolean {
  switch (piece.kind) {
    case 'set':
      return piece.isVague === true
    case 'assertion':
      return piece.sign.startsWith('\\')
    case 'look':
    case 'back':
      return true
    case 'repeat':
      return isVague(piece.body)
    default:
      return piece.pieces.some(isVague)
  }
}

function hasKind(piece: Piece, kind: Piece['kind']): boolean {
  if (piece.kind === kind) return true
  if (piece.kind === 'repeat') return hasKind(piece.body, kind)
  return (piece.kind === 'sequence' || piece.kind === 'choice') && piece.pieces.some((each) => hasKind(each, kind))
}
