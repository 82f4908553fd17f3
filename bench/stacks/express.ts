import { randomBytes } from 'node:crypto'
import cookieParser from 'cookie-parser'
import { doubleCsrf } from 'csrf-csrf'
import express, { type Express, type Request, type Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import helmet from 'helmet'
import hpp from 'hpp'
import { accept, page, posts } from '../cases.ts'
import { forExpress } from './bulwark.ts'
import { type Counter, portOf } from './counter.ts'
import { NewPost } from './post.ts'

declare module 'express-session' {
  interface SessionData {
    visited: boolean
  }
}

const SECRET = 'a secret of the benchmark, which protects nothing'

export async function bare(counter: Counter): Promise<number> {
  const app = express()
  app.use(express.json({ limit: '10kb' }))
  return serve(app, counter, { nonce: () => '', checked: false })
}

/** What a careful team puts together today, each part as its own README shows it. */
export async function usual(counter: Counter): Promise<number> {
  const app = express()
  const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
    getSecret: () => SECRET,
    getSessionIdentifier: (req) => req.session.id,
  })
  app.use((_req, res, next) => {
    res.locals['nonce'] = randomBytes(16).toString('base64')
    next()
  })
  app.use(
    helmet({
      contentSecurityPolicy: {
        directives: { scriptSrc: ["'self'", (_req, res) => `'nonce-${(res as Response).locals['nonce']}'`] },
      },
    }),
  )
  app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: 'draft-8', legacyHeaders: false }))
  app.use(cookieParser(SECRET))
  app.use(
    session({
      secret: SECRET,
      name: 'journal.sid',
      resave: false,
      saveUninitialized: false,
      // Secure would keep express-session from sending it at all, as the benchmark speaks plain HTTP.
      cookie: { httpOnly: true, sameSite: 'lax', secure: false },
    }),
  )
  app.use(express.json({ limit: '10kb' }))
  app.use(hpp())
  app.use(doubleCsrfProtection)
  // The token is bound to the session, so there has to be one: it begins here, before the first POST.
  app.get('/token', (req, res) => {
    req.session.visited = true
    res.json({ token: generateCsrfToken(req, res) })
  })
  return serve(app, counter, { nonce: (_req, res) => res.locals['nonce'], checked: true })
}

export async function bulwark(counter: Counter): Promise<number> {
  const app = express()
  const { plug, nonce } = await forExpress()
  app.use(plug)
  app.use(express.json({ limit: '10kb' }))
  return serve(app, counter, { nonce, checked: true })
}

interface Routes {
  nonce(req: Request, res: Response): string
  /** Whether the POST route validates its input. */
  readonly checked: boolean
}

function serve(app: Express, counter: Counter, { nonce, checked }: Routes): Promise<number> {
  app.get('/', (req, res) => {
    counter.served++
    res.send(page(nonce(req, res)))
  })
  app.get('/api/posts', (_req, res) => {
    counter.served++
    res.json(posts)
  })
  app.post('/api/posts', (req, res) => {
    const input = checked ? NewPost.safeParse(req.body) : { success: true, data: req.body }
    if (!input.success) {
      res.status(422).json({ error: 'invalid' })
      return
    }
    counter.served++
    res.status(201).json(accept(input.data))
  })
  return portOf(app.listen(0, '127.0.0.1'))
}
