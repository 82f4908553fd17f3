import { existsSync } from 'node:fs'
import Module from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Drivers whose modules for `import` share nothing with those for `require`: a face stands in front of them, which hands them to
 * `LOADED` and passes on what comes back.
 */
const PACKAGES: readonly string[] = ['postgres', 'mariadb']
const GUARD = `globalThis[Symbol.for('bulwark.firewall.loaded')]`
const POSTGRES = `import driver from URL
${GUARD}(driver, 'postgres')
export * from URL
export default driver`
const MARIADB = `import * as all from URL
const { createPool, createConnection, createPoolCluster } = ${GUARD}(all, 'mariadb')
export * from URL
export { createPool, createConnection, createPoolCluster }
export default { ...all.default, createPool, createConnection, createPoolCluster }`
/** How the place of a module ends, and the face in front of it, in which `URL` is where the module is. */
const FACES: readonly (readonly [string, string])[] = [
  ['/node_modules/postgres/src/index.js', POSTGRES],
  ['/node_modules/mariadb/promise.js', MARIADB],
  ['/node_modules/mariadb/callback.js', MARIADB],
]
const DATA = 'data:text/javascript,'
const AS_IS = { format: 'module', shortCircuit: true }

/** Where faces find whom to tell: they are modules of their own, and share nothing else with this one. */
const LOADED: unique symbol = Symbol.for('bulwark.firewall.loaded') as never

type Guard = (driver: object, name: string) => object
interface Resolved {
  readonly url: string
}
type Next = (specifier: string, context: object) => Resolved

/** Calls back with each of these drivers when it is imported; the app gets what comes back. */
export function onFaceLoaded(guard: Guard): void {
  Object.defineProperty(globalThis, LOADED, { value: guard, configurable: true })
  const { registerHooks } = Module as unknown as { registerHooks?: (hooks: object) => void }
  if (registerHooks !== undefined) {
    registerHooks({
      resolve: (specifier: string, context: { parentURL?: string }, next: Next) =>
        inFront(next(specifier, context), context.parentURL),
    })
    // Older versions of Node ask a thread of its own about every module: only apps that need it shall pay for it.
  } else if (PACKAGES.some(isInstalled)) Module.register(hook())
}

/** The face in front of a module, unless it is the face itself that asks. */
function inFront(resolved: Resolved, parent = ''): object {
  if (parent.startsWith('data:')) return resolved
  const face = FACES.find(([end]) => resolved.url.endsWith(end))
  if (face === undefined) return resolved
  return { url: DATA + encodeURIComponent(face[1].replaceAll('URL', () => JSON.stringify(resolved.url))), ...AS_IS }
}

/** The same as a module for a thread that knows nothing of this one. Bundlers rename functions, so it is no copy of the above. */
function hook(): string {
  const text = `const FACES = ${JSON.stringify(FACES)}
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context)
  if (context.parentURL?.startsWith('data:')) return resolved
  const face = FACES.find(([end]) => resolved.url.endsWith(end))
  if (face === undefined) return resolved
  const text = face[1].replaceAll('URL', () => JSON.stringify(resolved.url))
  return { url: '${DATA}' + encodeURIComponent(text), ...${JSON.stringify(AS_IS)} }
}`
  return DATA + encodeURIComponent(text)
}

/** Whether a package is in a folder that the app's program looks into. */
function isInstalled(name: string): boolean {
  for (let folder = dirname(process.argv[1] ?? '.'); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name))) return true
    if (dirname(folder) === folder) return false
  }
}
