/** A shorter piece stands in a call by chance. */
const SHORTEST = 6
/** Of a text of which less than this part is left, the call may have the rest of itself. */
const LEAST_LEFT = 3
/** What is read at most: whoever sends more is compared text by text only. */
const MOST_READ = 1_000_000
const MOST_PLACES = 8
/** What is taken apart elsewhere: its quotes and brackets are like those of any other JSON. */
const JSON_TEXT = /^\s*(?:j:)?(?:\[[\s\S]*\]|\{[\s\S]*\}|"[\s\S]*")\s*$/
/** As it is at the end of a path. */
const JSON_END = /"[\]}]+$/
const TAGS = /<[^<>]*>/g
const BLANKS = /\s\s/
const BLANKS_ALL = /\s+/g

/**
 * What of texts stands in a call that an app changed before: their beginnings where it cut them off, their ends behind what it took away, and the
 * whole of them without tags, with single blanks, or in another case. Texts that stand there as they are, are left out.
 */
export function changedIn(call: string, texts: readonly string[]): readonly string[] {
  const found: string[] = []
  if (texts.length * call.length > MOST_READ) return found
  for (const text of texts) {
    if (text.length < SHORTEST || call.includes(text)) continue
    for (const form of formsOf(text)) if (form.length >= SHORTEST && call.includes(form)) found.push(form)
    if (JSON_TEXT.test(text)) continue
    const begin = beginningIn(call, text)
    const end = JSON_END.test(text) ? '' : endIn(call, text)
    for (const run of [begin, end]) if (run !== '' && run.length * LEAST_LEFT >= text.length) found.push(run)
  }
  return found
}

function formsOf(text: string): readonly string[] {
  const forms: string[] = []
  const bare = text.trim()
  if (bare !== text) forms.push(bare)
  if (text.includes('<')) forms.push(text.replace(TAGS, ''))
  if (BLANKS.test(text)) forms.push(text.replace(BLANKS_ALL, ' '))
  const lower = text.toLowerCase()
  if (lower !== text) forms.push(lower)
  const upper = text.toUpperCase()
  if (upper !== text) forms.push(upper)
  return forms
}

/** The longest beginning of a text that stands in the call; empty when it is too short to tell. */
function beginningIn(call: string, text: string): string {
  const head = text.slice(0, SHORTEST)
  let longest = 0
  let at = call.indexOf(head)
  for (let i = 0; i < MOST_PLACES && at !== -1; i++, at = call.indexOf(head, at + 1)) {
    let length = SHORTEST
    while (length < text.length && text.charCodeAt(length) === call.charCodeAt(at + length)) length++
    if (length > longest) longest = length
  }
  return text.slice(0, longest)
}

function endIn(call: string, text: string): string {
  const size = text.length
  const tail = text.slice(size - SHORTEST)
  let longest = 0
  let at = call.indexOf(tail)
  for (let i = 0; i < MOST_PLACES && at !== -1; i++, at = call.indexOf(tail, at + 1)) {
    let length = SHORTEST
    const last = at + SHORTEST - 1
    while (length < size && length <= last && text.charCodeAt(size - 1 - length) === call.charCodeAt(last - length))
      length++
    if (length > longest) longest = length
  }
  return text.slice(size - longest)
}
