import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { ENDING, openLine } from './line.ts'

/** A file that only grows. */
export interface GrowingFile {
  readonly name: string
  /** Bytes that are whole lines. */
  readonly length: number
  /** Adds lines, all of them or none. Throws the error of the system. */
  append(text: string): void
  /** Resolves when the disk has everything that was added. */
  sync(): Promise<void>
  close(): void
}

/** Makes a file that is not there yet, for its owner only. */
export function growFile(folder: string, name: string): GrowingFile {
  const fd = openSync(join(folder, name), 'ax', 0o600)
  let length = 0
  return {
    name,
    get length() {
      return length
    },
    append(text) {
      const bytes = Buffer.from(text, 'utf8')
      try {
        let written = 0
        while (written < bytes.length) written += writeSync(fd, bytes, written)
        length += bytes.length
      } catch (error) {
        // A full disk takes the first half of a line. What follows would be joined to it.
        ftruncateSync(fd, length)
        throw error
      }
    },
    sync: () => new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
    close() {
      fdatasyncSync(fd)
      closeSync(fd)
    },
  }
}

/** The names of the trail's files in a folder, the oldest first. */
export function auditFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .sort()
}

const TAIL = 64 * 1024

/** The seal of the last whole line of a file; `undefined` when there is none. */
export function lastSeal(path: string): string | undefined {
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const tail = Buffer.alloc(Math.min(size, TAIL))
    readSync(fd, tail, 0, tail.length, size - tail.length)
    const lines = tail.toString('utf8').split('\n')
    for (let i = lines.length - 1; i >= 0; i--) {
      const opened = openLine(lines[i] ?? '')
      if (opened !== undefined) return opened.seal
    }
    return undefined
  } finally {
    closeSync(fd)
  }
}
