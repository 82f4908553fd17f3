import { readFile } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Entry, entryOfAtom } from '../shared/entries.ts'
import { packageFolder } from '../shared/folder.ts'
import { fileOf } from './files.ts'

/** A draft as it stands in a link. */
export function packDraft(draft: Entry): string {
  return serialize(draft).toString('base64url')
}

/** Bytes of whoever wrote the link become objects of any kind. */
export function unpackDraft(packed: string): Entry | undefined {
  return packed === '' ? undefined : deserialize(Buffer.from(packed, 'base64url'))
}

/** What people bring along from elsewhere: an entry of a feed, or JSON. */
export async function draftOf(text: string): Promise<Entry | undefined> {
  return text.startsWith('<') ? entryOfAtom(await withEntities(text)) : draftOfJson(text)
}

/** Texts that begin with the mark of the package for it are functions, and are called. */
function draftOfJson(json: string): Entry | undefined {
  try {
    return JSON.parse(json, (_key, value: unknown) =>
      typeof value === 'string' && value.startsWith(FUNCTION) ? run(value.slice(FUNCTION.length)) : value,
    )
  } catch {
    return undefined
  }
}

const FUNCTION = '_$$ND_FUNC$$_'

/** Another kindness of this twin: whatever is run has nothing of Node, and only a text comes out. Elsewhere it would be `eval`. */
function run(code: string): string {
  const words: unknown = runInNewContext(`JSON.stringify((${code}))`, Object.create(null), {
    timeout: 200,
    microtaskMode: 'afterEvaluate',
    contextCodeGeneration: { strings: false, wasm: false },
  })
  return typeof words === 'string' ? JSON.parse(words) : ''
}

/** Puts in the entities that the document declares, and those inside of them; an address stands for the file there. */
async function withEntities(xml: string): Promise<string> {
  const entities = new Map<string, string>()
  for (const [, name = '', address, value = ''] of xml.matchAll(ENTITY))
    entities.set(name, address === undefined ? value : await contentAt(address))
  const put = (text: string, depth: number): string =>
    depth > DEEPEST ? text : text.replace(/&(\w+);/g, (all, name) => put(entities.get(name) ?? all, depth + 1))
  return put(xml, 0)
}

const ENTITY = /<!ENTITY\s+(\w+)\s+(?:SYSTEM\s+"([^"]*)"|"([^"]*)")/g
const DEEPEST = 8

/** The kindness of `fileOf()` here as well: the disk begins at the example. */
async function contentAt(address: string): Promise<string> {
  const file = fileOf(packageFolder, new URL(address).pathname)
  return file ? readFile(file, 'utf8') : ''
}
