import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashPassword, type Policy, type SecurityEvent } from 'bulwark'
import { bulwark } from 'bulwark/express'
import express from 'express'
import { type Database, openDatabase } from '../shared/database.ts'
import { assetsFolder } from '../shared/folder.ts'
import { seed } from '../shared/seed.ts'
import { accountRoutes } from './accounts.ts'
import { apiRoutes } from './api.ts'
import { notFound, showError } from './errors.ts'
import { type Live, openLive } from './live.ts'
import { readingRoutes } from './reading.ts'
import { writingRoutes } from './writing.ts'

export interface BlogOptions {
  /** @default 0 (any free port) */
  readonly port?: number
  /** What shall differ from the policy below. */
  readonly policy?: Policy
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

/** Starts the blog on this machine only, with two people and their posts in it. */
export async function startBlog(options: BlogOptions = {}): Promise<RunningBlog> {
  const db = await openDatabase()
  await seed(db, hashPassword)

  const app = express()
  const server = createServer(app)
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const live = openLive(server, db)
  const blog: Blog = { db, live, origin }

  app.use(bulwark({ app: 'blog', ...(options.onEvent && { onEvent: options.onEvent }), ...options.policy }))
  app.use('/assets', express.static(assetsFolder, { index: false, redirect: false }))
  app.use(express.urlencoded({ extended: false }))
  app.use(express.json())
  readingRoutes(app, blog)
  accountRoutes(app, blog)
  writingRoutes(app, blog)
  apiRoutes(app, blog)
  app.use(notFound(blog))
  app.use(showError(blog))

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    origin: origin(),
    server,
    close: () =>
      new Promise((resolve) => {
        live.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
