import { statSync } from 'node:fs'
import { BulwarkError } from '../core/errors.ts'
import type { KeyRing } from '../core/keys.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { parseDuration } from '../toolbox/duration.ts'
import { AMOUNT, FUNCTION, type Kinds, misfitIn, OBJECT, TEXT } from '../toolbox/value-kinds.ts'
import { openDocument } from './document.ts'
import { readText } from './files.ts'
import { invalid } from './invalid.ts'
import { type KeyFile, parseKeyFile } from './key-file.ts'
import type { KeyProvider } from './provider.ts'
import { ringOf } from './ring.ts'

const KNOWN: Kinds<KeyFileOptions> = {
  file: TEXT,
  provider: OBJECT,
  reload: AMOUNT,
  onProblem: FUNCTION,
  now: FUNCTION,
}

export interface KeyFileOptions {
  /** The file that `bulwark keys new --file` made. */
  readonly file: string
  /** Who unwraps it: `localProvider(process.env.BULWARK_MASTER_KEY)`, or a key management service. */
  readonly provider: KeyProvider
  /**
   * How often to look whether the file has changed, such as `'1s'`: one `stat`. With the half second after which others ask for the keys of
   * calls again, the default makes a revoked key worthless everywhere within a second.
   * @default '250ms'
   */
  readonly reload?: string | number
  /** Called when a changed file could not be read. The keys stay as they were. @default a warning of the process */
  readonly onProblem?: (error: unknown) => void
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/** A ring that follows its file. */
export interface FileKeyRing extends KeyRing {
  /** Reads the file now, if it has changed. */
  reload(): Promise<void>
  /** Stops looking. */
  close(): void
}

/**
 * Opens a sealed file of keys, and follows its changes: new keys are known, and revoked ones refused, within a second in every process.
 *
 * A file that cannot be read any more, or is older than the one before, changes nothing and is reported: an app that throws its keys away
 * would sign everybody out, and one that takes an old file back would believe revoked keys again.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID`, `BULWARK_KEYS_WEAK`, `BULWARK_DURATION_INVALID`, `BULWARK_POLICY_INVALID`
 */
export async function openKeyFile(options: KeyFileOptions): Promise<FileKeyRing> {
  refuseUnknown(misfitIn(options, { keys: KNOWN }, 'openKeyFile()'))
  const { file, provider, reload = '250ms', onProblem = warn, now = Date.now } = options
  const pause = parseDuration(reload)
  if (pause === undefined || pause < 100) {
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no time between two looks at a file', {
      at: 'openKeyFile.reload',
      fix: "write it like '1s'; at least 100ms",
    })
  }
  let seen = signOf(file)
  const first = await load(file, provider)
  let { revision } = first
  const ring = ringOf(first.keys, { now })
  let isRunning = false

  const look = async (): Promise<void> => {
    const sign = signOf(file)
    if (sign === seen) return
    const changed = await load(file, provider)
    seen = sign
    if (changed.revision < revision) {
      throw invalid(
        'the file of keys is older than the one before',
        file,
        'put the newest version back: it may have revoked a key',
      )
    }
    if (changed.revision === revision) return
    ring.replace(changed.keys)
    revision = changed.revision
  }
  let told: string | undefined
  const tick = async (): Promise<void> => {
    if (isRunning) return
    isRunning = true
    try {
      await look()
      told = undefined
    } catch (error) {
      // Once for each problem, not once a second.
      const text = error instanceof Error ? error.message : String(error)
      if (text !== told) onProblem(error)
      told = text
    } finally {
      isRunning = false
    }
  }
  const timer = setInterval(() => void tick(), pause)
  timer.unref()

  return {
    get version() {
      return ring.version
    },
    get keys() {
      return ring.keys
    },
    active: ring.active,
    usable: ring.usable,
    reload: look,
    close: () => clearInterval(timer),
  }
}

async function load(file: string, provider: KeyProvider): Promise<KeyFile> {
  const text = readText(file)
  if (text === undefined)
    throw invalid('there is no such file', file, 'make it with: npx @bulwark/cli keys new --file FILE')
  return parseKeyFile(await openDocument('keys', text, provider, file), file)
}

/** Changes whenever the file does: it is always replaced, never written into. */
function signOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error.message : String(error), { type: 'BulwarkWarning' })
}
