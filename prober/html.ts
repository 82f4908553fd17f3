/** One tag as a browser would read it. */
export interface Tag {
  /** Lower case; closing tags begin with `/`. */
  readonly name: string
  /** By lower-case name; entities decoded. Of repeats the first counts. */
  readonly attributes: ReadonlyMap<string, string>
  /** The text between this tag and the next one; for `textarea`, `title` and the like all that stands inside. */
  readonly text: string
}

/** Elements whose content is text, whatever it looks like. */
const TEXT_ONLY = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed'])

/** Reads the tags of a document, however broken it is. Takes time in proportion to its length. */
export function* tagsOf(html: string): Generator<Tag> {
  let at = 0
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open === -1) return
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4)
      at = end === -1 ? html.length : end + 3
      continue
    }
    const name = /^\/?[a-zA-Z][^\s/>]*/.exec(html.slice(open + 1, open + 65))?.[0]?.toLowerCase()
    if (name === undefined) {
      at = open + 1
      continue
    }
    const { attributes, end } = attributesOf(html, open + 1 + name.length)
    at = end
    let textEnd = html.indexOf('<', at)
    if (TEXT_ONLY.has(name)) {
      // Nothing but the element's own closing tag ends it.
      textEnd = html.slice(at).search(new RegExp(`</${name}[\\s/>]`, 'i'))
      if (textEnd !== -1) textEnd += at
    }
    if (textEnd === -1) textEnd = html.length
    yield { name, attributes, text: decodeEntities(html.slice(at, textEnd)) }
    if (TEXT_ONLY.has(name)) at = textEnd
  }
}

function attributesOf(html: string, from: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>()
  const pattern = /[\s/]*(?:(>)|([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?)/y
  pattern.lastIndex = from
  for (let match = pattern.exec(html); match; match = pattern.exec(html)) {
    if (match[1]) return { attributes, end: pattern.lastIndex }
    const name = match[2]!.toLowerCase()
    const value = match[3] ?? match[4] ?? match[5] ?? ''
    if (!attributes.has(name)) attributes.set(name, decodeEntities(value))
    from = pattern.lastIndex
  }
  const end = html.indexOf('>', from)
  return { attributes, end: end === -1 ? html.length : end + 1 }
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  sol: '/',
}

export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));?/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return Object.hasOwn(NAMED, name.toLowerCase()) ? NAMED[name.toLowerCase()]! : whole
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
  })
}
