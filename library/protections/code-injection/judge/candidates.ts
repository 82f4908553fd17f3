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
const LONGEST_MARKED = 2000
const ARITHMETIC = /^[\d\s.+*/()%-]*$/
/** Calls, assigns, reads a property, or has two words one after the other. */
const ACTS = /[(=`]|\[[\s\S]|[\w$)\]]\s*\.\s*[\w$]|[\w$]\s+[\w$]|=>/
const SHORTEST = 3

/** The texts themselves, and what they mark as code for a template. */
export function codeIn(texts: readonly string[]): string[] {
  const found: string[] = []
  for (const text of texts) {
    if (isCode(text)) found.push(text)
    for (const [open, close] of MARKS) addMarked(found, text, open, close)
  }
  return found
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
      if (isCode(inner)) found.push(inner)
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

/** Arithmetic and what is JSON as a whole are values: `eval('(' + json + ')')` is old, and no harm. */
function isCode(text: string): boolean {
  return text.length >= SHORTEST && ACTS.test(text) && !ARITHMETIC.test(text) && !isJson(text)
}

function isJson(text: string): boolean {
  if (!/^\s*[[{"]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
