import { timingSafeEqual } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { KeyRing } from '../core/keys.ts'
import { auditFiles } from './file.ts'
import { type AuditLine, openLine, PURPOSE, sealOf } from './line.ts'

/** What is wrong in a file. */
export interface AuditFault {
  /** Counted from 1; 0 for the file as a whole. */
  readonly line: number
  readonly what: string
}

export interface AuditFile {
  readonly name: string
  readonly lines: number
  /** ISO 8601, of the first and the last line. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** The last seal: what everything in the file leads to. */
  readonly head: string | undefined
  /** Whether the file was closed. One that was not is still written, or its process was killed, or its end was cut off. */
  readonly isEnded: boolean
  /** Whether the key that it was sealed with is not there, or revoked: whoever has a revoked key can seal as well. */
  readonly isUnknown: boolean
  readonly faults: readonly AuditFault[]
}

export interface AuditReport {
  /**
   * - `whole`: every line is as it was written
   * - `changed`: something was changed, added or taken away
   * - `unknown`: a file was sealed with a key that is not there, so nothing can be told of it
   */
  readonly verdict: 'whole' | 'changed' | 'unknown'
  readonly files: readonly AuditFile[]
  /** Older than all files that are there: taken away since, such as when their time was over. */
  readonly older: readonly string[]
}

/**
 * Reads the files of a folder, or one file, and tells whether they are as they were written.
 *
 * **Security**: what was cut off at the end of the newest file shows only by its head, kept elsewhere, or by a file that began later.
 */
export async function verifyAudit(path: string, ring: KeyRing): Promise<AuditReport> {
  const isFolder = statSync(path).isDirectory()
  const folder = isFolder ? path : dirname(path)
  const names = isFolder ? auditFiles(path) : [basename(path)]
  const read = await Promise.all(names.map((name) => readFile(folder, name, ring)))
  const byName = new Map(read.map((file) => [file.name, file]))
  const older = new Set<string>()
  for (const file of isFolder ? read : []) {
    for (const [name, seal] of Object.entries(file.others)) {
      const other = byName.get(name)
      if (other === undefined && name < (names[0] ?? '')) older.add(name)
      else if (other === undefined) fault(file, 0, `${name} is gone, which was there when this file began`)
      else if (!other.seals.has(seal)) fault(other, 0, `lines are missing that were there when ${file.name} began`)
    }
  }
  const isChanged = read.some(({ faults }) => faults.length > 0)
  return {
    verdict: isChanged ? 'changed' : read.some(({ isUnknown }) => isUnknown) ? 'unknown' : 'whole',
    files: read.map(({ seals: _seals, others: _others, ...file }) => file),
    older: [...older].sort(),
  }
}

/** The lines of a folder's files, or of one file, as they are: each file from its beginning, the oldest file first. */
export async function* readAudit(
  path: string,
): AsyncGenerator<AuditLine & { readonly file: string; readonly seal: string }> {
  const isFolder = statSync(path).isDirectory()
  for (const name of isFolder ? auditFiles(path) : [basename(path)]) {
    for await (const text of linesOf(isFolder ? join(path, name) : path)) {
      const opened = openLine(text)
      if (opened !== undefined) yield { ...opened.line, file: name, seal: opened.seal }
    }
  }
}

interface Read {
  readonly name: string
  lines: number
  from: string | undefined
  to: string | undefined
  head: string | undefined
  isEnded: boolean
  isUnknown: boolean
  readonly faults: AuditFault[]
  readonly seals: Set<string>
  others: Readonly<Record<string, string>>
}

function fault({ faults }: Read, line: number, what: string): void {
  faults.push({ line, what })
}

async function readFile(folder: string, name: string, ring: KeyRing): Promise<Read> {
  const nothing = { lines: 0, from: undefined, to: undefined, head: undefined, isEnded: false, isUnknown: false }
  const read: Read = { name, ...nothing, faults: [], seals: new Set(), others: {} }
  let key: Uint8Array | undefined
  let before = ''
  let isBroken = false
  for await (const text of linesOf(join(folder, name))) {
    read.lines++
    if (isBroken) continue
    const opened = openLine(text)
    if (read.lines === 1) {
      if (opened?.line.do !== 'begin') {
        fault(read, 1, 'the file does not begin as it was begun')
        isBroken = true
        continue
      }
      const { key: id, others } = opened.line
      key = ring
        .usable(PURPOSE)
        .find((each) => each.id === id)
        ?.derive(PURPOSE)
      read.others = others
    }
    if (opened === undefined) {
      isBroken = true
      fault(read, read.lines, 'this is no line of a trail: it was changed, or cut')
      continue
    }
    const { line, body, seal } = opened
    if (key === undefined) read.isUnknown = true
    else if (!isSame(sealOf(body, before, key), seal)) {
      // From here on no seal says anything: they all follow from the lines before them.
      isBroken = true
      fault(read, read.lines, 'this line was changed, or lines before it were changed, added or taken away')
      continue
    }
    if (read.isEnded) fault(read, read.lines, 'something follows the end')
    before = seal
    read.seals.add(seal)
    read.head = seal
    read.from ??= line.at
    read.to = line.at
    read.isEnded = line.do === 'end'
  }
  if (read.lines === 0) fault(read, 0, 'the file is empty')
  return read
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
