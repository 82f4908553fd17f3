// The parts that the benchmark uses of packages that bring no types.

declare module 'cookie-parser' {
  import type { RequestHandler } from 'express'
  export default function cookieParser(secret?: string): RequestHandler
}

declare module 'libsodium-wrappers' {
  const sodium: {
    readonly ready: Promise<void>
    readonly crypto_secretbox_NONCEBYTES: number
    readonly base64_variants: { readonly URLSAFE_NO_PADDING: number }
    crypto_secretbox_keygen(): Uint8Array
    crypto_secretbox_easy(text: string, nonce: Uint8Array, key: Uint8Array): Uint8Array
    crypto_secretbox_open_easy(sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array
    randombytes_buf(bytes: number): Uint8Array
    to_base64(bytes: Uint8Array, form: number): string
    from_base64(text: string, form: number): Uint8Array
    to_string(bytes: Uint8Array): string
  }
  export default sodium
}

declare module 'cookie-signature' {
  const signature: {
    sign(value: string, secret: string): string
    unsign(signed: string, secret: string): string | false
  }
  export default signature
}

declare module 'hpp' {
  import type { RequestHandler } from 'express'
  export default function hpp(): RequestHandler
}

declare module 'toobusy-js' {
  const toobusy: { (): boolean; maxLag(ms: number): number }
  export default toobusy
}
