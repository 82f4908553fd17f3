import v8 from 'node:v8'
import { replace, watchOf } from './replace.ts'

/** What the platform tells of values that were made of bytes. */
export interface BytesInspector {
  /** Throws to keep the value from the app. */
  made(bytes: Uint8Array, value: unknown): void
}

const watch = watchOf<BytesInspector>('bytes')

/** Watches `node:v8` making values of bytes, by `deserialize()` or by a `Deserializer` of the app's own. Functions are replaced once. */
export function watchBytes(inspector: BytesInspector): void {
  const isFirst = watch.inspector === undefined
  watch.inspector = inspector
  if (!isFirst) return
  // `deserialize()` calls it as well.
  replace(v8.Deserializer.prototype, 'readValue', (native) => {
    return function (...args) {
      const value: unknown = native.apply(this, args)
      const { buffer } = this as { readonly buffer?: unknown }
      if (ArrayBuffer.isView(buffer)) {
        watch.inspector?.made(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength), value)
      }
      return value
    }
  })
}
