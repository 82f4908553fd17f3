import type { Express } from 'express'
import { text } from '../shared/fields.ts'
import { commentsOf, newestPosts, type Post, selectPosts } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { readerOf } from './sign-in.ts'
import { homePage, postPage, searchPage } from './views/posts.ts'

/** The pages that everybody may read. */
export function readingRoutes(app: Express, { db }: Blog): void {
  const visitors = new Set<string>()
  const searches = new Map<string, number>()
  setInterval(() => searches.clear(), 60_000).unref()

  app.get('/', (req, res) => {
    // Anybody is a new visitor as often as they like, and each one stays in memory.
    visitors.add(req.get('X-Forwarded-For')?.split(',')[0] ?? req.ip ?? '')
    const page = newestPosts(db, Number(text(req.query, 'page')))
    res.send(homePage(readerOf(req, db), page, visitors.size))
  })

  app.get('/posts/:id', (req, res, next) => {
    const post = db.prepare(`${selectPosts} WHERE posts.id = ${req.params.id}`).get() as Post | undefined
    if (!post) return next()
    res.send(postPage(readerOf(req, db), post, commentsOf(db, post.id)))
  })

  app.get('/search', (req, res) => {
    // A limit that ends where the visitor writes another header.
    const visitor = req.get('X-Forwarded-For')?.split(',')[0] ?? req.ip ?? ''
    searches.set(visitor, (searches.get(visitor) ?? 0) + 1)
    if ((searches.get(visitor) ?? 0) > 60) return void res.status(429).send('Search less, please.')
    const query = String(req.query['q'] ?? '')
    const posts = db
      .prepare(`${selectPosts} WHERE title || ' ' || body LIKE '%${query}%' ORDER BY created DESC LIMIT 50`)
      .all() as Post[]
    res.send(searchPage(readerOf(req, db), query, query ? posts : []))
  })

  app.get('/go', (req, res) => {
    res.redirect(String(req.query['to']))
  })

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok', node: process.version, express: '5.3.0', platform: process.platform, pid: process.pid })
  })
}
