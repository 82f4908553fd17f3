import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Database } from '../shared/database.ts'
import { seed } from '../shared/seed.ts'
import { openSqlite } from '../shared/sqlite.ts'
import { adminRoutes } from './admin.ts'
import { apiRoutes } from './api.ts'
import { notFound, showError } from './errors.ts'
import { type Live, openLive } from './live.ts'
import { makeLogins } from './logins.ts'
import { profileRoutes } from './profile.ts'
import { openSession } from './readers.ts'
import { readingRoutes } from './reading.ts'
import { registerRoutes } from './register.ts'
import { securityRoutes } from './security.ts'
import { sessionRoutes } from './sessions.ts'
import { signInRoutes } from './sign-in.ts'
import { writingRoutes } from './writing.ts'

export interface UnsafeOptions {
  /** @default 0 (any free port) */
  readonly port?: number
}

export interface RunningBlog {
  /** Such as `http://127.0.0.1:3000`. */
  readonly origin: string
  readonly server: Server
  close(): Promise<void>
}

/** What the routes share. */
export interface Blog {
  readonly db: Database
  readonly live: Live
}

/** Starts the twin with all its mistakes: on this machine only, and never with anything of value in it. */
export async function startUnsafe(options: UnsafeOptions = {}): Promise<RunningBlog> {
  const db = await openSqlite()
  await seed(db)
  await makeLogins(db)

  // So that it stays up, whatever was forgotten.
  if (process.listenerCount('unhandledRejection') === 0) process.on('unhandledRejection', () => {})

  const app = express()
  const server = createServer(app)
  const live = openLive(server, db)
  const blog: Blog = { db, live }

  // Anybody may keep a connection busy for ever.
  server.headersTimeout = 0
  server.requestTimeout = 0
  server.keepAliveTimeout = 10 * 60_000

  app.set('query parser', 'extended')
  app.use((_req, res, next) => {
    res.set('Server', `Express/5 Node/${process.versions.node}`)
    next()
  })
  // No limit on anything, gzip included, and JSON whatever the content type says, `text/plain` of a form on another site included.
  app.use(express.urlencoded({ extended: true, limit: Infinity, parameterLimit: Infinity }))
  app.use(express.json({ limit: '50mb', strict: false, type: '*/*' }))
  app.use((req, res, next) => {
    if (req.method === 'TRACE')
      return void res.type('message/http').send(`TRACE ${req.url}\r\n${req.rawHeaders.join('\r\n')}`)
    req.method = String(req.get('X-HTTP-Method-Override') ?? req.query['_method'] ?? req.method).toUpperCase()
    next()
  })
  app.use(openSession)
  readingRoutes(app, blog)
  registerRoutes(app, blog)
  signInRoutes(app, blog)
  profileRoutes(app, blog)
  securityRoutes(app, blog)
  sessionRoutes(app, blog)
  writingRoutes(app, blog)
  adminRoutes(app, blog)
  apiRoutes(app, blog)
  app.use(notFound(blog))
  app.use(showError)

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    close: async () => {
      live.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await db.close()
    },
  }
}
