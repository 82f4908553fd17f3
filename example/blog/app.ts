import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashPassword, type Policy, type SecurityEvent } from 'bulwark'
import { bulwark } from 'bulwark/express'
import express from 'express'
import type { Database } from '../shared/database.ts'
import { seed } from '../shared/seed.ts'
import { accountRoutes } from './accounts.ts'
import { adminRoutes } from './admin.ts'
import { apiRoutes } from './api.ts'
import { notFound, refusalPage } from './errors.ts'
import { type Live, openLive } from './live.ts'
import { type Memory, openMemory, type Places } from './memory.ts'
import { readingRoutes } from './reading.ts'
import { sessionRoutes } from './sessions.ts'
import { identify, roles } from './sign-in.ts'
import { writingRoutes } from './writing.ts'

export interface BlogOptions extends Places {
  /** @default 0 (any free port) */
  readonly port?: number
  /** The address that people see, such as `https://blog.example`, when it is not this process's own. */
  readonly origin?: string | undefined
  /** What shall differ from the policy below. */
  readonly policy?: (own: Policy) => Policy
  /** Learns what Bulwark did. @default one line on standard error */
  readonly onEvent?: (event: SecurityEvent) => void
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
  /** Where the blog is at home, for links in mails. */
  origin(): string
}

/** Starts the blog on this machine only, with three people and their posts in it. */
export async function startBlog(options: BlogOptions = {}): Promise<RunningBlog> {
  const memory = await openMemory(options)
  const { db, store } = memory
  await seed(db, hashPassword)

  const app = express()
  const server = createServer(app)
  const own = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const origin = () => options.origin ?? own()
  const live = openLive(server, db)
  const blog: Blog = { db, live, origin }

  const policy: Policy = {
    app: 'blog',
    store,
    ...(options.origin && { origins: [options.origin] }),
    accessControl: { roles, identify: identify(db) },
    page: refusalPage,
    ...(options.onEvent && { onEvent: options.onEvent }),
  }
  app.use(bulwark(options.policy ? options.policy(policy) : policy))
  // Bulwark has judged the size of every body before these see a byte of it.
  app.use(express.urlencoded({ extended: false, limit: Infinity }))
  app.use(express.json({ limit: Infinity }))
  readingRoutes(app, blog)
  accountRoutes(app, blog)
  sessionRoutes(app, blog)
  writingRoutes(app, blog)
  adminRoutes(app, blog)
  apiRoutes(app, blog)
  app.use(notFound(blog))

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return { origin: own(), server, close: () => end(server, live, memory) }
}

async function end(server: Server, live: Live, memory: Memory): Promise<void> {
  live.close()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  await memory.close()
}
