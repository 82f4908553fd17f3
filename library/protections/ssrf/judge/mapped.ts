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
    let end = from
    while (
      text.charCodeAt(end) === PERCENT &&
      digitOf(text.charCodeAt(end + 1)) >= 0 &&
      digitOf(text.charCodeAt(end + 2)) >= 0
    )
      end += 3
    if (end === from) {
      this.codes[this.size++] = PERCENT
      return from + 1
    }
    const code = digitOf(text.charCodeAt(from + 1)) * 16 + digitOf(text.charCodeAt(from + 2))
    const run = end === from + 3 && code < 0x80 ? String.fromCharCode(code) : text.slice(from, end)
    this.#add(run.length === 1 ? run : (percentDecoded(run) ?? run), false)
    return end
  }
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
