import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { text } from '../shared/fields.ts'
import { commentsOf, newestPosts, type Post, postById, selectPosts } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { readerOf } from './sign-in.ts'
import { leavingPage } from './views/accounts.ts'
import { isWebAddress } from './views/parts.ts'
import { homePage, postPage, searchPage } from './views/posts.ts'

/** The pages that everybody may read. */
export function readingRoutes(app: Express, { db }: Blog): void {
  const visitors = new Set<string>()

  app.get('/', (req, res) => {
    if (visitors.size < 10_000) visitors.add(req.security.ip)
    const page = newestPosts(db, Number(text(req.query, 'page')))
    res.send(`${homePage(readerOf(req, db), page, visitors.size)}`)
  })

  app.get('/posts/:id', (req, res, next) => {
    const post = postById(db, Number(req.params.id))
    if (!post) return next()
    res.send(`${postPage(readerOf(req, db), post, commentsOf(db, post.id))}`)
  })

  // A search reads every post.
  app.get('/search', secure({ limit: '60/min' }), (req, res) => {
    const query = text(req.query, 'q').slice(0, 100)
    const pattern = `%${query.replace(/[\\%_]/g, '\\$&')}%`
    const posts = db
      .prepare(`${selectPosts} WHERE title || ' ' || body LIKE ? ESCAPE '\\' ORDER BY created DESC LIMIT 50`)
      .all(pattern) as Post[]
    res.send(`${searchPage(readerOf(req, db), query, query ? posts : [])}`)
  })

  app.get('/go', (req, res, next) => {
    const to = text(req.query, 'to')
    if (!isWebAddress(to)) return next()
    res.send(`${leavingPage(readerOf(req, db), new URL(to))}`)
  })

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok' })
  })
}
