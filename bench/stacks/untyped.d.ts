// The parts that the benchmark uses of packages that bring no types.

declare module 'cookie-parser' {
  import type { RequestHandler } from 'express'
  export default function cookieParser(secret?: string): RequestHandler
}

declare module 'hpp' {
  import type { RequestHandler } from 'express'
  export default function hpp(): RequestHandler
}

declare module 'express-session' {
  import type { RequestHandler } from 'express'

  interface SessionOptions {
    secret: string
    name: string
    resave: boolean
    saveUninitialized: boolean
    cookie: { httpOnly: boolean; sameSite: 'lax'; secure: boolean }
  }
  export default function session(options: SessionOptions): RequestHandler
}

declare namespace Express {
  interface Request {
    session: { id: string; visited?: boolean }
  }
}
