/** What a token is. */
export const SPACE = 0
export const COMMENT = 1
export const STRING = 2
/** An identifier in quotes. */
export const QUOTED = 3
export const NUMBER = 4
export const WORD = 5
export const PLACEHOLDER = 6
export const OPERATOR = 7

export type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7

/** The tokens of one text in a few flat arrays, which are used again for the next text. */
export class Tokens {
  count = 0
  /** Whether every string, identifier and comment has its end. */
  closed = true
  /** Whether parentheses match. */
  balanced = true
  kind: Uint8Array = new Uint8Array(256)
  start: Int32Array = new Int32Array(256)
  end: Int32Array = new Int32Array(256)
  /** How many characters open a quoted token or a comment, and how many close it. */
  open: Uint8Array = new Uint8Array(256)
  close: Uint8Array = new Uint8Array(256)

  /** What they are the tokens of. */
  of: string | undefined = undefined
  by: object | undefined = undefined

  clear(): void {
    this.of = undefined
    this.count = 0
    this.closed = true
    this.balanced = true
  }

  /** Takes what the other ones hold, and leaves them its own. */
  swap(other: Tokens): void {
    const own = { ...this }
    Object.assign(this, other)
    Object.assign(other, own)
  }

  add(kind: Kind, start: number, end: number, open: number, close: number): void {
    const i = this.count
    if (i === this.kind.length) this.#grow()
    this.kind[i] = kind
    this.start[i] = start
    this.end[i] = end
    this.open[i] = Math.min(open, 255)
    this.close[i] = Math.min(close, 255)
    this.count = i + 1
  }

  /** The token that the character at this place belongs to. */
  at(place: number): number {
    let low = 0
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.start[middle] as number) <= place) low = middle
      else high = middle - 1
    }
    return low
  }

  isCode(i: number): boolean {
    return (this.kind[i] as number) > COMMENT
  }

  /** The nearest token before `i` that is neither blank nor comment, or -1. */
  before(i: number): number {
    let at = i - 1
    while (at >= 0 && !this.isCode(at)) at--
    return at
  }

  /** The nearest token behind `i` that is neither blank nor comment, or -1. */
  after(i: number): number {
    let at = i + 1
    while (at < this.count && !this.isCode(at)) at++
    return at < this.count ? at : -1
  }

  #grow(): void {
    const size = this.kind.length * 2
    const grown = <A extends Uint8Array | Int32Array>(old: A, fresh: A): A => {
      fresh.set(old)
      return fresh
    }
    this.kind = grown(this.kind, new Uint8Array(size))
    this.start = grown(this.start, new Int32Array(size))
    this.end = grown(this.end, new Int32Array(size))
    this.open = grown(this.open, new Uint8Array(size))
    this.close = grown(this.close, new Uint8Array(size))
  }
}

/** Those of the statement that is judged: whoever asks for them again in the course of that finds them as they are. */
export const statement: Tokens = new Tokens()
