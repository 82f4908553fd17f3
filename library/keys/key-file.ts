import type { KeyState } from '../core/keys.ts'
import { openDocument, sealDocument } from './document.ts'
import { readText, replaceFile, whileLocked } from './files.ts'
import { invalid } from './invalid.ts'
import type { KeyProvider } from './provider.ts'
import { idOf, ringOf } from './ring.ts'
import { checkSecret, makeKey, type WrittenKey } from './text.ts'

/** What a file of keys holds. */
export interface KeyFile {
  /** Counts up with each change: a running app never goes back to an older file, where a revoked key still was good. */
  readonly revision: number
  /** Newest first. */
  readonly keys: readonly WrittenKey[]
}

export interface RotateOptions {
  /** Milliseconds until the new key becomes active: long enough for every process to have read the file. */
  readonly publishFor: number
  /** What the new key is for. @default everything */
  readonly purposes?: readonly string[]
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

const STATES: readonly KeyState[] = ['next', 'active', 'retired', 'revoked']

/**
 * Makes a sealed file with one active key.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` when there is a file already
 */
export function createKeyFile(file: string, provider: KeyProvider, now: () => number = Date.now): Promise<KeyFile> {
  return whileLocked(file, async () => {
    if (readText(file) !== undefined)
      throw invalid('there is a file already', file, 'rotate its keys, or choose another name')
    const time = now()
    return write(file, { revision: 1, keys: [{ secret: makeKey(time), state: 'active', created: time }] }, provider)
  })
}

/** @throws BulwarkError `BULWARK_SEALED_FILE_INVALID`, `BULWARK_KEYS_WEAK` */
export async function readKeyFile(file: string, provider: KeyProvider): Promise<KeyFile> {
  const text = readText(file)
  if (text === undefined)
    throw invalid('there is no such file', file, 'make it with: npx @bulwark/cli keys new --file FILE')
  return parseKeyFile(await openDocument('keys', text, provider, file), file)
}

/**
 * Adds a key that becomes active after a while. By then every process knows it, so none refuses what another one has sealed with it; the
 * key before it is retired at the same moment.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID`
 */
export function rotateKeys(file: string, provider: KeyProvider, options: RotateOptions): Promise<KeyFile> {
  const { publishFor, purposes, now = Date.now } = options
  return change(file, provider, (keys) => {
    const time = now()
    const waiting = keys.find(
      (key) => key.state === 'next' && (key.activeFrom ?? 0) > time && isForSame(key, purposes ? { purposes } : {}),
    )
    if (waiting) throw invalid('a new key is on its way already', file, `wait until ${idOf(waiting.secret)} is active`)
    const added: WrittenKey = {
      secret: makeKey(time),
      state: publishFor > 0 ? 'next' : 'active',
      created: time,
      ...(publishFor > 0 && { activeFrom: time + publishFor }),
      ...(purposes !== undefined && { purposes }),
    }
    return settled([added, ...keys], time)
  })
}

/**
 * Makes a key worthless: nothing that it sealed or signed is believed any more.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` for an id that no key has, or one that more than one begin with
 */
export function revokeKey(
  file: string,
  provider: KeyProvider,
  id: string,
  now: () => number = Date.now,
): Promise<KeyFile> {
  return change(file, provider, (keys) => {
    const meant = keys.filter((key) => idOf(key.secret).startsWith(id))
    const [key] = meant
    if (id.length < 4)
      throw invalid('an id needs its first four letters at least', file, 'see: npx @bulwark/cli keys status')
    if (key === undefined || meant.length > 1) {
      throw invalid(
        `${meant.length > 1 ? 'more than one key has' : 'no key has'} the id ${id}`,
        file,
        'see: npx @bulwark/cli keys status',
      )
    }
    const time = now()
    const rest = settled(keys, time).map((each): WrittenKey => {
      if (each.secret !== key.secret) return each
      const { activeFrom: _, ...kept } = each
      return { ...kept, state: 'revoked' }
    })
    const steps = (each: WrittenKey): boolean => each.purposes === undefined || isForSame(each, key)
    if (rest.some((each) => each.state === 'active' && steps(each))) return rest
    // The key that is waiting is known to every process that has read the file: it can step in at once.
    const next = rest.findIndex((each) => each.state === 'next' && steps(each))
    if (next !== -1) return rest.map((each, i) => (i === next ? active(each) : each))
    const { purposes } = key
    return [{ secret: makeKey(time), state: 'active', created: time, ...(purposes && { purposes }) }, ...rest]
  })
}

/** Reads what the sealed file holds. */
export function parseKeyFile(text: string, at: string): KeyFile {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw invalid('the file does not hold keys', at, 'make a new one', cause)
  }
  const { revision, keys } = (parsed ?? {}) as Record<string, unknown>
  if (!Number.isSafeInteger(revision) || !Array.isArray(keys))
    throw invalid('the file does not hold keys', at, 'make a new one')
  const read = keys.map((each: unknown, i): WrittenKey => {
    const { secret, state, created, activeFrom, purposes } = (each ?? {}) as Record<string, unknown>
    const isGood =
      typeof secret === 'string' &&
      STATES.some((known) => known === state) &&
      [created, activeFrom].every((time) => time === undefined || Number.isSafeInteger(time)) &&
      (purposes === undefined || (Array.isArray(purposes) && purposes.every((purpose) => typeof purpose === 'string')))
    if (!isGood)
      throw invalid(`key ${i + 1} of the file cannot be read`, at, 'take the last good version of the file back')
    checkSecret(secret, `${at} key ${i + 1}`)
    return {
      secret,
      state: state as KeyState,
      ...(created !== undefined && { created: created as number }),
      ...(activeFrom !== undefined && { activeFrom: activeFrom as number }),
      ...(purposes !== undefined && { purposes: purposes as readonly string[] }),
    }
  })
  return { revision: revision as number, keys: read }
}

function change(
  file: string,
  provider: KeyProvider,
  edit: (keys: readonly WrittenKey[]) => readonly WrittenKey[],
): Promise<KeyFile> {
  return whileLocked(file, async () => {
    const { revision, keys } = await readKeyFile(file, provider)
    return write(file, { revision: revision + 1, keys: edit(keys) }, provider)
  })
}

async function write(file: string, content: KeyFile, provider: KeyProvider): Promise<KeyFile> {
  // A file that no process could load is never written.
  ringOf(content.keys)
  replaceFile(file, await sealDocument('keys', JSON.stringify(content), provider))
  return content
}

/** The states as they are by now, written down. */
function settled(keys: readonly WrittenKey[], time: number): readonly WrittenKey[] {
  const ring = ringOf(keys, { now: () => time })
  return keys.map((key, i) => {
    const state = ring.keys[i]?.state ?? key.state
    return state === key.state ? key : state === 'active' ? active(key) : { ...key, state }
  })
}

function isForSame(a: Pick<WrittenKey, 'purposes'>, b: Pick<WrittenKey, 'purposes'>): boolean {
  return String([...(a.purposes ?? [])].sort()) === String([...(b.purposes ?? [])].sort())
}

function active({ activeFrom: _, ...key }: WrittenKey): WrittenKey {
  return { ...key, state: 'active' }
}
