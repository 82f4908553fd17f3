// The parts that the benchmark uses of packages that bring no types.

declare module 'cookie-parser' {
  import type { RequestHandler } from 'express'
  export default function cookieParser(secret?: string): RequestHandler
}

declare module 'hpp' {
  import type { RequestHandler } from 'express'
  export default function hpp(): RequestHandler
}
