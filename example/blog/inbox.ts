import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { z } from 'zod'
import { countPending } from '../shared/notices.ts'
import type { Blog } from './app.ts'
import { memberOf } from './readers.ts'
import { inboxPage } from './views/inbox.ts'

export interface Notice {
  readonly number: string
  readonly text: string
  /** ISO 8601. */
  readonly created: string
}

/** What another program answers is looked at like everything else that comes from outside. */
const Answer = z.object({ notices: z.array(z.object({ number: z.string(), text: z.string(), created: z.string() })) })

/** A page that waits for another program waits that long and no longer. */
const DEADLINE = 1000

/** What the notification program has for a member, and the keys by which it knows the blog. */
export function inboxRoutes(app: Express, { db, notifying }: Blog): void {
  app.get('/.well-known/jwks.json', secure({ allow: 'anyone' }), (_req, res) => {
    // Whoever keeps a copy would go on believing a key that was revoked.
    res.set('Cache-Control', 'no-store').json(notifying?.keySet() ?? { keys: [] })
  })

  app.get('/inbox', secure({ allow: 'account:own' }), async (req, res) => {
    const reader = memberOf(req)
    const asked = req.security
      .callService('notify', { path: '/notices', onBehalfOf: reader.id, timeout: DEADLINE })
      .then(({ status, json }): readonly Notice[] | undefined =>
        status === 200 ? Answer.parse(json()).notices : undefined,
      )
      // The page says that it is away; the rest of the blog does not need it.
      .catch(() => undefined)
    const [notices, waiting] = await Promise.all([asked, countPending(db, reader.id)])
    res.send(`${inboxPage(reader, notices, waiting)}`)
  })
}
