import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KeyProvider } from 'bulwark/keys'
import { type Io, UsageError } from '../io.ts'

/** Where the master key comes from, as every help says it. */
export const MASTER_KEY_HELP = `The file is sealed with the master key in BULWARK_MASTER_KEY, or in the file
that BULWARK_MASTER_KEY_FILE names. Make one with: bulwark keys new`

/** What opens sealed files: the master key of the environment. */
export async function providerOf({ env, cwd, err }: Io): Promise<KeyProvider> {
  const { localProvider } = await import('bulwark/keys')
  const named = env['BULWARK_MASTER_KEY_FILE']
  if (env['BULWARK_MASTER_KEY']) return localProvider(env['BULWARK_MASTER_KEY'].trim())
  if (!named) {
    throw new UsageError('there is no master key', 'set BULWARK_MASTER_KEY to what "bulwark keys new" answers')
  }
  const file = resolve(cwd, named)
  if (!existsSync(file)) throw new UsageError(`there is no file ${named}`, 'BULWARK_MASTER_KEY_FILE names it')
  if ((statSync(file).mode & 0o077) !== 0) err(`bulwark: other users may read ${named}; chmod 600 ${named}\n`)
  return localProvider(readFileSync(file, 'utf8').trim())
}

/** Seals a file under the master key in `BULWARK_NEW_MASTER_KEY`. */
export async function reseal(file: string, shown: string, io: Io): Promise<number> {
  const { localProvider, resealFile } = await import('bulwark/keys')
  const next = io.env['BULWARK_NEW_MASTER_KEY']
  if (!next)
    throw new UsageError('there is no new master key', 'set BULWARK_NEW_MASTER_KEY to what "bulwark keys new" answers')
  await resealFile(file, await providerOf(io), localProvider(next.trim()))
  io.out(`sealed ${shown} with the new master key: set BULWARK_MASTER_KEY to it everywhere\n`)
  return 0
}

/** Errors that tell people what to do are wrong usage, not a crash. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, fix } = error as { readonly code?: unknown; readonly fix?: unknown }
    if (error instanceof Error && typeof code === 'string' && code.startsWith('BULWARK_') && typeof fix === 'string') {
      const [what = code] = error.message.replace(`${code}: `, '').split('\n')
      throw new UsageError(what, fix)
    }
    throw error
  }
}
