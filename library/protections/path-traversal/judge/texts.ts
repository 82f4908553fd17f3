import type { Untrusted } from '../../../core/sink.ts'
import { percentDecoded } from '../../../firewall/decode.ts'
import { absolutePath, comparable, hasSegments, isPlain, isRooted } from './where.ts'

const UPWARDS = /(?:^|\/)\.\.(?:\/|$)/
/** Where upward steps begin in a path. */
const STEPS = /(?<=^|\/)\.\.\/(?:\.\.?\/|\/)*/g
const MOST_STEPS = 8
const FILE_URL = /^file:(?:\/\/(?:localhost)?)?(?=\/)/

/** What of a client's texts could lead a path somewhere else. Honest requests have next to nothing of it. */
export class PathTexts {
  /** Texts with a segment `..`, in the form that paths are compared in. */
  readonly upwards: string[] = []
  /** Texts in which steps upwards stand behind something else: `name,../other`. */
  readonly mixed: string[] = []
  /** Texts that begin at a root. */
  readonly rooted: string[] = []
  hasNul = false
  /** What paths end with that were put together where nobody saw it, by their last segment. */
  readonly #ends: Groups = new Map()
  /** Whole paths of two segments and more, by the folder that they name something in. */
  readonly #wholes: Groups = new Map()
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
    return isAny(this.#ends.get(form.slice(form.lastIndexOf('/'))), (end) => form.endsWith(end))
  }

  /** Whether a path is one that a client named from the root on, but for an ending such as `.html`. */
  isWhole(form: string): boolean {
    for (; this.#whole < this.rooted.length; this.#whole++) {
      const text = this.rooted[this.#whole] as string
      // `/srv` may be a link on a page, or the name of a folder by chance.
      if (!hasSegments(text, 2)) continue
      const own = isPlain(text) ? text : comparable(absolutePath(text))
      addTo(this.#wholes, own.slice(0, own.lastIndexOf('/')), own)
    }
    // The whole name, or any beginning of it.
    return isAny(this.#wholes.get(form.slice(0, form.lastIndexOf('/'))), (own) => form.startsWith(own))
  }

  /** Upward parts of a path that stand in a longer text: the app took one of several, or cut something off. */
  partsIn(path: string): readonly string[] {
    if (this.upwards.length + this.mixed.length === 0 || !path.includes('..')) return []
    const form = comparable(path)
    const parts: string[] = []
    let looked = 0
    for (const { index } of form.matchAll(STEPS)) {
      if (++looked > MOST_STEPS) break
      for (const part of partsFrom(form.slice(index))) {
        // `../a` of `../a/b` is another way: the code itself may go there.
        const holds = (each: string): boolean => {
          const at = each.indexOf(part)
          return at !== -1 && each.length > part.length && each.charCodeAt(at + part.length) !== SLASH
        }
        const text = this.upwards.find(holds) ?? this.mixed.find(holds)
        if (text === undefined) continue
        parts.push(withFront(form, index, text, text.indexOf(part), part))
        break
      }
    }
    return parts
  }

  #add(text: string): void {
    if (text.includes('\0')) this.hasNul = true
    if (!mayLead(text)) return
    const form = comparable(text.trim())
    if (form.includes('..')) {
      if (UPWARDS.test(form)) this.upwards.push(form)
      else if (form.includes('../')) this.mixed.push(form)
      // Whoever takes `../` out only once makes `../` of `....//`.
      const stripped = form.replaceAll('../', '')
      if (UPWARDS.test(stripped)) this.upwards.push(stripped)
    }
    const place = form.replace(FILE_URL, '')
    if (isRooted(place)) this.rooted.push(place)
  }
}

/** The rest of a path, and what it is without an ending or a name that the app put behind it. Steps alone are in every path. */
function partsFrom(rest: string): readonly string[] {
  const slash = rest.lastIndexOf('/')
  const dot = rest.lastIndexOf('.')
  const parts = [rest, dot > slash + 1 ? rest.slice(0, dot) : '', rest.slice(0, Math.max(slash, 0))]
  return parts.filter((part) => /[^./]/.test(part))
}

/** A part with all in front of it that is the same in the path and in the text: `a/../b` stays where `../b` leads out. */
function withFront(path: string, at: number, text: string, place: number, part: string): string {
  let size = 0
  while (size < at && size < place && path.charCodeAt(at - size - 1) === text.charCodeAt(place - size - 1)) size++
  return path.slice(at - size, at) + part
}

/** Whether a text may have a segment `..`, or begin at a root. Most have nothing of it. */
function mayLead(text: string): boolean {
  let at = 0
  while (text.charCodeAt(at) <= 0x20) at++
  const first = text.charCodeAt(at)
  // Letters beyond ASCII may be blanks, or become letters of drives.
  if (first === 0x2f || first === 0x5c || first >= 0x80) return true
  // `c:`, and `file:`.
  if (text.charCodeAt(at + 1) === COLON || text.charCodeAt(at + 4) === COLON) return true
  return text.includes('..')
}

const COLON = 0x3a
const SLASH = 0x2f
const DOT = 0x2e
/** Where the segments of a text begin that are left of it, for as long as it is looked at. */
const begins: number[] = []

/** `/b/c` of `a/../../b/c`: what is behind the steps that lead out, if it is long enough to mean something. */
function behindUpwards(text: string): string | undefined {
  let left = 0
  let out = false
  let from = 0
  let end = 0
  /** How long what is left would be, each with a slash in front. */
  let size = 0
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && text.charCodeAt(i) !== SLASH) continue
    const length = i - from
    if (length === 2 && text.charCodeAt(from) === DOT && text.charCodeAt(from + 1) === DOT) {
      if (left === 0) out = true
      else left--
      size = 0
    } else if (length > 1 || (length === 1 && text.charCodeAt(from) !== DOT)) {
      begins[left++] = from
      size += length + 1
      end = i
    }
    from = i + 1
  }
  if (!out || left < 2) return undefined
  const first = begins[0] as number
  if (first > 0 && end - first + 1 === size) return text.slice(first - 1, end)
  const segments: string[] = []
  for (let k = 0; k < left; k++) {
    const begin = begins[k] as number
    const slash = text.indexOf('/', begin)
    segments.push(slash === -1 ? text.slice(begin) : text.slice(begin, slash))
  }
  return `/${segments.join('/')}`
}

/** Texts by what they have in common: most have it alone. */
type Groups = Map<string, string | Set<string>>

function addTo(groups: Groups, key: string, text: string): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, text)
  else if (typeof group !== 'string') group.add(text)
  else if (group !== text) groups.set(key, new Set([group, text]))
}

function isAny(group: string | Set<string> | undefined, is: (text: string) => boolean): boolean {
  if (group === undefined) return false
  if (typeof group === 'string') return is(group)
  for (const text of group) if (is(text)) return true
  return false
}

/** Whether the part of the input that was not taken apart holds this text, plain or in the ways that forms and JSON write it. */
export function restHolds(rest: string, text: string): boolean {
  if (rest === '' || text.length < 2) return false
  const form = comparable(rest)
  if (form.includes(text) || form.replaceAll('//', '/').includes(text)) return true
  const plain = percentDecoded(rest)
  return plain !== undefined && comparable(plain).includes(text)
}
