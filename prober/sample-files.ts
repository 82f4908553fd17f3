import type { RouteFile } from '../library/core/probe.ts'

const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=='

/** A file that an honest person could have chosen, for each file field with what it accepts. */
export function sampleFiles(fields: Readonly<Record<string, string>>): Readonly<Record<string, RouteFile>> {
  return Object.fromEntries(Object.entries(fields).map(([name, accept]) => [name, sampleFor(accept.toLowerCase())]))
}

function sampleFor(accept: string): RouteFile {
  const takesPictures = accept === '' || /image\/(?:\*|png)|\.png/.test(accept)
  if (takesPictures) {
    return { name: 'me.png', type: 'image/png', content: Buffer.from(PICTURE, 'base64').toString('latin1') }
  }
  if (/csv/.test(accept)) return { name: 'list.csv', type: 'text/csv', content: 'a,b\n1,2\n' }
  if (/pdf/.test(accept)) return { name: 'page.pdf', type: 'application/pdf', content: '%PDF-1.4\n%%EOF\n' }
  return { name: 'notes.txt', type: 'text/plain', content: 'some words\n' }
}
