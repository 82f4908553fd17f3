import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { BulwarkError } from '../core/errors.ts'
import type { SecurityEvent } from '../core/event.ts'
import type { KeyRing } from '../core/keys.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { isKeyRing, keyRing } from '../keys/ring.ts'
import { parseSize } from '../toolbox/size.ts'
import { AMOUNT, FLAG, FUNCTION, type Kinds, misfitIn, NUMBER, TEXT } from '../toolbox/value-kinds.ts'
import { auditFiles, type GrowingFile, growFile, lastSeal } from './file.ts'
import { boundFlood } from './flood.ts'
import { type AuditLine, ENDING, PURPOSE, sealLine, type Unplaced } from './line.ts'

const KNOWN: Kinds<AuditOptions> = {
  folder: TEXT,
  keys: { text: true, list: TEXT, any: true },
  app: TEXT,
  events: FLAG,
  perMinute: NUMBER,
  maxSize: AMOUNT,
  onTrouble: FUNCTION,
  now: FUNCTION,
}

export interface AuditOptions {
  /** Where its files are. Made when it is not there, for this user only. */
  readonly folder: string
  /** The keys of the app, as in the policy. **Security**: who has them can write another past; see the README. */
  readonly keys: string | readonly string[] | KeyRing | undefined
  /** Names the app in the files. @default 'app' */
  readonly app?: string
  /** Whether the events of every policy and of the firewall in this process are written. @default true */
  readonly events?: boolean
  /** Events of a kind (outcome, guard, risk) that get a line of their own in a minute; the others are counted. @default 100 */
  readonly perMinute?: number
  /** Bytes after which another file begins. @default '64mb' */
  readonly maxSize?: string | number
  /** Called when nothing can be written, once for each time that begins. @default a warning of the process */
  readonly onTrouble?: (error: unknown) => void
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/** What somebody did, in the words of the app. **Security**: no secrets; whoever reads the trail reads this. */
export interface AuditEntry {
  /** What was done: `'post.delete'`. */
  readonly action: string
  /** The id of who did it. */
  readonly by?: string
  /** What it was done to: `'post 12'`. */
  readonly on?: string
  readonly details?: Readonly<Record<string, string | number | boolean | null>>
  /** The request that it was done with: `req.security`. */
  readonly security?: { readonly id: string; readonly ip: string }
}

export interface AuditTrail {
  /** Adds an entry. It is in the file within a moment, and on the disk within a second. */
  add(entry: AuditEntry): void
  /**
   * Resolves when the disk has everything that was added so far. For what must not happen without being written: wait for it first.
   * @throws the error of the system when it cannot be written
   */
  flush(): Promise<void>
  /** The seal that everything so far leads to. Kept elsewhere, it shows later that nothing before it was changed or cut off. */
  head(): string
  /** Writes what is left and the end of the file. */
  close(): void
}

/** Entries that wait for a disk that takes none. */
const MOST = 10_000
const LONGEST = 2000
const RETRY = 1000
/** Files whose ends a new file tells; those of the last weeks or years, for most apps. */
const OTHERS = 100

/**
 * Opens a trail of what happened, which shows when it was changed afterwards: one file for each process, that only grows. Writes the events of
 * Bulwark, and what the app adds.
 *
 * **Security**: CWE-778, CWE-117; ASVS 5.0 16.2.1, 16.4.1, 16.4.2.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` when nothing can be written there, `BULWARK_KEYS_WEAK`, `BULWARK_SIZE_INVALID`
 */
export function openAudit(options: AuditOptions): AuditTrail {
  refuseUnknown(misfitIn(options, { keys: KNOWN }, 'openAudit()'))
  const { folder, app = 'app', events = true, perMinute = 100, now = Date.now } = options
  const ring = isKeyRing(options.keys) ? options.keys : keyRing(options.keys ?? [])
  const maxSize = parseSize(options.maxSize ?? '64mb')
  if (maxSize === undefined || maxSize < 1024) {
    throw new BulwarkError('BULWARK_SIZE_INVALID', 'this is no size of a file', {
      ...{ at: 'audit.maxSize', fix: "write it like '64mb'" },
    })
  }
  const onTrouble =
    options.onTrouble ??
    ((error: unknown) => process.emitWarning(`the audit trail cannot be written: ${error}`, { code: 'BULWARK_AUDIT' }))

  const waiting: Unplaced[] = []
  const flood = boundFlood(perMinute)
  let lost = 0
  let writer = opened(() => begin({ folder, app, ring, now }))
  let planned: NodeJS.Immediate | undefined
  let isStuck = false
  let isDirty = true
  let isClosed = false

  const note = (line: Unplaced): void => {
    if (isClosed) return
    if (waiting.length >= MOST) lost++
    else waiting.push(line)
    planned ??= setImmediate(tryWriting)
  }

  const write = (): void => {
    clearImmediate(planned)
    planned = undefined
    if (lost > 0 && waiting.length < MOST) {
      waiting.push({ do: 'lost', at: new Date(now()).toISOString(), many: lost })
      lost = 0
    }
    if (waiting.length === 0) return
    isDirty = true
    writer.append(waiting)
    waiting.length = 0
    isStuck = false
    if (writer.length < maxSize) return
    const last = writer
    writer = begin({ folder, app, ring, now })
    last.end()
  }

  const tryWriting = (): boolean => {
    try {
      write()
      return true
    } catch (error) {
      if (!isStuck) onTrouble(error)
      isStuck = true
      return false
    }
  }

  const tick = setInterval(() => {
    for (const line of flood.counts(now())) note(line)
    if (waiting.length > 0 || lost > 0) tryWriting()
    if (!isDirty) return
    isDirty = false
    writer.sync().catch((error: unknown) => {
      isDirty = true
      if (!isStuck && !isClosed) onTrouble(error)
    })
  }, RETRY).unref()

  const onEvent = (event: unknown): void => {
    if (!flood.isTooMany(event as SecurityEvent)) note(toLine(event as SecurityEvent))
  }
  if (events) subscribe('bulwark:event', onEvent)

  const close = (): void => {
    if (isClosed) return
    unsubscribe('bulwark:event', onEvent)
    process.removeListener('exit', close)
    clearInterval(tick)
    for (const line of flood.counts(now(), true)) note(line)
    const isWritten = tryWriting()
    isClosed = true
    try {
      if (isWritten) writer.end()
    } catch (error) {
      onTrouble(error)
    }
  }
  process.on('exit', close)

  return {
    add({ action, by, on, details, security }) {
      note({
        do: 'did',
        at: new Date(now()).toISOString(),
        action: cut(action),
        ...(by !== undefined && { by: cut(by) }),
        ...(on !== undefined && { on: cut(on) }),
        ...(details !== undefined && { details }),
        ...(security !== undefined && { incident: security.id, ip: security.ip }),
      })
    },
    async flush() {
      write()
      await writer.sync()
      isDirty = false
    },
    head: () => writer.seal(),
    close,
  }
}

interface Writer {
  readonly length: number
  append(lines: readonly Unplaced[]): void
  sync(): Promise<void>
  seal(): string
  end(): void
}

interface Beginning {
  readonly folder: string
  readonly app: string
  readonly ring: KeyRing
  now(): number
}

/** A new file with its first line. */
function begin({ folder, app, ring, now }: Beginning): Writer {
  const key = ring.active(PURPOSE)
  if (key === undefined) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'no key may seal the audit trail', {
      ...{ at: 'audit.keys', fix: 'give it the keys of the policy' },
    })
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const others: Record<string, string> = {}
  for (const name of auditFiles(folder).slice(-OTHERS)) {
    const seal = lastSeal(join(folder, name))
    if (seal !== undefined) others[name] = seal
  }
  const at = new Date(now()).toISOString()
  const time = at.replace(/[-:]/g, '').replace('.', '')
  const file: GrowingFile = growFile(folder, `${time}-${process.pid}-${randomBytes(3).toString('hex')}${ENDING}`)
  const secret = key.derive(PURPOSE)
  let n = 0
  let seal = ''
  const append = (lines: readonly Unplaced[]): void => {
    let [nextN, nextSeal, text] = [n, seal, '']
    for (const line of lines) {
      const sealed = sealLine({ n: nextN, ...line } as AuditLine, nextSeal, secret)
      nextN++
      nextSeal = sealed.seal
      text += `${sealed.text}\n`
    }
    file.append(text)
    n = nextN
    seal = nextSeal
  }
  append([{ do: 'begin', at, app: cut(app), pid: process.pid, key: key.id, others }])
  return {
    get length() {
      return file.length
    },
    append,
    sync: () => file.sync(),
    seal: () => seal,
    end() {
      append([{ do: 'end', at: new Date(now()).toISOString() }])
      file.close()
    },
  }
}

function opened<T>(open: () => T): T {
  try {
    return open()
  } catch (cause) {
    if (cause instanceof BulwarkError) throw cause
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'the audit trail cannot be written there', {
      ...{ at: 'audit.folder', fix: 'name a folder that this process may make or write to', cause },
    })
  }
}

function toLine({ at, outcome, guard, risk, reason, request, user, error }: SecurityEvent): Unplaced {
  return {
    do: 'event',
    at: new Date(at).toISOString(),
    ...{ outcome, guard, risk, reason },
    ...(request && { incident: request.id, method: cut(request.method), path: cut(request.path), ip: request.ip }),
    ...(user !== undefined && { user: cut(user) }),
    ...(error !== undefined && { error: error instanceof Error ? cut(error.name) : typeof error }),
  }
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
