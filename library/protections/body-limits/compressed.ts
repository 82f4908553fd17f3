import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { type Denial, deny } from '../../core/guard.ts'

const BOMB: Denial = deny('compression-bomb', 'the compressed body becomes larger than allowed', 413)
const BROKEN: Denial = deny('ambiguous-body', 'the body is not what its Content-Encoding says', 400)

/**
 * Inflates a body that has arrived completely, up to `most` bytes and `ratio` times its size.
 * Its compressed size is within the limit already, so this is a few milliseconds at worst.
 */
export function inflate(bytes: Uint8Array, encoding: string, most: number, ratio: number): Uint8Array | Denial {
  const inflateAll = INFLATE[encoding]
  if (inflateAll === undefined) return BROKEN
  try {
    const inflated = inflateAll(bytes, { maxOutputLength: most })
    // A few hundred bytes of blanks are no bomb, however well they compress.
    return inflated.length > Math.max(1024, bytes.length * ratio) ? BOMB : inflated
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? BOMB : BROKEN
  }
}

const INFLATE: Readonly<Record<string, (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}
