import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { newestMails } from '../shared/mails.ts'
import type { Blog } from './app.ts'
import { readerOf } from './readers.ts'
import { outboxPage } from './views/outbox.ts'

/** The letters that nobody sends, for everybody to see: while the blog is being worked on, and never in production. */
export function outboxRoutes(app: Express, blog: Blog): void {
  app.get('/outbox', secure({ allow: 'anyone' }), async (req, res) => {
    res.send(`${outboxPage(await readerOf(req, blog), await newestMails(blog.db))}`)
  })
}
