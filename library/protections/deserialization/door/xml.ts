/** How much may stand before the first element. */
const LONGEST_PROLOG = 64 * 1024
/** In these, the signs of XML are bytes of ASCII, or are told by the first two bytes. */
const KNOWN_ENCODING = /^(?:utf-?8|utf-?16(?:be|le)?|us-ascii|ascii|iso-?8859-\d{1,2}|windows-125\d|latin-?1)$/i
const BLANK = /[\s\uFEFF]/
const XML_TYPE = /^(?:application|text)\/xml(?:$|[\s;])|^[\w.-]+\/[\w.-]+\+xml(?:$|[\s;])/

/** - `declares`: there is a document type that declares or fetches something
 *  - `unreadable`: no parser could be trusted to read it as it is read here
 *  - `more`: the first element has not come yet */
export type Prolog = 'plain' | 'declares' | 'unreadable' | 'more'

export function isXmlType(type: string | undefined): boolean {
  return type !== undefined && XML_TYPE.test(type.toLowerCase())
}

/** Looks at what stands before the first element: a document type can stand nowhere else. */
export function judgeProlog(bytes: Buffer, isEnd: boolean): Prolog {
  // A mark of the order of bytes has up to three of them.
  if (!isEnd && bytes.length < 4) return 'more'
  const text = textOf(bytes)
  if (text === undefined) return 'plain'
  let at = 0
  for (;;) {
    while (at < text.length && BLANK.test(text[at] as string)) at++
    if (at >= text.length) return undecided(text, isEnd, 'plain')
    if (text[at] !== '<') return 'unreadable'
    const close = text.startsWith('<?', at) ? '?>' : text.startsWith('<!--', at) ? '-->' : undefined
    if (close === undefined) break
    const end = text.indexOf(close, at + 2)
    if (end === -1) return undecided(text, isEnd, 'unreadable')
    if (at < 4 && !isKnown(text.slice(at, end))) return 'unreadable'
    at = end + close.length
  }
  const rest = text.slice(at)
  if (rest.length < 9 && '<!doctype'.startsWith(rest.toLowerCase())) return undecided(text, isEnd, 'unreadable')
  if (!/^<!doctype/i.test(rest)) return 'plain'
  // `<!DOCTYPE name>` declares nothing and fetches nothing.
  const end = /[>["']/.exec(rest)
  if (end === null) return undecided(text, isEnd, 'unreadable')
  return /^<!doctype\s+[^\s>["']+\s*>/i.test(rest) ? 'plain' : 'declares'
}

/** Whether a text is a document of XML with entities of its own. One that only speaks of them begins otherwise. */
export function hasEntities(text: string): boolean {
  if (!/<!ENTITY/i.test(text) || !/^[\s\uFEFF]*<[?!]/.test(text)) return false
  return judgeProlog(Buffer.from(text), true) === 'declares'
}

function undecided(text: string, isEnd: boolean, otherwise: Prolog): Prolog {
  if (isEnd) return otherwise
  return text.length > LONGEST_PROLOG ? 'unreadable' : 'more'
}

function isKnown(declaration: string): boolean {
  const encoding = /\bencoding\s*=\s*["']([^"']*)/i.exec(declaration)?.[1]
  return encoding === undefined || KNOWN_ENCODING.test(encoding)
}

/** UTF-16 shows in the first bytes; of every other encoding that is let through, ASCII is a part. */
function textOf(bytes: Buffer): string | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return bytes.toString('utf16le')
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) {
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le')
  }
  return bytes.toString('utf8')
}
