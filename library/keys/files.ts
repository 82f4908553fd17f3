import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { invalid } from './invalid.ts'

/** A lock that nobody has touched for so long belongs to a program that died: whoever lives touches theirs more often. */
const STALE = 30_000
const TOUCH_EVERY = 5000
/** How long to wait for somebody else: most changes take milliseconds, and one in an editor takes minutes. */
const PATIENCE = 2000

/** The text of a file, or `undefined` when there is none. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    // The system does not say which.
    if (code === 'EISDIR') throw invalid('this is a folder', file, 'name a file in it', error)
    throw error
  }
}

/**
 * Writes a file that nobody ever sees half of, and that is on the disk when this answers. One that is there keeps its owner and its mode: the app
 * that follows it would lose it otherwise.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` when it is read-only, or belongs to somebody else
 */
export function replaceFile(file: string, text: string, mode = 0o600): void {
  const before = statSync(file, { throwIfNoEntry: false })
  // To rename over a file needs no right to write it; who took that right away from everybody meant it.
  if (before && (before.mode & 0o222) === 0) throw invalid('the file is read-only', file, 'chmod u+w it first')
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = openSync(draft, 'wx', mode)
  try {
    if (before) keepOwner(handle, before, file)
    writeSync(handle, text)
    fsyncSync(handle)
    renameSync(draft, file)
  } catch (error) {
    unlinkSync(draft)
    throw error
  } finally {
    closeSync(handle)
  }
}

function keepOwner(handle: number, before: Stats, file: string): void {
  const own = fstatSync(handle)
  try {
    if (own.uid !== before.uid || own.gid !== before.gid) fchownSync(handle, before.uid, before.gid)
  } catch (cause) {
    throw invalid('the file belongs to somebody else', file, 'run this as its owner', cause)
  }
  fchmodSync(handle, before.mode & 0o777)
}

/**
 * Does something while no other program changes the file; waits a moment when one does. A lock that a program left behind is taken away after
 * half a minute.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` when somebody else goes on changing it
 */
export async function whileLocked<T>(file: string, change: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`
  const until = performance.now() + PATIENCE
  while (!take(lock)) {
    if (isStale(lock)) remove(lock)
    else if (performance.now() < until) await pause(20 + Math.random() * 30)
    else throw invalid('somebody else is changing this file', file, 'try again when they are done')
  }
  const touching = setInterval(() => utimesSync(lock, new Date(), new Date()), TOUCH_EVERY)
  try {
    return await change()
  } finally {
    clearInterval(touching)
    remove(lock)
  }
}

/** Somebody else may have been quicker. */
function remove(lock: string): void {
  rmSync(lock, { force: true })
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
