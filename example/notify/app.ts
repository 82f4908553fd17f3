import { guardDatabase, type SecurityEvent, type Store } from 'bulwark'
import { bulwark, secure } from 'bulwark/express'
import { memoryStore } from 'bulwark/stores/memory'
import { redisStore } from 'bulwark/stores/redis'
import { sqliteStore } from 'bulwark/stores/sqlite'
import { type Listening, listen } from 'bulwark/transport'
import express, { type Express } from 'express'
import { z } from 'zod'
import { text } from '../shared/fields.ts'
import type { Credentials } from './certificates.ts'
import { type Notices, openNotices } from './notices.ts'

export interface NotifyOptions {
  /** @default 0 (any free port) */
  readonly port?: number
  /** Where notices are kept, and, without Redis, which calls have come. @default memory, until the process ends */
  readonly file?: string | undefined
  /** A Redis or Valkey server that remembers which calls have come, for processes on several machines. */
  readonly redisUrl?: string | undefined
  /** Its own certificate, and the authority of everybody who may connect at all. */
  readonly credentials: Credentials
  /** Where the blog publishes the keys that it signs its calls with. */
  readonly blogKeys: string
  /** The keys of whoever gives people's telephones their tokens. @default nobody has such tokens */
  readonly tokenKeys?: { readonly keys: readonly object[] } | undefined
  /** What the mail provider signs its deliveries with. @default there is no provider */
  readonly mailSecret?: string | undefined
  /** Learns what Bulwark did. @default one line on standard error */
  readonly onEvent?: (event: SecurityEvent) => void
}

export const TOKEN_ISSUER = 'https://id.internal'

const Message = z.object({ number: z.string().max(64), to: z.string().max(64), text: z.string().max(500) })
const Bounce = z.object({ address: z.string().max(254) })

/** Starts the program that tells people things: the others may ask it to, each for what it is allowed and nothing else. */
export async function startNotify(options: NotifyOptions): Promise<Listening> {
  const notices = await openNotices(options.file, guardDatabase)
  const { store, end } = await openStore(options)
  const { credentials, tokenKeys, mailSecret, blogKeys } = options
  const app = express()
  app.use(
    bulwark({
      app: 'notify',
      store,
      callers: {
        self: 'notify',
        known: {
          // Both: a stolen key is nothing without the certificate, and a stolen certificate is nothing without the key.
          blog: { keys: blogKeys, certificate: 'blog.internal', may: ['notices:send', 'notices:read'] },
          audit: { certificate: 'audit.internal', may: ['notices:count'] },
          // Ends the connections of telephones and of the mail provider, and hands on what they bring.
          gateway: { certificate: 'gateway.internal', may: [] },
        },
      },
      ...(tokenKeys && { accessTokens: { issuers: [{ issuer: TOKEN_ISSUER, audience: 'notify', keys: tokenKeys }] } }),
      ...(mailSecret && { webhooks: { senders: { mail: { secrets: mailSecret } } } }),
      // A few programs call it, each for many people.
      rateLimit: { global: '6000/30s' },
      ...(options.onEvent && { onEvent: options.onEvent }),
    }),
  )
  app.use(express.json())
  notifyRoutes(app, notices, { hasTokens: tokenKeys !== undefined, hasMail: Boolean(mailSecret) })

  const { ca, cert, key } = credentials
  const listening = await listen(app, {
    ...{ port: options.port ?? 0, host: '127.0.0.1' },
    tls: { cert, key },
    clientAuthority: ca,
  })
  const close = async (): Promise<void> => {
    await listening.close()
    await end()
    await notices.close()
  }
  return { ...listening, close }
}

function notifyRoutes(app: Express, notices: Notices, { hasTokens, hasMail }: Record<string, boolean>): void {
  app.post('/notices', secure({ caller: 'notices:send', body: Message }), async (req, res) => {
    // On whose behalf it comes is what the blog has signed, and nothing that stands in the body.
    const sender = req.security.caller?.user
    if (sender === undefined) return void res.status(422).json({ error: 'A notice comes on behalf of somebody.' })
    const [number, recipient] = [text(req.body, 'number'), text(req.body, 'to')]
    await notices.add({ number, recipient, sender, text: text(req.body, 'text') })
    res.status(201).json({ taken: true })
  })

  app.get('/notices', secure({ caller: 'notices:read' }), async (req, res) => {
    const user = req.security.caller?.user
    res.json({ notices: user === undefined ? [] : await notices.of(user) })
  })

  app.get('/count', secure({ caller: 'notices:count' }), async (_req, res) => {
    res.json({ notices: await notices.count(), bounced: await notices.bounced() })
  })

  if (hasTokens) {
    app.get('/mine', secure({ token: { scope: 'notices:read' } }), async (req, res) => {
      res.json({ notices: await notices.of(req.security.token?.sub ?? '') })
    })
  }

  if (hasMail) {
    app.post('/webhooks/mail', secure({ webhook: 'mail', body: Bounce }), async (req, res) => {
      await notices.addBounced(text(req.body, 'address'))
      res.status(202).json({ taken: true })
    })
  }
}

async function openStore({ file, redisUrl }: NotifyOptions): Promise<{ store: Store; end: () => Promise<void> }> {
  if (redisUrl) {
    const { Redis } = await import('ioredis')
    const client = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1 })
    // Bulwark tells of each command that fails; without a listener the client would write to the console as well.
    client.on('error', () => {})
    return { store: redisStore(client), end: async () => client.disconnect() }
  }
  const store = file ? sqliteStore(file) : memoryStore()
  return { store, end: async () => store.close?.() }
}
