import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Policy, SecurityEvent } from 'bulwark'
import type { Accounts, Letter } from 'bulwark/accounts'
import { type AuditTrail, openAudit } from 'bulwark/audit'
import { bulwark } from 'bulwark/express'
import type { KeyRing } from 'bulwark/keys'
import { listen, type TlsSource } from 'bulwark/transport'
import express from 'express'
import type { Database } from '../shared/database.ts'
import { sendMail } from '../shared/mails.ts'
import { seed } from '../shared/seed.ts'
import { addSamples, openAccounts } from './accounts.ts'
import { adminRoutes } from './admin.ts'
import { apiRoutes } from './api.ts'
import { consoleRoutes } from './console.ts'
import { notFound, refusalPage } from './errors.ts'
import { importingRoutes } from './importing.ts'
import { inboxRoutes } from './inbox.ts'
import { type Live, openLive } from './live.ts'
import { type Memory, openMemory, type Places } from './memory.ts'
import { type Notifying, type NotifyingOptions, startNotifying } from './notifying.ts'
import { outboxRoutes } from './outbox.ts'
import { passkeyRoutes } from './passkeys.ts'
import { profileRoutes } from './profile.ts'
import { identify, roles } from './readers.ts'
import { readingRoutes } from './reading.ts'
import { registerRoutes } from './register.ts'
import { securityRoutes } from './security.ts'
import { sessionRoutes } from './sessions.ts'
import { signInRoutes } from './sign-in.ts'
import { writingRoutes } from './writing.ts'

export interface BlogOptions extends Places {
  /** @default 0 (any free port) */
  readonly port?: number
  /** The address that people see, such as `https://blog.example`, when it is not this process's own. */
  readonly origin?: string | undefined
  /** Seals what must not be readable in the database; at least 32 random characters, or a ring that follows its file. @default new ones at every start */
  readonly keys?: string | KeyRing | undefined
  /** The program that tells people when somebody comments on what they wrote. @default nobody is told */
  readonly notify?: NotifyingOptions['target'] | undefined
  /** With a certificate the blog speaks HTTPS, and sends people over from a plain port. */
  readonly tls?: TlsSource
  /** The plain port, where there is a certificate. @default 0 (any free port) */
  readonly plainPort?: number
  /** Sends a letter. @default the outbox, which everybody may read: not in production */
  readonly mail?: (letter: Letter) => Promise<void>
  /** The folder of the audit trail. @default none */
  readonly audit?: string
  /** What shall differ from the policy below. */
  readonly policy?: (own: Policy) => Policy
  /** Learns what Bulwark did. @default one line on standard error */
  readonly onEvent?: (event: SecurityEvent) => void
}

export interface RunningBlog {
  /** Such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** The port that sends people over to HTTPS, where there is one. */
  readonly plainPort?: number
  close(): Promise<void>
}

/** What the routes share. */
export interface Blog {
  readonly db: Database
  readonly accounts: Accounts
  readonly live: Live
  readonly notifying: Notifying | undefined
  readonly audit: AuditTrail | undefined
}

/** Starts the blog on this machine only, with three people and their posts in it. */
export async function startBlog(options: BlogOptions = {}): Promise<RunningBlog> {
  const isProduction = process.env['NODE_ENV'] === 'production'
  if (isProduction && !options.mail)
    throw new Error('Say how letters are sent, such as by BLOG_MAIL=folder: in production nobody may read them here.')
  const memory = await openMemory(options)
  const { db, store } = memory
  const { keys = randomBytes(32).toString('base64url') } = options

  const app = express()
  let own = ''
  const mail = options.mail ?? (({ to, subject, text }) => sendMail(db, to, subject, text))
  const accounts = openAccounts(memory, { origins: () => [options.origin ?? own], mail, keys })
  // Their passwords are in this repository.
  if (!isProduction) await Promise.all([seed(db), addSamples(memory)])
  const live = openLive({ db, accounts })
  const { notify } = options
  const notifying = notify && startNotifying(db, { target: notify, keys })
  const audit = options.audit === undefined ? undefined : openAudit({ folder: options.audit, keys, app: 'blog' })
  const blog: Blog = { db, accounts, live, notifying, audit }

  const policy: Policy = {
    app: 'blog',
    store,
    keys,
    ...(options.origin && { origins: [options.origin] }),
    accessControl: { roles, identify: identify(blog) },
    massAssignment: { privileged: ['role', 'roles', 'isAdmin', 'admin'] },
    page: refusalPage,
    ...(notify && { callers: { self: 'blog', targets: { notify } } }),
    ...(options.onEvent && { onEvent: options.onEvent }),
  }
  app.use(bulwark(options.policy ? options.policy(policy) : policy))
  // Bulwark judges the size of every body before these see a byte of it, route by route. So they may be generous.
  app.use(express.urlencoded({ extended: false, limit: '4mb' }))
  app.use(express.json({ limit: '4mb' }))
  readingRoutes(app, blog)
  registerRoutes(app, blog)
  signInRoutes(app, blog)
  profileRoutes(app, blog)
  securityRoutes(app, blog)
  passkeyRoutes(app, blog)
  sessionRoutes(app, blog)
  writingRoutes(app, blog)
  importingRoutes(app)
  adminRoutes(app, blog)
  const console_ = consoleRoutes(app, { audit: options.audit, keys })
  apiRoutes(app, blog)
  if (notify) inboxRoutes(app, blog)
  if (!options.mail) outboxRoutes(app, blog)
  app.use(notFound(blog))

  const serving = await serve(app, options)
  own = serving.origin
  live.serve(serving.server)
  const { plainPort } = serving
  const close = (): Promise<void> => {
    console_.close()
    return end(serving, blog, memory)
  }
  return { origin: own, ...(plainPort !== undefined && { plainPort }), close }
}

interface Serving {
  readonly origin: string
  readonly plainPort: number | undefined
  readonly server: Server | SecureServer
  close(): Promise<unknown>
}

async function serve(app: RequestListener, { tls, port = 0, plainPort = 0 }: BlogOptions): Promise<Serving> {
  const host = '127.0.0.1'
  if (tls) {
    const listening = await listen(app, { tls, host, port, redirectFrom: plainPort })
    return { ...listening, origin: `https://${host}:${listening.port}`, plainPort: listening.redirectPort }
  }
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const close = () => new Promise((resolve) => server.close(resolve))
  return { server, origin: `http://${host}:${(server.address() as AddressInfo).port}`, plainPort: undefined, close }
}

async function end(
  { server, close }: Serving,
  { live, accounts, notifying, audit }: Blog,
  memory: Memory,
): Promise<void> {
  live.close()
  await notifying?.close()
  const closed = close()
  server.closeAllConnections()
  await closed
  await accounts.settled()
  await memory.close()
  audit?.close()
}
