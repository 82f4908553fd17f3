/** What a browser does with an answer, by its content type. */
export type Kind = 0 | 1 | 2 | 3

/** A document with scripts. */
export const PAGE_KIND: Kind = 0
/** Data, text, a download, or something unknown: never meant to be a page. */
export const DATA_KIND: Kind = 1
/** XML or SVG: data to most, but a browser that opens it runs its scripts. */
export const DRAWING_KIND: Kind = 2
/** Part of a page: script, style, font, image, sound, film; or a PDF. */
export const ASSET_KIND: Kind = 3

const KNOWN = 64
const known = new Map<string, Kind>()

/** The kind of a content type; remembered, because an app sends few different ones. */
export function kindOf(contentType: string): Kind {
  const found = known.get(contentType)
  if (found !== undefined) return found
  const kind = decide(contentType)
  // Content types may come from uploads: whoever invents them must not fill the memory.
  if (known.size < KNOWN) known.set(contentType, kind)
  return kind
}

const SCRIPT = /^(?:text|application)\/(?:x-)?(?:java|ecma)script$|^application\/wasm$/
const FONT = /^(?:font\/|application\/(?:x-)?font-|application\/vnd\.ms-fontobject$)/

function decide(contentType: string): Kind {
  // Of several types a browser takes the last, of which nothing here can know the meaning.
  if (contentType.includes(',')) return DATA_KIND
  const semicolon = contentType.indexOf(';')
  const type = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
  if (type === 'text/html' || type === 'application/xhtml+xml') return PAGE_KIND
  if (type === 'text/xml' || type === 'application/xml' || type.endsWith('+xml')) return DRAWING_KIND
  if (type === 'text/css' || type === 'application/pdf' || SCRIPT.test(type) || FONT.test(type)) return ASSET_KIND
  if (type.startsWith('image/') || type.startsWith('audio/') || type.startsWith('video/')) return ASSET_KIND
  return DATA_KIND
}
