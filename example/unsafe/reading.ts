import { readFile } from 'node:fs/promises'
import express, { type Express } from 'express'
import { text } from '../shared/fields.ts'
import { assetsFolder, filesFolder } from '../shared/folder.ts'
import { allPeople, keepSearch, type Person } from '../shared/people.ts'
import { commentsOf, newestPosts, type Post, selectPosts } from '../shared/posts.ts'
import { likenesses, mostAlike, numbersOf, postsToCompare } from '../shared/statistics.ts'
import type { Blog } from './app.ts'
import { fileOf, serveFiles } from './files.ts'
import { readerOf } from './readers.ts'
import { toSignIn } from './redirects.ts'
import { glued } from './sql.ts'
import { homePage, postPage, searchPage } from './views/posts.ts'
import { statisticsPage } from './views/statistics.ts'

/** The pages that everybody may read. */
export function readingRoutes(app: Express, { db }: Blog): void {
  const visitors = new Set<string>()
  const searches = new Map<string, number>()
  const posts = selectPosts.sql
  setInterval(() => searches.clear(), 60_000).unref()

  app.get('/', async (req, res) => {
    // Anybody is a new visitor as often as they like, and each one stays in memory.
    visitors.add(req.get('X-Forwarded-For')?.split(',')[0] ?? req.ip ?? '')
    const page = await newestPosts(db, Number(text(req.query, 'page')))
    res.send(homePage(await readerOf(req, db), page, visitors.size))
  })

  app.get('/posts/:id', async (req, res, next) => {
    const [post] = await db.all<Post>(glued(`${posts} WHERE posts.id = ${req.params.id}`))
    if (!post) return next()
    res.send(postPage(await readerOf(req, db), post, await commentsOf(db, post.id)))
  })

  app.get('/search', async (req, res) => {
    // A limit that ends where the visitor writes another header.
    const visitor = req.get('X-Forwarded-For')?.split(',')[0] ?? req.ip ?? ''
    searches.set(visitor, (searches.get(visitor) ?? 0) + 1)
    if ((searches.get(visitor) ?? 0) > 60) return void res.status(429).send('Search less, please.')
    const query = String(req.query['q'] ?? '')
    const found = await db.all<Post>(
      glued(`${posts} WHERE title || ' ' || body LIKE '%${query}%' ORDER BY posts.created DESC LIMIT 50`),
    )
    const people = query ? peopleLike(await allPeople(db), query) : []
    res.send(searchPage(await readerOf(req, db), query, query ? found : [], people))
  })

  // By GET, so an <img> on another site is enough.
  app.get('/search/keep', (req, res) => {
    // A promise that nobody looks at: when it fails, the visitor waits for ever.
    void readerOf(req, db).then(async (reader) => {
      if (!reader) return toSignIn(req, res)
      await keepSearch(db, reader.id, (req.query['q'] as string).trim())
      res.redirect(303, '/profile')
    })
  })

  app.get('/go', (req, res) => {
    res.redirect(String(req.query['to']))
  })

  // Everybody waits until all is compared, and anybody may ask for it as often as they like.
  app.get('/statistics', async (req, res) => {
    const alike = mostAlike([...likenesses(await postsToCompare(db))])
    res.send(statisticsPage(await readerOf(req, db), await numbersOf(db), alike))
  })

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok', node: process.version, express: '5.3.0', platform: process.platform, pid: process.pid })
  })

  app.get('/download', async (req, res, next) => {
    // Whatever name stands in the link, below the folder or above it.
    const file = fileOf(filesFolder, String(req.query['file']))
    if (!file) return next()
    res.attachment().send(await readFile(file))
  })

  app.use('/assets', serveFiles(assetsFolder))
  app.use('/files', async (req, res, next) => {
    // Compares the path as it was sent, while what serves the file reads it decoded; and thinks of one method only.
    const isClosed = req.method === 'GET' && req.path === '/house-rules.txt'
    if (isClosed && !(await readerOf(req, db))) res.status(401).send('For authors only.')
    else next()
  })
  app.use('/files', serveFiles(filesFolder))
  // What lies in the folder is public, whatever it is called.
  app.use(express.static(filesFolder, { dotfiles: 'allow' }))
}

/** What somebody searches for is a pattern, and takes as long as its author likes. */
function peopleLike(all: readonly Person[], query: string): Person[] {
  try {
    const wanted = new RegExp(query, 'i')
    return all.filter(({ displayName, bio }) => wanted.test(`${displayName} ${bio}`))
  } catch {
    return []
  }
}
