import { Finder } from './finder.ts'
import { presentIn } from './presence.ts'

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

/**
 * Whether any of the texts is more than a part of one string in the script: it ends a string, begins one, or is code.
 * What the script's author escaped is not found as it came, and so does not count.
 */
export function isInjected(script: string, texts: readonly string[]): boolean {
  let stretches: readonly Stretch[] | undefined
  let left = MOST_OCCURRENCES
  const finder = new Finder(script)
  for (const text of presentIn(script, texts)) {
    if (text.length > script.length || isHarmless(text)) continue
    for (let at = finder.indexOf(text); at !== -1; at = finder.indexOf(text, at + 1)) {
      stretches ??= stretchesOf(script)
      left -= 1 + Math.floor(text.length / LONG)
      if (left < 0 || !isInside(stretches, at, at + text.length)) return true
    }
  }
  return false
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
  let last = ''
  let i = 0
  const take = (from: number, end: number): void => {
    found.push({ from, to: end })
  }
  while (i < script.length) {
    const sign = script[i] as string
    if (sign === "'" || sign === '"') {
      const end = endOf(script, i + 1, sign)
      take(i + 1, end)
      i = end + 1
      last = 'a'
    } else if (sign === '`' || (sign === '}' && templates.at(-1) === 0)) {
      if (sign === '}') templates.pop()
      const end = endOfTemplate(script, i + 1)
      take(i + 1, end)
      if (script[end] === '$') {
        templates.push(0)
        i = end + 2
        last = '{'
      } else {
        i = end + 1
        last = 'a'
      }
    } else if (script.startsWith('//', i)) {
      const end = lineEnd(script, i)
      take(i + 2, end)
      i = end
    } else if (script.startsWith('/*', i)) {
      const close = script.indexOf('*/', i + 2)
      const end = close === -1 ? script.length : close
      take(i + 2, end)
      i = end + 2
    } else if (sign === '/' && !/[\w$)\]}]/.test(last)) {
      const end = endOf(script, i + 1, '/')
      take(i + 1, end)
      i = end + 1
      last = 'a'
    } else {
      if (templates.length > 0 && (sign === '{' || sign === '}'))
        templates[templates.length - 1] = (templates.at(-1) as number) + (sign === '{' ? 1 : -1)
      if (/\S/.test(sign)) last = sign
      i++
    }
  }
  return found
}

/** A string and a regular expression end with their line as well, since the next line would be code in any case. */
function endOf(script: string, from: number, close: string): number {
  for (let i = from; i < script.length; i++) {
    const sign = script[i]
    if (sign === '\\') i++
    else if (sign === close || sign === '\n' || sign === '\r') return i
  }
  return script.length
}

function endOfTemplate(script: string, from: number): number {
  for (let i = from; i < script.length; i++) {
    const sign = script[i]
    if (sign === '\\') i++
    else if (sign === '`' || (sign === '$' && script[i + 1] === '{')) return i
  }
  return script.length
}

/** JavaScript ends lines at these as well. */
function lineEnd(script: string, from: number): number {
  for (let i = from; i < script.length; i++) if (/[\n\r\u2028\u2029]/.test(script[i] as string)) return i
  return script.length
}
