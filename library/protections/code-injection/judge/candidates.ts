/** Texts of a client that would do something if they were code. */

/** Ways in which templates mark code, each with what they let stand around it. */
const MARKED: readonly RegExp[] = [
  /<%[-=_#~]?([\s\S]{1,2000}?)[-_~]?%>/g,
  /\{\{[{=!&~#-]?([\s\S]{1,2000}?)[}~-]?\}\}/g,
  /\{%-?([\s\S]{1,2000}?)-?%\}/g,
  /[#$!]\{([\s\S]{1,2000}?)\}/g,
]
const ARITHMETIC = /^[\d\s.+*/()%-]*$/
/** Calls, assigns, reads a property, or has two words one after the other. */
const ACTS = /[(=`]|\[[\s\S]|[\w$)\]]\s*\.\s*[\w$]|[\w$]\s+[\w$]|=>/
const SHORTEST = 3

/** The texts themselves, and what they mark as code for a template. */
export function codeIn(texts: readonly string[]): string[] {
  const found: string[] = []
  for (const text of texts) {
    if (isCode(text)) found.push(text)
    for (const mark of MARKED) {
      for (const match of text.matchAll(mark)) {
        const inner = (match[1] ?? '').trim()
        if (isCode(inner)) found.push(inner)
      }
    }
  }
  return found
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
