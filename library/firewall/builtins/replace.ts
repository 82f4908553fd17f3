import { type Method, wrap } from '../drivers/wrap.ts'
import { shared } from '../shared.ts'

/**
 * Puts `make(native)` in the place of a function of Node's, once, with all that hangs on the native one, such as what
 * `util.promisify` looks for.
 */
export function replace(owner: object, name: string, make: (native: Method) => Method): boolean {
  return wrap(owner, name, (native) => {
    const method = make(native)
    for (const key of Reflect.ownKeys(native)) {
      if (Object.hasOwn(method, key)) continue
      Object.defineProperty(method, key, Object.getOwnPropertyDescriptor(native, key) as PropertyDescriptor)
    }
    return method
  })
}

/** Who looks at the calls of one built-in module. Functions are replaced once in a process, and whoever asked last looks. */
export interface Watch<Inspector> {
  inspector: Inspector | undefined
}

/** Copies of this module, such as one per version of the package, share the watch: a call is judged once. */
export function watchOf<Inspector>(name: string): Watch<Inspector> {
  return shared<Watch<Inspector>>(`firewall.${name}`, () => ({ inspector: undefined }))
}
