import { isLikeJson } from '../../../firewall/decode.ts'

/** Texts of a client that would do something if they were code. */

/** How templates mark code, by the sign in front of it and the one behind it. */
const MARKS: readonly (readonly [string, string])[] = [
  ['<%', '%>'],
  ['{{', '}}'],
  ['{%', '%}'],
  ['#{', '}'],
  ['!{', '}'],
  ['${', '}'],
]
/** Signs of engines next to the marks: `<%=`, `-%>`, `{{{`. */
const EDGES = '-=_#~&!{}'
const MARKED = /<%|\{[{%]|[#!$]\{/
const LONGEST_MARKED = 2000
/** As many as texts are collected at all. */
const MOST_MARKED = 40_000
const ARITHMETIC = /^[\d\s.+*/()%-]*$/
/** Calls, assigns, reads a property, or has two words one after the other. */
const ACTS = /[(=`]|\[[\s\S]|[\w$)\]]\s*\.\s*[\w$]|[\w$]\s+[\w$]|=>/
const SHORTEST = 3
const LINE = 12

/** What is marked in the texts of one exchange, for as long as their list lives: most clients mark nothing. */
const known = new WeakMap<readonly string[], { read: number; readonly pieces: string[] }>()

/** The lines of a program that are long enough to tell it from another one. */
export function linesOf(code: string): string[] {
  return code
    .split(/[\n;]/)
    .map((line) => line.trim())
    .filter(({ length }) => length >= LINE)
}

/** What the texts mark as code for a template. */
export function markedIn(texts: readonly string[]): readonly string[] {
  let marked = known.get(texts)
  if (marked === undefined) known.set(texts, (marked = { read: 0, pieces: [] }))
  const { pieces } = marked
  for (; marked.read < texts.length; marked.read++) {
    const text = texts[marked.read] as string
    if (MARKED.test(text)) for (const [open, close] of MARKS) addMarked(pieces, text, open, close)
  }
  return pieces
}

/** What stands between two marks: from the first opening one, as most engines read it, and from the last. */
function addMarked(found: string[], text: string, open: string, close: string): void {
  let at = text.indexOf(open)
  while (at !== -1) {
    const end = text.indexOf(close, at + open.length)
    if (end === -1) return
    const from = Math.max(at + open.length, end - LONGEST_MARKED)
    const whole = text.slice(from, end)
    const last = whole.lastIndexOf(open)
    for (const piece of last === -1 ? [whole] : [whole, whole.slice(last + open.length)]) {
      const inner = withoutEdges(piece)
      if (inner.length >= SHORTEST && found.length < MOST_MARKED) found.push(inner)
    }
    at = text.indexOf(open, end + close.length)
  }
}

/** By hand: a pattern for both ends would take the square of the length. */
function withoutEdges(piece: string): string {
  let from = 0
  let to = piece.length
  while (from < to && EDGES.includes(piece[from] as string)) from++
  while (to > from && EDGES.includes(piece[to - 1] as string)) to--
  return piece.slice(from, to).trim()
}

/** Whether a text would act. Arithmetic and what is JSON as a whole are values: `eval('(' + json + ')')` is old, and no harm. */
export function isCode(text: string): boolean {
  return text.length >= SHORTEST && ACTS.test(text) && !ARITHMETIC.test(text) && !isJson(text)
}

/** What cannot be JSON is not tried: an error for each of many texts is dear. */
function isJson(text: string): boolean {
  if (!isLikeJson(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
