/** What somebody is about to publish. */
export interface Entry {
  readonly title: string
  readonly body: string
}

/** The first title and the first text of an Atom feed; `undefined` when one of them is missing. */
export function entryOfAtom(xml: string): Entry | undefined {
  // A feed has a title of its own; that of the entry comes later.
  const entry = xml.slice(Math.max(0, xml.indexOf('<entry')))
  const [title, body] = [textOf(entry, 'title'), textOf(entry, 'content')]
  return title === undefined || body === undefined ? undefined : { title, body }
}

/** Looked for sign by sign, and not by a pattern: an entry is as long as people like. */
function textOf(xml: string, name: string): string | undefined {
  const start = xml.indexOf('>', xml.indexOf(`<${name}`)) + 1
  const end = xml.indexOf(`</${name}>`, start)
  return xml.includes(`<${name}`) && start > 0 && end >= 0 ? toPlain(xml.slice(start, end)).trim() : undefined
}

/** The five entities that XML knows by itself. */
function toPlain(xml: string): string {
  return xml.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: keyof typeof signs) => signs[name])
}

const signs = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const
