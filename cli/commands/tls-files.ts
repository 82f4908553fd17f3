import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Parsed } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'

/** The text of the file that an option names. @throws UsageError */
export function fileOf(option: string, parsed: Parsed, io: Io): string {
  const file = parsed.text(option)
  if (file === undefined) throw new UsageError(`--${option} is missing`)
  try {
    return readFileSync(resolve(io.cwd, file), 'utf8')
  } catch {
    throw new UsageError(`${file} cannot be read`)
  }
}

/** A day, as it is shown. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
