import { shapeOf, skeletonOf } from './skeleton.ts'
import { NUMBER, SPACE, STRING, type Tokens, WORD } from './tokens.ts'

const BITS = 9
const SLOTS: number = 2 ** BITS
/** Longer statements are rare, and would take room from the others. */
const MOST_TOKENS = 1024
const LONGEST_SHAPE = 4096
/** In how many places a client may have chosen a name, of one form. */
export const MOST_CHOSEN: number = 16
const PRIME = 0x01000193
const BLANK = 0x20
const BEYOND_ASCII = 0x80

/** What is the same in all statements of one line of code. */
export interface Form {
  /** Of each token but blanks, in order. */
  readonly kinds: Uint8Array
  readonly closed: boolean
  readonly shape: string
  skeleton: string | undefined
  /** By the tokens that a client chose: the skeleton in which they count as one value, where a value may be meant. */
  readonly chosen: Map<number, string | undefined>
}

/**
 * The forms of statements that were seen lately, so that the next statement of the same line of code needs no texts of its own to be known by.
 *
 * A form is found by a number made of its code, and is only taken when all of its code is the same, sign by sign: a client that finds two
 * forms of one number takes time, and nothing else.
 */
export class KnownForms {
  readonly #slots: (Form | undefined)[] = new Array<Form | undefined>(SLOTS).fill(undefined)
  #last: Form | undefined = undefined
  #of: string | undefined = undefined
  #by: object | undefined = undefined

  of(sql: string, tokens: Tokens): Form {
    // One statement is asked about several times.
    if (this.#last !== undefined && this.#of === sql && tokens.of === sql && this.#by === tokens.by) return this.#last
    const form = this.#formOf(sql, tokens)
    this.#last = form
    this.#of = tokens.of
    this.#by = tokens.by
    return form
  }

  #formOf(sql: string, tokens: Tokens): Form {
    const hash = tokens.count > MOST_TOKENS ? undefined : hashOf(sql, tokens)
    if (hash === undefined) return formOf(sql, tokens)
    const slot = hash >>> (32 - BITS)
    const known = this.#slots[slot]
    if (known !== undefined && isOf(known, sql, tokens)) return known
    const form = formOf(sql, tokens)
    if (form.shape.length <= LONGEST_SHAPE) this.#slots[slot] = form
    return form
  }
}

export function skeletonIn(form: Form, sql: string, tokens: Tokens): string {
  return (form.skeleton ??= skeletonOf(sql, tokens))
}

/** The tokens that these characters touch, as a number that is the same in all statements of one form. */
export function placeIn(tokens: Tokens, from: number, to: number): number {
  const { kind, start } = tokens
  // Blanks are no part of a form, and may be many or few.
  let before = 0
  let within = 0
  const first = tokens.at(from)
  for (let i = 0; i < tokens.count && (start[i] as number) < to; i++) {
    if (kind[i] === SPACE) continue
    if (i < first) before++
    else within++
  }
  return before * 2 ** 20 + within
}

function formOf(sql: string, tokens: Tokens): Form {
  const kinds = tokens.kind.slice(0, tokens.count).filter((kind) => kind !== SPACE)
  return { kinds, closed: tokens.closed, shape: shapeOf(sql, tokens), skeleton: undefined, chosen: new Map() }
}

/** `undefined` where letters change their case in other ways than these here. */
function hashOf(sql: string, tokens: Tokens): number | undefined {
  const { count, kind: kinds, start, end } = tokens
  let hash = 0x811c9dc5
  for (let i = 0; i < count; i++) {
    const kind = kinds[i] as number
    if (kind === SPACE) continue
    hash = Math.imul(hash ^ kind, PRIME)
    if (kind === STRING || kind === NUMBER) continue
    const to = end[i] as number
    for (let at = start[i] as number; at < to; at++) {
      const code = sql.charCodeAt(at)
      if (code >= BEYOND_ASCII) return undefined
      hash = Math.imul(hash ^ (kind === WORD ? lowered(code) : code), PRIME)
    }
  }
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
}

function isOf(form: Form, sql: string, tokens: Tokens): boolean {
  const { kinds, shape } = form
  const { count, kind: own, start, end } = tokens
  if (form.closed !== tokens.closed) return false
  let nth = 0
  let place = 0
  for (let i = 0; i < count; i++) {
    const kind = own[i] as number
    if (kind === SPACE) continue
    if (nth === kinds.length || kinds[nth++] !== kind || shape.charCodeAt(place++) !== BLANK) return false
    if (kind === STRING || kind === NUMBER) {
      place++
      continue
    }
    const to = end[i] as number
    for (let at = start[i] as number; at < to; at++) {
      const code = sql.charCodeAt(at)
      if (shape.charCodeAt(place++) !== (kind === WORD ? lowered(code) : code)) return false
    }
  }
  return nth === kinds.length && place === shape.length
}

function lowered(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code
}
