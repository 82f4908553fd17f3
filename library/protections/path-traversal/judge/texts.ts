import type { Untrusted } from '../../../core/sink.ts'
import { percentDecoded } from '../../../firewall/decode.ts'
import { absolutePath, comparable, hasSegments, isRooted } from './where.ts'

const UPWARDS = /(?:^|\/)\.\.(?:\/|$)/
const FILE_URL = /^file:(?:\/\/(?:localhost)?)?(?=\/)/

/** What of a client's texts could lead a path somewhere else. Honest requests have next to nothing of it. */
export class PathTexts {
  /** Texts with a segment `..`, in the form that paths are compared in. */
  readonly upwards: string[] = []
  /** Texts that begin at a root. */
  readonly rooted: string[] = []
  hasNul = false
  /** What paths end with that were put together where nobody saw it, by their last segment. */
  readonly #ends = new Map<string, Set<string>>()
  /** Whole paths of two segments and more, by the folder that they name something in. */
  readonly #wholes = new Map<string, Set<string>>()
  #seen = 0
  #ended = 0
  #whole = 0

  /** Reads what has arrived since the last time. */
  readFrom(untrusted: Untrusted): void {
    const texts = untrusted.structured()
    for (; this.#seen < texts.length; this.#seen++) this.#add(texts[this.#seen] as string)
  }

  /** Whether a path, in the form that paths are compared in, ends the way that a client's upward steps do. */
  endsUpwards(form: string): boolean {
    for (; this.#ended < this.upwards.length; this.#ended++) {
      const end = behindUpwards(this.upwards[this.#ended] as string)
      if (end !== undefined) addTo(this.#ends, end.slice(end.lastIndexOf('/')), end)
    }
    const ends = this.#ends.get(form.slice(form.lastIndexOf('/')))
    if (ends === undefined) return false
    for (const end of ends) if (form.endsWith(end)) return true
    return false
  }

  /** Whether a path is one that a client named from the root on, but for an ending such as `.html`. */
  isWhole(form: string): boolean {
    for (; this.#whole < this.rooted.length; this.#whole++) {
      const text = this.rooted[this.#whole] as string
      // `/srv` may be a link on a page, or the name of a folder by chance.
      if (!hasSegments(text, 2)) continue
      const own = comparable(absolutePath(text))
      addTo(this.#wholes, own.slice(0, own.lastIndexOf('/')), own)
    }
    const slash = form.lastIndexOf('/')
    const wholes = this.#wholes.get(form.slice(0, slash))
    if (wholes === undefined) return false
    // The whole name, or any beginning of it.
    for (let end = form.length; end > slash; end--) if (wholes.has(form.slice(0, end))) return true
    return false
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

/** `/b/c` of `a/../../b/c`: what is behind the steps that lead out, if it is long enough to mean something. */
function behindUpwards(text: string): string | undefined {
  const segments: string[] = []
  let out = false
  for (const segment of text.split('/')) {
    if (segment === '..') out = segments.pop() === undefined || out
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return out && segments.length >= 2 ? `/${segments.join('/')}` : undefined
}

function addTo(groups: Map<string, Set<string>>, key: string, text: string): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, new Set([text]))
  else group.add(text)
}

/** Whether the part of the input that was not taken apart holds this text, plain or in the ways that forms and JSON write it. */
export function restHolds(rest: string, text: string): boolean {
  if (rest === '' || text.length < 2) return false
  const form = comparable(rest)
  if (form.includes(text) || form.replaceAll('//', '/').includes(text)) return true
  const plain = percentDecoded(rest)
  return plain !== undefined && comparable(plain).includes(text)
}
