import { percentDecoded } from '../../../firewall/decode.ts'

const LEFT_OUT = /[\t\r\n]|\p{Default_Ignorable_Code_Point}/gu
const DOTS = /[\u3002\uff0e\uff61]/g
/** Beyond the letters that two bytes can number, so many are remembered. */
const MOST_REMEMBERED = 4096
const PERCENT = 0x25

const forms: (string | undefined)[] = []
const rare = new Map<number, string>()

/** What URL parsers make of the signs of a host's name, in lower case: decoded, mapped, left out. More than they do may become ASCII, never less. */
export class Mapped {
  codes: Uint16Array = new Uint16Array(1024)
  size = 0

  read(text: string): void {
    this.size = 0
    this.#add(text, true)
  }

  /** As text. */
  toString(): string {
    let text = ''
    for (let at = 0; at < this.size; at += 4096)
      text += String.fromCharCode(...this.codes.subarray(at, Math.min(at + 4096, this.size)))
    return text
  }

  #add(text: string, isEncoded: boolean): void {
    // Of no letter more than eighteen become, and those that do are three bytes long.
    const most = this.size + text.length * 18
    if (this.codes.length < most) {
      const more = new Uint16Array(most * 2)
      more.set(this.codes.subarray(0, this.size))
      this.codes = more
    }
    for (let i = 0; i < text.length; ) {
      const code = text.charCodeAt(i)
      if (code === PERCENT && isEncoded) i = this.#addEncoded(text, i)
      else if (code < 0x80) {
        if (code !== 9 && code !== 10 && code !== 13)
          this.codes[this.size++] = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
        i++
      } else {
        const point = text.codePointAt(i) as number
        const form = formOf(point)
        for (let k = 0; k < form.length; k++) this.codes[this.size++] = form.charCodeAt(k)
        i += point > 0xffff ? 2 : 1
      }
    }
  }

  #addEncoded(text: string, from: number): number {
    const one = byteAt(text, from)
    if (one === -1) {
      this.codes[this.size++] = PERCENT
      return from + 1
    }
    const two = one < 0x80 ? 0 : byteAt(text, from + 3)
    const three = one < 0xe0 ? 0x80 : byteAt(text, from + 6)
    const point =
      one < 0xe0 ? ((one & 0x1f) << 6) | (two & 0x3f) : ((one & 0xf) << 12) | ((two & 0x3f) << 6) | (three & 0x3f)
    if (one < 0x80 || (one >= 0xc0 && one < 0xf0 && isMore(two) && isMore(three) && isShortest(one, point))) {
      this.#add(String.fromCharCode(one < 0x80 ? one : point), false)
      return from + (one < 0x80 ? 3 : one < 0xe0 ? 6 : 9)
    }
    // Four bytes, and what is no UTF-8.
    let end = from
    while (byteAt(text, end) !== -1) end += 3
    const run = text.slice(from, end)
    this.#add(percentDecoded(run) ?? run, false)
    return end
  }
}

/** The byte that is written here as `%41`, or -1. */
function byteAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== PERCENT) return -1
  const high = digitOf(text.charCodeAt(at + 1))
  const low = digitOf(text.charCodeAt(at + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function isMore(byte: number): boolean {
  return (byte & 0xc0) === 0x80 && byte !== -1
}

function isShortest(first: number, point: number): boolean {
  return first < 0xe0 ? point >= 0x80 : point >= 0x800 && (point & 0xf800) !== 0xd800
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function formOf(point: number): string {
  const known = point <= 0xffff ? forms[point] : rare.get(point)
  if (known !== undefined) return known
  const form = String.fromCodePoint(point).replace(LEFT_OUT, '').normalize('NFKC').replace(DOTS, '.').toLowerCase()
  if (point <= 0xffff) forms[point] = form
  else if (rare.size < MOST_REMEMBERED) rare.set(point, form)
  return form
}
