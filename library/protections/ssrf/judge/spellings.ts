import { canonicalIp } from '../../../toolbox/ip.ts'
import { Mapped } from './mapped.ts'

/** What URL parsers decode, map, or leave out. */
const ODD = /[^\x20-\x7e]|%/
const BROKEN = /[\t\r\n\ufeff]/
const BROKEN_ALL = /[\t\r\n\ufeff]/g
/** What apps take lists and pairs apart at. */
export const BETWEEN: RegExp = /[,;|=<>"']/
const BETWEEN_ALL = /[,;|=<>"']/g
const DOT = 0x2e
const ZERO = 0x30
const LONGEST_SIX = 45
const LETTER_X = 0x78
/** So many addresses in brackets are read of all texts together; behind them, any bracket may be the one. */
const MOST_BRACKETS = 2000

/** No longer text can name a machine, and none of an honest request comes near; but there may be links in one. */
export const LONGEST = 2048
export const MOST_LINKS = 32
export const LONGEST_LINK = 300

const mapped = new Mapped()

/**
 * Rules out texts in which a machine is not named, in whatever spelling. Reading a URL costs some microseconds, and a client may send
 * twenty thousand texts.
 */
export class Spellings {
  readonly #host: string
  readonly #address: string
  /** IPv4 addresses as numbers: the machine's own, and what is left of it when the app puts the first digits. */
  readonly #numbers: ReadonlySet<number>
  #brackets = MOST_BRACKETS
  readonly #isAddress: boolean
  readonly #isForeign: boolean
  readonly #isSix: boolean
  /** `.example` of `a.b.example`, and `b.example`. */
  readonly #ending: string
  readonly #end: string

  /** Both in their canonical form. */
  constructor(host: string, address: string) {
    this.#host = host
    this.#address = address
    this.#isAddress = canonicalIp(host) !== undefined
    this.#isForeign = host.includes('xn--')
    this.#isSix = host.includes(':') || address.includes(':')
    this.#numbers = new Set([...endsOf(host), ...endsOf(address)])
    const dot = host.lastIndexOf('.')
    this.#ending = this.#isAddress || dot === -1 ? '' : host.slice(dot)
    this.#end = dot === -1 ? host : host.slice(host.lastIndexOf('.', dot - 1) + 1)
  }

  mayBeIn(text: string): boolean {
    if (text.length <= LONGEST) return this.#mayBeIn(text)
    if (this.#mayBeIn(text.slice(0, LONGEST))) return true
    let at = text.indexOf('://')
    for (let i = 0; i < MOST_LINKS && at !== -1; i++, at = text.indexOf('://', at + 3))
      if (this.#mayBeIn(text.slice(at, at + 3 + LONGEST_LINK))) return true
    return false
  }

  #mayBeIn(raw: string): boolean {
    const isOdd = ODD.test(raw)
    // What is written in other letters is spelled in ASCII only by the parser itself.
    if (isOdd && this.#isForeign) return true
    // Parsers leave these out; but a link inside of a text ends there.
    if (this.#isIn(raw, isOdd) || (isOdd && BROKEN.test(raw) && this.#isIn(raw.replace(BROKEN_ALL, ' '), true)))
      return true
    // A list without blanks is read part by part as well.
    return BETWEEN.test(raw) && !/\s/.test(raw.trim()) && this.#isIn(raw.replace(BETWEEN_ALL, ' '), isOdd)
  }

  #isIn(raw: string, isOdd: boolean): boolean {
    if (this.#isAddress) {
      mapped.read(raw)
      return this.#hasNumber() || this.#hasBrackets(isOdd ? undefined : raw) || this.#hasSix(raw)
    }
    if (isOdd) mapped.read(raw)
    const text = isOdd ? mapped.toString() : raw.toLowerCase()
    if (!text.includes(this.#host) && !text.includes(this.#address) && !this.#mayHaveEnding(text)) return false
    if (this.#hasHost(text) || this.#hasAddress(text) || this.#hasEnding(text)) return true
    if (!isOdd) mapped.read(raw)
    return this.#hasNumber()
  }

  #mayHaveEnding(text: string): boolean {
    return this.#ending !== '' && text.includes(this.#ending)
  }

  /** The end of the name, or all of it, from where a name begins to where one ends. */
  #hasHost(text: string): boolean {
    const host = this.#host
    const end = this.#end
    for (let at = text.indexOf(end); at !== -1; at = text.indexOf(end, at + 1)) {
      if (!endsName(text, at + end.length)) continue
      let from = at
      for (let k = host.length - end.length; k > 0 && from > 0 && text[from - 1] === host[k - 1]; k--) from--
      if (beginsName(text, from)) return true
    }
    return false
  }

  #hasAddress(text: string): boolean {
    const address = this.#address
    for (let at = text.indexOf(address); at !== -1; at = text.indexOf(address, at + 1))
      if (beginsName(text, at) && endsName(text, at + address.length)) return true
    return false
  }

  /** `.example` alone. */
  #hasEnding(text: string): boolean {
    const ending = this.#ending
    if (ending === '') return false
    for (let at = text.indexOf(ending); at !== -1; at = text.indexOf(ending, at + 1))
      if (beginsName(text, at) && endsName(text, at + ending.length)) return true
    return false
  }

  /** Whether a run of letters, digits and dots in what was read is one of the numbers. */
  #hasNumber(): boolean {
    if (this.#numbers.size === 0) return false
    const { codes, size } = mapped
    let from = -1
    for (let i = 0; i <= size; i++) {
      const code = i < size ? (codes[i] as number) : 0
      if ((code >= ZERO && code <= 0x39) || code === DOT || (code >= 0x61 && code <= 0x7a)) {
        if (from === -1) from = i
      } else if (from !== -1) {
        const first = codes[from] as number
        if (first >= ZERO && first <= 0x39 && this.#numbers.has(addressAt(codes, from, i))) return true
        from = -1
      }
    }
    return false
  }

  /** An address of IPv6 without brackets, alone or between what parts lists. */
  #hasSix(raw: string): boolean {
    const first = raw.indexOf(':')
    if (first === -1 || raw.indexOf(':', first + 1) === -1) return false
    for (const part of raw.trim().split(BETWEEN)) {
      if (part.length > LONGEST_SIX || !/^[0-9a-f.:]*$/i.test(part) || !part.includes(':')) continue
      const ip = canonicalIp(part)
      if (ip !== undefined && (ip === this.#host || ip === this.#address)) return true
    }
    return false
  }

  #hasBrackets(raw: string | undefined): boolean {
    if (raw !== undefined && !raw.includes('[')) return false
    const text = raw?.toLowerCase() ?? (mapped.codes.subarray(0, mapped.size).includes(0x5b) ? mapped.toString() : '')
    for (let at = text.indexOf('['); at !== -1; at = text.indexOf('[', at + 1)) {
      const inner = text.slice(at + 1, at + 64)
      // An address of four numbers stands in one of IPv6 only behind these.
      if (!this.#isSix && !inner.includes('ffff:')) continue
      if (--this.#brackets < 0) return true
      const ip = canonicalIp(inner.split(/[\]%]/, 1)[0] ?? '')
      if (ip !== undefined && (ip === this.#host || ip === this.#address)) return true
    }
    return false
  }
}

/** In front of a name: nothing, a blank, or what begins or parts a URL. */
function beginsName(text: string, at: number): boolean {
  if (at === 0) return true
  const code = text.charCodeAt(at - 1)
  return code <= 0x20 || code === 0x2f || code === 0x5c || code === 0x3a || code === 0x40 || code === 0x5b
}

/** Behind a name, and perhaps its last dot: nothing, a blank, a port, a path, or what a link in a text ends with. */
function endsName(text: string, at: number): boolean {
  const end = text.charCodeAt(at) === DOT ? at + 1 : at
  return end >= text.length || /[\x00-\x20:/\\?#"'<>()\]\x7f-\uffff]/.test(text.charAt(end))
}

/** An IPv4 address, and those that it becomes without its first digits: `27.0.0.1` of `127.0.0.1`. */
function endsOf(address: string): number[] {
  const ends: number[] = []
  for (let cut = 0; cut <= address.indexOf('.'); cut++) {
    const codes = Uint16Array.from(address.slice(cut), (sign) => sign.charCodeAt(0))
    const number = addressAt(codes, 0, codes.length)
    if (number !== -1) ends.push(number)
  }
  return ends
}

/** The IPv4 address that is written here, as URL parsers read it: `0x7f.1`, `0177.0.0.1`, `2130706433`. -1 for anything else. */
function addressAt(codes: Uint16Array, from: number, to: number): number {
  const end = codes[to - 1] === DOT ? to - 1 : to
  let value = 0
  let parts = 0
  for (let i = from; i <= end; i++) {
    let base = 10
    let number = 0
    const begin = i
    if (codes[i] === ZERO && i + 1 < end && codes[i + 1] !== DOT) {
      base = codes[i + 1] === LETTER_X ? 16 : 8
      i += base === 16 ? 2 : 1
    }
    for (; i < end && codes[i] !== DOT; i++) {
      const code = codes[i] as number
      const digit = code <= 0x39 ? code - ZERO : code - 0x57
      if (digit < 0 || digit >= base || number > 2 ** 32) return -1
      number = number * base + digit
    }
    if (i === begin || ++parts > 4) return -1
    if (i < end) {
      if (number > 255) return -1
      value = value * 256 + number
    } else {
      if (number >= 256 ** (5 - parts)) return -1
      return value * 256 ** (5 - parts) + number
    }
  }
  return -1
}
