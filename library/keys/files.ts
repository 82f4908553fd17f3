import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { invalid } from './invalid.ts'

/** Longer than anybody needs to read a file, change it and write it; shorter than anybody wants to wait for a program that died. */
const STALE = 30_000

/** The text of a file, or `undefined` when there is none. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a file that nobody ever sees half of, and that is on the disk when this answers. */
export function replaceFile(file: string, text: string, mode = 0o600): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = openSync(draft, 'wx', mode)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(draft, file)
}

/**
 * Does something while no other program changes the file. A lock that a program left behind is taken away after half a minute.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` when somebody else is changing it
 */
export async function whileLocked<T>(file: string, change: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`
  if (!take(lock)) {
    if (!isStale(lock)) throw invalid('somebody else is changing this file', file, 'try again when they are done')
    unlinkSync(lock)
    if (!take(lock)) throw invalid('somebody else is changing this file', file, 'try again when they are done')
  }
  try {
    return await change()
  } finally {
    unlinkSync(lock)
  }
}

function take(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function isStale(lock: string): boolean {
  try {
    return Date.now() - statSync(lock).mtimeMs > STALE
  } catch {
    // It went away between the two looks: then it can be taken.
    return false
  }
}
