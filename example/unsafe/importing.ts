import type { Express } from 'express'
import { text } from '../shared/fields.ts'
import type { Blog } from './app.ts'
import { draftOf } from './drafts.ts'
import { readerOf } from './readers.ts'
import { toSignIn } from './redirects.ts'
import { importPage } from './views/import.ts'
import { writePage } from './views/posts.ts'

/** Bringing along what was written elsewhere: it comes into the form for new posts, and is published from there. */
export function importingRoutes(app: Express, { db }: Blog): void {
  app.get('/import', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(importPage(reader, ''))
  })

  app.post('/import', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const entry = text(req.body, 'entry')
    const draft = await draftOf(entry)
    if (draft) res.send(writePage(reader, draft))
    else res.status(422).send(importPage(reader, entry, { entry: 'No post can be found in this.' }))
  })
}
