import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath } from 'node:url'
import { currentExchange } from '../context.ts'
import type { Method } from '../drivers/wrap.ts'
import { replace, type Watch, watchOf } from './replace.ts'

/** What the file functions tell of. */
export interface FileInspector {
  /** A path is about to be used, as the app wrote it; throws to stop it. */
  path(path: string): void
}

/** How a function tells its caller of an error. `false`: it answers `false` instead. */
type Failing = 'callback' | 'throw' | 'promise' | 'false'

/** Functions whose first argument is a path. Streams open their files with `open`. */
const ONE_PATH: readonly string[] =
  'access appendFile chmod chown glob lchmod lchown lstat lutimes mkdir mkdtemp open opendir readFile readdir readlink realpath rm rmdir stat statfs truncate unlink utimes writeFile'.split(
    ' ',
  )
const TWO_PATHS: readonly string[] = 'copyFile cp link rename symlink'.split(' ')
/** The only ones of `fs.promises` that answer something besides a promise. */
const ITERATORS: ReadonlySet<string> = new Set(['glob', 'watch'])

/** Lets an inspector see every path that a function of `node:fs` is called with in an exchange. Outside of one, nothing is looked at. */
export function watchFiles(inspector: FileInspector): void {
  const watch = watchOf<FileInspector>('files')
  watch.inspector = inspector
  const put = (owner: object, name: string, failing: Failing, paths = 1): void => {
    replace(owner, name, (native) => judging(native, watch, failing, paths))
  }
  for (const [names, paths] of [[ONE_PATH, 1] as const, [TWO_PATHS, 2] as const]) {
    for (const name of names) {
      put(fs, name, 'callback', paths)
      put(fs, `${name}Sync`, 'throw', paths)
      put(fs.promises, name, ITERATORS.has(name) ? 'throw' : 'promise', paths)
    }
  }
  put(fs, 'exists', 'false')
  put(fs, 'existsSync', 'false')
  put(fs, 'openAsBlob', 'promise')
  put(fs, 'watch', 'throw')
  put(fs, 'watchFile', 'throw')
  put(fs.promises, 'watch', 'throw')
  syncBuiltinESMExports()
}

function judging(native: Method, watch: Watch<FileInspector>, failing: Failing, paths: number): Method {
  return function (...args) {
    const { inspector } = watch
    if (inspector === undefined || currentExchange() === undefined) return native.apply(this, args)
    try {
      for (let i = 0; i < paths; i++) {
        const path = textOf(args[i])
        if (path !== undefined) inspector.path(path)
      }
    } catch (error) {
      return fail(error, args, failing)
    }
    return native.apply(this, args)
  }
}

/** Numbers are files that are open already; what is nothing at all, the native function complains about. */
function textOf(path: unknown): string | undefined {
  if (typeof path === 'string') return path
  if (path instanceof Uint8Array) return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('utf8')
  if (!(path instanceof URL) || path.protocol !== 'file:') return undefined
  try {
    return fileURLToPath(path)
  } catch {
    // The native function refuses this address, too.
    return undefined
  }
}

function fail(error: unknown, args: readonly unknown[], failing: Failing): unknown {
  const callback = args.at(-1)
  if (failing === 'false') {
    if (typeof callback !== 'function') return false
    process.nextTick(callback as (exists: boolean) => void, false)
    return undefined
  }
  if (failing === 'promise') return Promise.reject(error)
  if (failing === 'throw' || typeof callback !== 'function') throw error
  process.nextTick(callback as (error: unknown) => void, error)
  return undefined
}
