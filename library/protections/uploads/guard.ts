import { existsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Contract } from '../../core/contract.ts'
import { BulwarkError } from '../../core/errors.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import type { FileField, ReceivedForm } from '../../core/upload.ts'
import { parseSize } from '../../toolbox/size.ts'
import { compileFields, type Fields } from './fields.ts'
import { openFolder } from './folder.ts'
import type { Incoming, Place } from './incoming.ts'
import { parserFor } from './parser.ts'
import { isOfDisk, missingIn, receiveForm } from './receive.ts'

export interface UploadsOptions extends CommonOptions {
  /** Where files wait until the app has decided about them: a folder that nothing is served from. @default the system's temporary folder */
  readonly folder?: string
  /** Bytes of one file that stay in memory; what is larger waits on disk. @default '64kb' */
  readonly memory?: string | number
  /** How many fields besides files one form may have. @default 100 */
  readonly fields?: number
  /** Largest size of one of those fields. @default '100kb' */
  readonly fieldSize?: string | number
}

/** What a contract says about files; its place in `Contract` is the input's. */
type Files = Contract & { readonly files?: Readonly<Record<string, FileField>> }

const GONE: Denial = deny('malformed-upload', 'the form did not arrive whole', 400, { close: true })

/**
 * Receives the files of routes that declare them: as they arrive, under names of its own, believed by nothing but their content, and gone when
 * the answer has ended unless the app keeps them.
 *
 * **Security**: CWE-22, CWE-73, CWE-434, CWE-646, CWE-770; ASVS 5.0 5.2.1, 5.2.2, 5.3.1, 5.3.2. 400, 413 or 422 with the field that is wrong.
 * When the disk fails, the policy's `onFailure` decides, and nothing is kept either way.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_SIZE_INVALID`, `BULWARK_LIMIT_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export function uploads(options: UploadsOptions, setup: Setup): Guard {
  const parent = options.folder ?? tmpdir()
  if (options.folder !== undefined) checkFolder(options.folder)
  const limits = {
    fields: checkCount(options.fields ?? 100),
    fieldSize: checkSize(options.fieldSize ?? '100kb', 'policy.uploads.fieldSize', 1),
  }
  let opened: Promise<string> | undefined
  const place: Place = {
    memory: checkSize(options.memory ?? '64kb', 'policy.uploads.memory', 0),
    async folder() {
      // What cleans temporary folders may have taken this one.
      if (opened !== undefined && !existsSync(await opened)) opened = undefined
      opened ??= openFolder(parent, setup.now())
      // A folder that could not be made may be possible the next time: disks are mended while apps run.
      opened.catch(() => {
        opened = undefined
      })
      return opened
    },
  }
  const known = new WeakMap<Contract, Fields>()

  const fieldsOf = (contract: Files | undefined, at: string): Fields | undefined => {
    if (contract?.files === undefined) return undefined
    let fields = known.get(contract)
    if (fields === undefined) {
      fields = compileFields(contract.files, `${at}, secure({ files })`)
      // A missing package shows now and not with the first form.
      parserFor('multipart/form-data; boundary=a', { parts: 1, files: 1, fieldSize: 1 }, NOBODY)?.destroy()
      known.set(contract, fields)
    }
    return fields
  }

  const receive = (x: Exchange): Awaitable<ReceivedForm | Denial | undefined> => {
    const fields = fieldsOf(x.contract, 'secure()')
    if (fields === undefined) return undefined
    const type = x.request.hasBody ? (x.request.header('content-type') ?? '') : ''
    if (!/^multipart\/form-data\s*(?:;|$)/i.test(type.trim())) return missingIn(fields, NO_FILES)
    const before = x.notes.get('uploads') as Promise<ReceivedForm | Denial> | undefined
    if (before !== undefined) return before
    const incoming: Incoming[] = []
    const form = receiveForm(x.request.takeBody(), type, fields, limits, place, incoming).then(
      async (outcome) => {
        if ('status' in outcome) await discard(incoming)
        return outcome
      },
      async (error: unknown) => {
        await discard(incoming)
        if (isOfDisk(error)) throw error
        return GONE
      },
    )
    x.notes.set('uploads', form)
    x.onClose(() => {
      void form
        .catch(() => undefined)
        .then(() => discard(incoming))
        .catch((error: unknown) => {
          x.report({
            guard: 'uploads',
            risk: 'oversized-upload',
            reason: 'a file could not be removed',
            outcome: 'failed',
            error,
          })
        })
    })
    return form
  }
  setup.uploads.receive = receive

  return {
    name: 'uploads',
    phase: 'input',
    onRoutes(routes) {
      for (const { method, path, contract } of routes) fieldsOf(contract, `${method} ${path}`)
    },
    // Asked after the input, which has asked already unless it is off.
    onRoute(x) {
      const form = receive(x)
      return isPromise(form) ? form.then(toDenial) : toDenial(form)
    },
  }
}

const NO_FILES: ReadonlyMap<string, readonly unknown[]> = new Map()
const NOBODY = { onField() {}, onFile() {}, onProblem() {}, onEnd() {} }

function toDenial(form: ReceivedForm | Denial | undefined): Denial | undefined {
  return form !== undefined && 'status' in form ? form : undefined
}

async function discard(incoming: readonly Incoming[]): Promise<void> {
  for (const each of incoming) await each.discard()
}

function checkFolder(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return
  } catch {
    // It is not there, which the error below says as well.
  }
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'there is no such folder for files on their way', {
    at: 'policy.uploads.folder',
    fix: 'name a folder that exists, that the app may write to, and that nothing is served from',
  })
}

function checkSize(size: string | number, at: string, least: number): number {
  const bytes = parseSize(size)
  if (bytes !== undefined && bytes >= least) return bytes
  throw new BulwarkError('BULWARK_SIZE_INVALID', `"${String(size)}" is no such size`, {
    at,
    fix: "write it like '64kb', or as a number of bytes",
  })
}

function checkCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(count)}" is no number of fields`, {
    at: 'policy.uploads.fields',
    fix: 'use a whole number',
  })
}

function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}
