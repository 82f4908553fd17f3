import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Database } from '../shared/database.ts'
import { seed } from '../shared/seed.ts'
import { openSqlite } from '../shared/sqlite.ts'
import { adminRoutes } from './admin.ts'
import { apiRoutes } from './api.ts'
import { certificate } from './certificate.ts'
import { notFound, showError } from './errors.ts'
import { importingRoutes } from './importing.ts'
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
  /** HTTPS, and the same without it on a second port. @default false */
  readonly tls?: boolean
}

export interface RunningBlog {
  /** Such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** Where the same pages are to be had in the clear, beside HTTPS. */
  readonly plainPort?: number
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
  const plain = createServer(app)
  // So that the oldest telephone can still read along.
  const secure = createSecureServer({ ...certificate, minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }, app)
  const servers = options.tls ? [secure, plain] : [plain]
  const live = openLive(db)
  const blog: Blog = { db, live }

  for (const server of servers) {
    live.serve(server)
    // Anybody may keep a connection busy for ever.
    server.headersTimeout = 0
    server.requestTimeout = 0
    server.keepAliveTimeout = 10 * 60_000
  }

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
  importingRoutes(app, blog)
  adminRoutes(app, blog)
  apiRoutes(app, blog)
  app.use(notFound(blog))
  app.use(showError)

  const [port = 0, plainPort] = await Promise.all(
    servers.map((server, i) => listenAt(server, i === 0 ? (options.port ?? 0) : 0)),
  )
  return {
    origin: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    ...(plainPort !== undefined && { plainPort }),
    close: async () => {
      live.close()
      await Promise.all(servers.map(end))
      await db.close()
    },
  }
}

function listenAt(server: Server, port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
