import { percentDecoded } from '../../../firewall/decode.ts'
import { canonicalIp } from '../../../toolbox/ip.ts'

/** What URL parsers decode, map, or leave out. */
const ODD = /[^\x20-\x7e]|%/
const MAPPED = /[^\x20-\x7e]/
const LEFT_OUT = /[\t\r\n]|\p{Default_Ignorable_Code_Point}/gu
const DOTS = /[\u3002\uff0e\uff61]/g
const DIGIT = /\d/
const DOT = 0x2e
const PART = /^(?:0x[0-9a-f]*|\d+)$/
const MOST_RUNS = 64
const MOST_BRACKETS = 16

/**
 * Rules out texts in which a machine is not named, in whatever spelling. Reading a URL costs some microseconds, and a client may send
 * twenty thousand texts.
 */
export class Spellings {
  readonly #host: string
  readonly #address: string
  /** The last three numbers of an IPv4 address: whoever chooses the end of a name may choose no more than that. */
  readonly #numbers: number | undefined
  readonly #isAddress: boolean
  readonly #isForeign: boolean
  /** `.example` of `a.b.example`, and `b.example`. */
  readonly #ending: string
  readonly #end: string

  /** Both in their canonical form. */
  constructor(host: string, address: string) {
    this.#host = host
    this.#address = address
    this.#isAddress = canonicalIp(host) !== undefined
    this.#isForeign = host.includes('xn--')
    this.#numbers = this.#isAddress ? low(host) : undefined
    const dot = host.lastIndexOf('.')
    this.#ending = this.#isAddress || dot === -1 ? '' : host.slice(dot)
    this.#end = dot === -1 ? host : host.slice(host.lastIndexOf('.', dot - 1) + 1)
  }

  mayBeIn(raw: string): boolean {
    const isOdd = ODD.test(raw)
    // What is written in other letters is spelled in ASCII only by the parser itself.
    if (isOdd && this.#isForeign) return true
    const text = (isOdd ? plain(raw) : raw).toLowerCase()
    if (this.#isAddress && DIGIT.test(text) && (this.#hasNumbers(text) || this.#hasBrackets(text))) return true
    return text.includes(this.#host) || text.includes(this.#address) || this.#hasEnding(text)
  }

  #hasEnding(text: string): boolean {
    const ending = this.#ending
    if (ending === '') return false
    let at = text.indexOf(ending)
    if (at === -1) return false
    if (text.includes(this.#end)) return true
    for (; at !== -1; at = text.indexOf(ending, at + 1)) if (at === 0 || !/[\w-]/.test(text.charAt(at - 1))) return true
    return false
  }

  #hasNumbers(text: string): boolean {
    if (this.#numbers === undefined) return false
    let runs = 0
    let from = -1
    /** Whether the last part of the run begins like a number: only then it is an address. */
    let isNumber = false
    let isFirst = true
    for (let i = 0; i <= text.length; i++) {
      const code = text.charCodeAt(i)
      const isDigit = code >= 0x30 && code <= 0x39
      if (isDigit || code === DOT || (code >= 0x61 && code <= 0x7a)) {
        if (from === -1) {
          from = i
          isFirst = true
        }
        if (code === DOT) isFirst = true
        else if (isFirst) {
          isNumber = isDigit
          isFirst = false
        }
      } else {
        if (isNumber && (low(text.slice(from, i)) === this.#numbers || ++runs > MOST_RUNS)) return true
        from = -1
        isNumber = false
      }
    }
    return false
  }

  #hasBrackets(text: string): boolean {
    let brackets = 0
    for (let at = text.indexOf('['); at !== -1; at = text.indexOf('[', at + 1)) {
      const ip = canonicalIp(text.slice(at + 1, at + 64).split(/[\]%]/, 1)[0] ?? '')
      if (ip !== undefined && (ip === this.#host || ip === this.#address)) return true
      if (++brackets > MOST_BRACKETS) return true
    }
    return false
  }
}

function plain(text: string): string {
  const decoded = percentDecoded(text) ?? text
  if (!MAPPED.test(decoded)) return decoded
  return decoded.replace(LEFT_OUT, '').normalize('NFKC').replace(DOTS, '.')
}

/** The lower three bytes of an IPv4 address, read as URL parsers and the C library do: `0x7f.1`, `0177.0.0.1`, `2130706433`. */
function low(run: string): number | undefined {
  const parts = (run.endsWith('.') ? run.slice(0, -1) : run).split('.')
  // A name may stand in front of it, or what the app puts there.
  let value = 0
  const count = Math.min(parts.length, 4)
  const used = parts.slice(-count)
  for (const [i, part] of used.entries()) {
    if (!PART.test(part)) {
      if (i === count - 1) return undefined
      value = 0
      continue
    }
    const number = /^0\d/.test(part) ? Number.parseInt(part, 8) : part === '0x' ? 0 : Number(part)
    value = i === count - 1 ? value * 256 ** (5 - count) + number : value * 256 + number
  }
  return value % 2 ** 24
}
