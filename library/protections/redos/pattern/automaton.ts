import { overlap, type Piece, type SetPiece } from './piece.ts'

/** The places of a pattern, and which may follow which: Glushkov's automaton, that has no empty steps. */
export interface Automaton {
  readonly places: readonly SetPiece[]
  readonly follow: readonly (readonly number[])[]
  /** Places that repeat themselves without end. */
  readonly endless: ReadonlySet<number>
  /** Two ways lead from one place to the next with nothing in between. */
  readonly isTwofold: boolean
  /** More than two hundred places: nothing can be said. */
  readonly isTooBig: boolean
  readonly first: readonly number[]
  readonly last: readonly number[]
}

const PLACES = 200
/** Counted repetitions are written out up to here; longer ones are taken for endless. */
const WRITTEN_OUT = 16

interface Draft {
  readonly places: SetPiece[]
  readonly follow: number[][]
  readonly endless: Set<number>
  isTwofold: boolean
}

interface Part {
  readonly first: readonly number[]
  readonly last: readonly number[]
  /** In how many ways it takes nothing: none, one, or more. */
  readonly empty: 0 | 1 | 2
}

const NOTHING: Part = { first: [], last: [], empty: 1 }

export function toAutomaton(piece: Piece): Automaton {
  const draft: Draft = { places: [], follow: [], endless: new Set(), isTwofold: false }
  const { first, last } = partOf(draft, piece)
  return { ...draft, first, last, isTooBig: draft.places.length > PLACES }
}

/**
 * Whether some text leads from a place back to it in two ways. For the automaton of a repetition that is exponential ambiguity:
 * each round of that text doubles the ways to match it.
 */
export function isAmbiguous({ places, follow, isTwofold }: Automaton): boolean {
  if (isTwofold) return true
  const size = places.length
  const seen = new Uint8Array(size * size)
  const apart: number[] = []
  /** Notes the pairs that one character leads to, and answers whether it leads to one place only from two. */
  const step = (a: number, b: number): boolean => {
    for (const x of follow[a] ?? []) {
      for (const y of follow[b] ?? []) {
        const [left, right] = [places[x], places[y]]
        if (!left || !right || !overlap(left.set, right.set)) continue
        if (x === y) {
          if (a !== b) return true
          continue
        }
        const pair = Math.min(x, y) * size + Math.max(x, y)
        if (seen[pair] === 1) continue
        seen[pair] = 1
        apart.push(pair)
      }
    }
    return false
  }
  for (let place = 0; place < size; place++) step(place, place)
  // Each of these pairs was reached from one place; in a repetition every place leads back to every other one.
  for (let pair = apart.pop(); pair !== undefined; pair = apart.pop()) {
    if (step(Math.floor(pair / size), pair % size)) return true
  }
  return false
}

function partOf(draft: Draft, piece: Piece): Part {
  if (draft.places.length > PLACES) return NOTHING
  switch (piece.kind) {
    case 'set': {
      const place = draft.places.push(piece) - 1
      draft.follow.push([])
      return { first: [place], last: [place], empty: 0 }
    }
    case 'sequence':
      return sequenceOf(
        draft,
        piece.pieces.map((each) => () => partOf(draft, each)),
      )
    case 'choice': {
      const parts = piece.pieces.map((each) => partOf(draft, each))
      const ways = parts.reduce((sum, { empty }) => sum + empty, 0)
      return {
        first: parts.flatMap(({ first }) => first),
        last: parts.flatMap(({ last }) => last),
        empty: ways > 1 ? 2 : ways === 1 ? 1 : 0,
      }
    }
    case 'repeat':
      return repeatOf(draft, piece.body, piece.min, piece.max)
    default:
      return NOTHING
  }
}

function sequenceOf(draft: Draft, parts: readonly (() => Part)[]): Part {
  let whole: Part = NOTHING
  for (const make of parts) {
    const part = make()
    if (part.empty === 2) draft.isTwofold = true
    connect(draft, whole.last, part.first)
    whole = {
      first: whole.empty > 0 ? [...whole.first, ...part.first] : whole.first,
      last: part.empty > 0 ? [...whole.last, ...part.last] : part.last,
      empty: whole.empty > 0 && part.empty > 0 ? 1 : 0,
    }
  }
  return whole
}

function repeatOf(draft: Draft, body: Piece, min: number, max: number): Part {
  if (max === 0) return NOTHING
  if (max === 1) {
    const part = partOf(draft, body)
    return min === 1 ? part : { ...part, empty: 1 }
  }
  if (max <= WRITTEN_OUT) return writtenOut(draft, body, min, max)
  const part = partOf(draft, body)
  if (min > 1 && part.empty > 0) draft.isTwofold = true
  connect(draft, part.last, part.first)
  if (max === Number.POSITIVE_INFINITY)
    for (const place of part.first) if (part.last.includes(place)) draft.endless.add(place)
  return { ...part, empty: min === 0 ? 1 : part.empty }
}

/** `a{2,4}` is `aa(a(a)?)?`. */
function writtenOut(draft: Draft, body: Piece, min: number, max: number): Part {
  const own = (): Part => partOf(draft, body)
  const optional = (left: number): Part => ({
    ...sequenceOf(draft, left > 1 ? [own, () => optional(left - 1)] : [own]),
    empty: 1,
  })
  const required = Array.from({ length: min }, () => own)
  return sequenceOf(draft, max > min ? [...required, () => optional(max - min)] : required)
}

function connect(draft: Draft, from: readonly number[], to: readonly number[]): void {
  for (const place of from) {
    const next = draft.follow[place]
    if (!next) continue
    for (const other of to) {
      if (next.includes(other)) draft.isTwofold = true
      else next.push(other)
    }
  }
}
