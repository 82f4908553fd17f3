import type { Denial } from '../../core/guard.ts'
import type { Limits } from './limits.ts'

/** Follows the content of one body as its bytes arrive. */
export interface Shape {
  /** Changes when the route is known. */
  limits: Limits
  onChunk(chunk: Uint8Array): Denial | undefined
  onEnd(): Denial | undefined
  /** Whether what has arrived is more than the limits as they are now. */
  exceeded(): Denial | undefined
}

/** Part of a chunk as text. */
export function sliceText(bytes: Uint8Array, start: number, end: number): string {
  if (bytes instanceof Buffer) return bytes.toString('utf8', start, end)
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
