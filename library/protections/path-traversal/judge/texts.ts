import type { Untrusted } from '../../../core/sink.ts'
import { percentDecoded } from '../../../firewall/decode.ts'
import { comparable, isRooted } from './where.ts'

const UPWARDS = /(?:^|\/)\.\.(?:\/|$)/
const FILE_URL = /^file:(?:\/\/(?:localhost)?)?(?=\/)/

/** What of a client's texts could lead a path somewhere else. Honest requests have next to nothing of it. */
export class PathTexts {
  /** Texts with a segment `..`, in the form that paths are compared in. */
  readonly upwards: string[] = []
  /** Texts that begin at a root. */
  readonly rooted: string[] = []
  hasNul = false
  #seen = 0

  /** Reads what has arrived since the last time. */
  readFrom(untrusted: Untrusted): void {
    const texts = untrusted.structured()
    for (; this.#seen < texts.length; this.#seen++) this.#add(texts[this.#seen] as string)
  }

  #add(text: string): void {
    if (text.includes('\0')) this.hasNul = true
    const form = comparable(text.trim())
    if (form.includes('..')) {
      if (UPWARDS.test(form)) this.upwards.push(form)
      // Whoever takes `../` out only once makes `../` of `....//`.
      const stripped = form.replaceAll('../', '')
      if (UPWARDS.test(stripped)) this.upwards.push(stripped)
    }
    const place = form.replace(FILE_URL, '')
    if (isRooted(place)) this.rooted.push(place)
  }
}

/** Whether the part of the input that was not taken apart holds this text, plain or in the ways that forms and JSON write it. */
export function restHolds(rest: string, text: string): boolean {
  if (rest === '' || text.length < 2) return false
  const form = comparable(rest)
  if (form.includes(text) || form.replaceAll('//', '/').includes(text)) return true
  const plain = percentDecoded(rest)
  return plain !== undefined && comparable(plain).includes(text)
}
