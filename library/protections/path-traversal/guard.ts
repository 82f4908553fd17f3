import { isAbsolute } from 'node:path'
import { BulwarkError } from '../../core/errors.ts'
import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'
import { guardFiles } from './files/guard-files.ts'

/** Options of the sink behind `node:fs`. */
export interface PathTraversalOptions extends CommonOptions {
  /**
   * Folders below which clients may name any path, as absolute paths.
   * @default []
   */
  readonly roots?: readonly string[]
}

/**
 * Stops the use of a file outside of the folder that the code named, when something that the client sent led there.
 *
 * The judging is done where the file functions are called: see `guardFiles()`.
 *
 * **Security**: the second line behind `resolveInside()`, for the path that somebody joined from input (CWE-22, ASVS 5.3.2).
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for a root that is not absolute, or is the root of everything
 */
export function pathTraversal({ roots = [] }: PathTraversalOptions): Guard {
  for (const [i, root] of roots.entries()) {
    if (typeof root === 'string' && isAbsolute(root) && !/^(?:[A-Za-z]:)?[\\/]+$/.test(root)) continue
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a root is not the absolute path of a folder', {
      at: `policy.pathTraversal.roots[${i}]`,
      fix: 'name the folder from the root on, such as /srv/files',
    })
  }
  guardFiles({ roots })
  return { name: 'path-traversal', phase: 'input' }
}
