import { z } from 'zod'
import { type Entry, entryOfAtom } from '../shared/entries.ts'

const Draft = z.object({ title: z.string(), body: z.string() })

/** A draft as it stands in a link. */
export function packDraft(draft: Entry): string {
  return Buffer.from(JSON.stringify(draft)).toString('base64url')
}

/** The draft that a link holds; `undefined` when it holds none. */
export function unpackDraft(packed: string): Entry | undefined {
  return draftOfJson(Buffer.from(packed, 'base64url').toString())
}

/** What people bring along from elsewhere: an entry of a feed, or JSON. */
export function draftOf(text: string): Entry | undefined {
  return text.startsWith('<') ? entryOfAtom(text) : draftOfJson(text)
}

/** Data and nothing else: two texts by their names. */
function draftOfJson(json: string): Entry | undefined {
  try {
    return Draft.parse(JSON.parse(json))
  } catch {
    return undefined
  }
}
