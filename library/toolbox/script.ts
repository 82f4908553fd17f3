import { longestOf, Places, wholeOf, withoutDepths } from './depths.ts'
import { presenceInCuts, presentIn } from './presence.ts'

/** Stretches of a script in which text is only text: strings, templates, regular expressions and comments. */
interface Stretch {
  readonly from: number
  /** Behind the last character. */
  readonly to: number
}

/** Scripts are short; one in which this much occurs is not looked at further, and is not let through. */
const MOST_OCCURRENCES = 1000
/** Each so many characters of a text count like one more occurrence. */
const LONG = 1000
/** For so much of a script and so many texts it is worth the while to cut off what is deep inside of strings. */
const LONG_SCRIPT = 1024
const MANY = 48

/**
 * Whether any of the texts is more than a part of one string in the script: it ends a string, begins one, or is code.
 * What the script's author escaped is not found as it came, and so does not count.
 */
export function isInjected(script: string, texts: readonly string[]): boolean {
  return new Script(script).isInjectedBy(texts)
}

/** A script that several lists of texts are compared to. */
export class Script {
  readonly text: string
  #stretches: readonly Stretch[] | undefined
  #whole: Places | undefined
  #left = MOST_OCCURRENCES

  constructor(text: string) {
    this.text = text
  }

  /** As {@link isInjected}. `isCode` is asked of texts that occur: those that are none may stand anywhere, as often as they like. */
  isInjectedBy(texts: readonly string[], isCode: (text: string) => boolean = () => true): boolean {
    if (texts.length <= MANY || this.text.length <= LONG_SCRIPT) {
      this.#whole ??= new Places(wholeOf(this.text))
      return this.#isInjectedBy(presentIn(this.text, texts), this.#whole, isCode)
    }
    this.#stretches ??= stretchesOf(this.text)
    const runs: number[] = []
    for (const { from, to } of this.#stretches) runs.push(from, to)
    const lefts = withoutDepths(this.text, runs, longestOf(texts))
    const marks = presenceInCuts(lefts, texts)
    const present = texts.filter((_, i) => marks[i] !== 0)
    return this.#isInjectedBy(present, new Places(lefts), isCode)
  }

  #isInjectedBy(texts: readonly string[], places: Places, isCode: (text: string) => boolean): boolean {
    for (const text of texts) {
      if (text.length > this.text.length || isHarmless(text)) continue
      let isKnown = false
      for (const at of places.of(text)) {
        if (!isKnown && !isCode(text)) break
        isKnown = true
        this.#stretches ??= stretchesOf(this.text)
        this.#left -= 1 + Math.floor(text.length / LONG)
        if (this.#left < 0 || !isInside(this.#stretches, at, at + text.length)) return true
      }
    }
    return false
  }
}

/** Blanks, and numbers with their sign, do nothing by themselves. */
function isHarmless(text: string): boolean {
  return /^\s*$|^[-+]?\d+(?:\.\d+)?$/.test(text)
}

function isInside(stretches: readonly Stretch[], from: number, to: number): boolean {
  let low = 0
  let high = stretches.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const stretch = stretches[middle] as Stretch
    if (from < stretch.from) high = middle - 1
    else if (from >= stretch.to) low = middle + 1
    else return to <= stretch.to
  }
  return false
}

/** The inner parts of what is no code, in order. What has no end goes to the end of the script. */
export function stretchesOf(script: string): readonly Stretch[] {
  const found: Stretch[] = []
  /** Templates that are open, each with how many braces are open in its `${}`. */
  const templates: number[] = []
  /** What code ended with last: it tells whether a slash divides. */
  let last = 0
  let i = 0
  const take = (from: number, end: number): void => {
    found.push({ from, to: end })
  }
  while (i < script.length) {
    const sign = script.charCodeAt(i)
    if (sign === SINGLE_QUOTE || sign === DOUBLE_QUOTE) {
      const end = endOf(script, i + 1, sign)
      take(i + 1, end)
      i = end + 1
      last = LETTER
    } else if (sign === BACKTICK || (sign === CLOSE && templates.at(-1) === 0)) {
      if (sign === CLOSE) templates.pop()
      const end = endOfTemplate(script, i + 1)
      take(i + 1, end)
      if (script.charCodeAt(end) === DOLLAR) {
        templates.push(0)
        i = end + 2
        last = OPEN
      } else {
        i = end + 1
        last = LETTER
      }
    } else if (sign === SLASH && script.charCodeAt(i + 1) === SLASH) {
      const end = lineEnd(script, i)
      take(i + 2, end)
      i = end
    } else if (sign === SLASH && script.charCodeAt(i + 1) === STAR) {
      const close = script.indexOf('*/', i + 2)
      const end = close === -1 ? script.length : close
      take(i + 2, end)
      i = end + 2
    } else if (sign === SLASH && !/[\w$)\]}]/.test(String.fromCharCode(last))) {
      const end = endOf(script, i + 1, SLASH)
      take(i + 1, end)
      i = end + 1
      last = LETTER
    } else {
      if (templates.length > 0 && (sign === OPEN || sign === CLOSE))
        templates[templates.length - 1] = (templates.at(-1) as number) + (sign === OPEN ? 1 : -1)
      if (!isBlank(sign)) last = sign
      i++
    }
  }
  return found
}

const SINGLE_QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKTICK = 0x60
const BACKSLASH = 0x5c
const SLASH = 0x2f
const STAR = 0x2a
const DOLLAR = 0x24
const OPEN = 0x7b
const CLOSE = 0x7d
const LETTER = 0x61
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

function isBlank(code: number): boolean {
  return code < 0x80 ? code === 0x20 || (code >= 9 && code <= 13) : /\s/.test(String.fromCharCode(code))
}

/** A string and a regular expression end with their line as well, since the next line would be code in any case. */
function endOf(script: string, from: number, close: number): number {
  for (let i = from; i < script.length; i++) {
    const sign = script.charCodeAt(i)
    if (sign === BACKSLASH) i++
    else if (sign === close || sign === LINE_FEED || sign === CARRIAGE_RETURN) return i
  }
  return script.length
}

function endOfTemplate(script: string, from: number): number {
  for (let i = from; i < script.length; i++) {
    const sign = script.charCodeAt(i)
    if (sign === BACKSLASH) i++
    else if (sign === BACKTICK || (sign === DOLLAR && script.charCodeAt(i + 1) === OPEN)) return i
  }
  return script.length
}

/** JavaScript ends lines at these as well. */
function lineEnd(script: string, from: number): number {
  for (let i = from; i < script.length; i++) {
    const sign = script.charCodeAt(i)
    if (sign === LINE_FEED || sign === CARRIAGE_RETURN || sign === 0x2028 || sign === 0x2029) return i
  }
  return script.length
}
