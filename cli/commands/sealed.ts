import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import type { KeyProvider, KeyRing } from 'bulwark/keys'
import { type Io, UsageError } from '../io.ts'
import { clean } from '../reporters/text.ts'
import { suggest } from '../suggest.ts'

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

/** The keys of the app: those of a sealed file, or of the environment. */
export async function ringOf(file: string | undefined, io: Io): Promise<KeyRing> {
  const { openKeyFile, keyRing } = await import('bulwark/keys')
  if (file === undefined) return keyRing(textsOf(io))
  const ring = await openKeyFile({ file: resolve(io.cwd, file), provider: await providerOf(io) })
  ring.close()
  return ring
}

/** The keys in the environment. @throws UsageError when there are none */
export function textsOf({ env }: Io): readonly string[] {
  const texts = (env['BULWARK_KEYS'] ?? '').split(',').map((text) => text.trim())
  const given = texts.filter((text) => text !== '')
  if (given.length > 0) return given
  throw new UsageError('there are no keys', 'set BULWARK_KEYS, or name a sealed file with --file')
}

/** Seals a file under the master key in `BULWARK_NEW_MASTER_KEY`. */
export async function reseal(file: string, shown: string, io: Io): Promise<number> {
  const { localProvider, resealFile } = await import('bulwark/keys')
  const next = io.env['BULWARK_NEW_MASTER_KEY']
  if (!next)
    throw new UsageError('there is no new master key', 'set BULWARK_NEW_MASTER_KEY to what "bulwark keys new" answers')
  await resealFile(file, await providerOf(io), localProvider(next.trim()))
  io.out(`sealed ${shown} with the new master key\n`)
  io.err('bulwark: set BULWARK_MASTER_KEY to it everywhere; running apps need it from now on\n')
  return 0
}

/** What a command is to do. @throws UsageError for a word that it does not know */
export function verbOf<Verb extends string>(command: string, word: string | undefined, verbs: readonly Verb[]): Verb {
  const found = verbs.find((verb) => verb === word)
  if (found !== undefined) return found
  const list = `${verbs.slice(0, -1).join(', ')} or ${verbs.at(-1)}`
  if (word === undefined) throw new UsageError(`say what to do: bulwark ${command} ${list}`)
  const [near] = suggest(word, verbs, 1)
  throw new UsageError(`${command} cannot "${clean(word)}"`, near ? `did you mean ${near}?` : `it can ${list}`)
}

/** Reasons of the system for which nobody needs to see our source. */
const REASONS: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  ENOENT: ['there is no such folder', 'make it first'],
  ENOTDIR: ['there is no such folder', 'make it first'],
  EISDIR: ['this is a folder', 'name a file in it'],
  EACCES: ['it may not be read or written by you', 'run this as its owner'],
  EPERM: ['it may not be read or written by you', 'run this as its owner'],
  EROFS: ['nothing can be written there', 'choose another place'],
  ENOSPC: ['the disk is full', 'make room; the file is as it was'],
}

/** Errors that tell people what to do are wrong usage, not a crash. */
export async function explained<T>(io: Pick<Io, 'cwd'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, fix, at, path } = error as Readonly<Record<'code' | 'fix' | 'at' | 'path', unknown>>
    if (!(error instanceof Error) || typeof code !== 'string') throw error
    const reason = REASONS[code]
    if (reason !== undefined && typeof path === 'string') {
      throw new UsageError(`${shownPath(path.replace(/\.lock$|\.[0-9a-f]{12}$/, ''), io)}: ${reason[0]}`, reason[1])
    }
    if (!code.startsWith('BULWARK_') || typeof fix !== 'string') throw error
    const [what = code] = error.message.replace(`${code}: `, '').split('\n')
    const place = placeOf(at, io)
    throw new UsageError(place === undefined ? what : `${place}: ${what}`, fix)
  }
}

function placeOf(at: unknown, io: Pick<Io, 'cwd'>): string | undefined {
  if (typeof at !== 'string') return undefined
  if (at.startsWith('localProvider')) return 'the master key'
  if (at.startsWith('policy.keys')) return at.replace('policy.keys', 'BULWARK_KEYS')
  return isAbsolute(at) ? shownPath(at, io) : undefined
}

/** As the person would write it. */
function shownPath(path: string, { cwd }: Pick<Io, 'cwd'>): string {
  const near = relative(cwd, path)
  return near === '' ? '.' : near.startsWith('..') ? path : near
}
