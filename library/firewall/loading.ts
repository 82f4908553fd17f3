import Module from 'node:module'
import { onFaceLoaded } from './drivers/faces.ts'

const SEALED = '@photostructure/sqlite'
/** Has a file of its own for promises and one for callbacks, which share nothing. */
const MARIADB = 'mariadb'
/** Packages that talk to databases, by the names that apps load them by. */
const PACKAGES: readonly string[] = [
  ...[
    'pg',
    'postgres',
    'mysql2',
    MARIADB,
    'better-sqlite3',
    'sqlite3',
    'libsql',
    'tedious',
    'mongodb',
    'mongoose',
    SEALED,
  ],
]
const BUILT_IN = 'node:sqlite'

type Load = (request: string, parent: unknown, isMain: boolean) => unknown

/**
 * Calls back with each driver when it is loaded, by `require` or by `import`, and hands the app what comes back.
 *
 * Both ways of loading a CommonJS package end in one function of Node's own loader, as long as nobody hands it other sources.
 */
export function onDriverLoaded(guard: (driver: object, name: string) => object): void {
  const loader = Module as unknown as { _load: Load }
  const native = loader._load
  const guarded = new WeakMap<object, object>()
  const pass = (driver: unknown, name: string): unknown => {
    if ((typeof driver !== 'object' && typeof driver !== 'function') || driver === null) return driver
    let result = guarded.get(driver)
    if (result === undefined) {
      result = guard(driver, name)
      guarded.set(driver, result)
      guarded.set(result, result)
    }
    return result
  }
  loader._load = function (request, parent, isMain) {
    const loaded = native.call(this, request, parent, isMain)
    if (request === BUILT_IN) return pass(loaded, BUILT_IN)
    const name = PACKAGES.find((each) => isOf(request, each))
    if (name === undefined) return loaded
    // Both faces of this package, for `require` and for `import`, stand on one binary file.
    if (name === SEALED) return request.endsWith('.node') ? pass(loaded, name) : loaded
    const main = mainOf(request, name)
    if (name === MARIADB) return pass(loaded, name)
    // `mysql2/promise` and its like stand on the main file, which holds what has to be guarded.
    if (main !== undefined) pass(native.call(this, main, parent, false), name)
    return main === undefined ? pass(loaded, name) : loaded
  }
  guardBuiltIn((driver) => pass(driver, BUILT_IN))
  onFaceLoaded((driver, name) => pass(driver, name) as object)
}

/** A package by its name, a file of it by its name, or a file of it by its place. */
function isOf(request: string, name: string): boolean {
  return (
    request === name ||
    request.startsWith(`${name}/`) ||
    request.replaceAll('\\', '/').includes(`/node_modules/${name}/`)
  )
}

/** What to load to have the package's main file; `undefined` when this is the main file, as far as a name can tell. */
function mainOf(request: string, name: string): string | undefined {
  if (request === name) return undefined
  if (request.startsWith(`${name}/`)) return name
  const place = request.replaceAll('\\', '/')
  return place.slice(0, place.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}`.length)
}

/**
 * `import 'node:sqlite'` passes no function that could be replaced. Where Node can tell of it, it is guarded then; otherwise at once.
 */
function guardBuiltIn(guard: (driver: unknown) => unknown): void {
  if (!process.versions.sqlite) return
  const { registerHooks } = Module as unknown as { registerHooks?: (hooks: object) => { deregister(): void } }
  if (registerHooks === undefined) {
    guard(process.getBuiltinModule('node:sqlite'))
    return
  }
  type Next = (specifier: string, context: object) => object
  const loading = registerHooks({
    resolve(specifier: string, context: object, next: Next) {
      if (specifier === BUILT_IN) {
        loading.deregister()
        guard(process.getBuiltinModule('node:sqlite'))
      }
      return next(specifier, context)
    },
  })
}
