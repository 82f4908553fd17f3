import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Io, UsageError } from './io.ts'

/** A file that is there. @throws UsageError */
export function fileToRead(named: string, { cwd }: Pick<Io, 'cwd'>, hint?: string): string {
  const file = resolve(cwd, named)
  if (named === '' || !existsSync(file)) throw new UsageError(`there is no file ${named || '""'}`, hint)
  if (statSync(file).isDirectory()) throw new UsageError(`${named} is a folder`, 'name a file')
  return file
}

/**
 * Where something can be written, asked before the work is done whose result goes there; `undefined` stays so.
 * @throws UsageError
 */
export function fileToWrite(named: string | undefined, { cwd }: Pick<Io, 'cwd'>): string | undefined {
  if (named === undefined) return undefined
  const file = resolve(cwd, named)
  if (named === '' || (existsSync(file) && statSync(file).isDirectory()))
    throw new UsageError(`${named || '""'} cannot be written: it is a folder`, 'name a file')
  if (!existsSync(dirname(file)))
    throw new UsageError(`${named} cannot be written: there is no folder ${dirname(named)}`, 'make the folder first')
  return file
}
