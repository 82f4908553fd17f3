import { refuseUnknown } from '../../../core/unknown-key.ts'
import { watchFiles } from '../../../firewall/builtins/files.ts'
import { watchPaths } from '../../../firewall/builtins/paths.ts'
import { attempt, consult } from '../../../firewall/consult.ts'
import { carryWhenAsked, currentExchange } from '../../../firewall/context.ts'
import { shared } from '../../../firewall/shared.ts'
import { type KnownKeys, strangerIn } from '../../../toolbox/known-keys.ts'
import { pathSink } from './sink.ts'

const KNOWN: KnownKeys<FilesOptions> = { roots: true }

export interface FilesOptions {
  /**
   * Folders below which clients may name any path, such as those that an administrator's page shows by full path.
   * @default []
   */
  readonly roots?: readonly string[] | undefined
}

/** What one policy allows, and what has been seen of an exchange's paths, counts for all of them. */
const state = shared('path-traversal', () => ({ sink: pathSink(), isCarried: false }))

/**
 * Stops every use of a path that something which the client of the current request sent leads out of the folder that the code named.
 * A policy calls this by itself.
 *
 * The functions of `node:fs` and `node:fs/promises` are watched, and those of `node:path` that put paths together. A stopped call
 * fails the way that the function's own errors do, with a `BlockedError` that is answered with 403; `exists` answers `false`.
 *
 * **Security**: functions that a CommonJS file took out of `require('node:fs')` before this call are not watched. `bulwark()` called
 * first, or `node --import bulwark/firewall`, sees all of them (CWE-22, ASVS 5.3.2).
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for a key that nobody knows
 */
export function guardFiles(options: FilesOptions = {}): void {
  refuseUnknown(strangerIn(options, KNOWN, 'guardFiles()'))
  const { sink } = state
  const { roots = [] } = options
  for (const root of roots) sink.allow(root)
  watchFiles({ path: (path) => consult(sink, path) })
  watchPaths({
    joined: (pieces, anew) => {
      const exchange = currentExchange()
      if (exchange !== undefined) attempt(sink.name, () => sink.remember(pieces, anew, exchange.untrusted))
    },
  })
  if (!state.isCarried) carryWhenAsked()
  state.isCarried = true
}
