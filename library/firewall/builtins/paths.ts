import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { currentExchange } from '../context.ts'
import { replace, watchOf } from './replace.ts'

/** What the path functions tell of. */
export interface PathInspector {
  /**
   * Pieces were made one path, which says nothing any more of where its pieces led. Never throws.
   * `anew`: a piece that begins at a root makes those before it forgotten.
   */
  joined(pieces: readonly string[], anew: boolean): void
}

/**
 * Lets an inspector see how paths are put together in an exchange: only pieces that lead upwards, and those that begin anew behind
 * others. What `join` makes goes through `normalize`.
 */
export function watchPaths(inspector: PathInspector): void {
  const watch = watchOf<PathInspector>('paths')
  watch.inspector = inspector
  for (const flavour of [path.posix, path.win32]) {
    for (const name of ['join', 'normalize', 'resolve']) {
      const anew = name === 'resolve'
      replace(flavour, name, (native) => {
        return function (...pieces) {
          const result: string = native.apply(this, pieces)
          if (leads(pieces, anew) && currentExchange() !== undefined) watch.inspector?.joined(pieces, anew)
          return result
        }
      })
    }
  }
  syncBuiltinESMExports()
}

function leads(pieces: readonly string[], anew: boolean): boolean {
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as string
    if (piece.includes('..')) return true
    if (anew && i > 0 && isAbsolute(piece)) return true
  }
  return false
}

/** On any system: `/a`, `\a` and `C:`. */
function isAbsolute(piece: string): boolean {
  const first = piece.charCodeAt(0)
  return first === 0x2f || first === 0x5c || piece.charCodeAt(1) === 0x3a
}
