import { setImmediate as giveWay } from 'node:timers/promises'
import { escapePattern, resolveInside } from 'bulwark'
import { secure } from 'bulwark/express'
import express, { type Express } from 'express'
import { text } from '../shared/fields.ts'
import { assetsFolder, filesFolder } from '../shared/folder.ts'
import { allPeople, keepSearch } from '../shared/people.ts'
import { commentsOf, findPosts, newestPosts, postById } from '../shared/posts.ts'
import { type Likeness, likenesses, mostAlike, numbersOf, postsToCompare } from '../shared/statistics.ts'
import type { Blog } from './app.ts'
import { memberOf, readerOf } from './readers.ts'
import { texts } from './taken.ts'
import { leavingPage } from './views/layout.ts'
import { isWebAddress } from './views/parts.ts'
import { homePage, postPage, searchPage } from './views/posts.ts'
import { statisticsPage } from './views/statistics.ts'

/** The pages that everybody may read. */
export function readingRoutes(app: Express, blog: Blog): void {
  const { db } = blog
  const visitors = new Set<string>()

  app.get('/', secure({ allow: 'blog:read', query: texts('page') }), async (req, res) => {
    if (visitors.size < 10_000) visitors.add(req.security.ip)
    const page = await newestPosts(db, Number(text(req.query, 'page')))
    res.send(`${homePage(await readerOf(req, blog), page, visitors.size)}`)
  })

  app.get('/posts/:id', secure({ allow: 'blog:read' }), async (req, res, next) => {
    const post = await postById(db, Number(req.params['id']))
    if (!post) return next()
    res.send(`${postPage(await readerOf(req, blog), post, await commentsOf(db, post.id))}`)
  })

  // A search reads every post.
  app.get('/search', secure({ allow: 'blog:read', limit: '60/min', query: texts('q') }), async (req, res) => {
    const query = text(req.query, 'q').slice(0, 100)
    const posts = query ? await findPosts(db, query) : []
    const wanted = new RegExp(escapePattern(query), 'i')
    const people = query
      ? (await allPeople(db)).filter(({ displayName, bio }) => wanted.test(`${displayName} ${bio}`))
      : []
    res.send(`${searchPage(await readerOf(req, blog), query, posts, people)}`)
  })

  // A link that does something: other sites must not follow it in somebody's name.
  app.get('/search/keep', secure({ allow: 'account:own', changesState: true, query: texts('q') }), async (req, res) => {
    const query = text(req.query, 'q').slice(0, 100)
    if (query) await keepSearch(db, memberOf(req).id, query)
    res.redirect(303, '/profile')
  })

  app.get('/go', secure({ allow: 'anyone', query: texts('to') }), async (req, res, next) => {
    const to = text(req.query, 'to')
    if (!isWebAddress(to)) return next()
    res.send(`${leavingPage(await readerOf(req, blog), new URL(to))}`)
  })

  // Two at a time, each with a pause for everybody else after every step.
  app.get('/statistics', secure({ allow: 'blog:read', overload: { atOnce: 2 } }), async (req, res) => {
    const compared: Likeness[] = []
    for (const likeness of likenesses(await postsToCompare(db))) {
      compared.push(likeness)
      await giveWay()
    }
    res.send(`${statisticsPage(await readerOf(req, blog), await numbersOf(db), mostAlike(compared))}`)
  })

  app.get('/health', secure({ allow: 'anyone' }), (_req, res) => {
    res.json({ status: 'ok' })
  })

  app.get('/download', secure({ allow: 'blog:write', query: texts('file') }), (req, res, next) => {
    const name = text(req.query, 'file')
    // Names that lead out of the folder are refused, however they are written.
    if (name) res.download(resolveInside(filesFolder, name), (error) => error && next())
    else next()
  })

  // Static files are routes like any other, so that somebody has decided who may have them.
  app.use('/assets', filesOf(assetsFolder, 'anyone'))
  app.use('/files', filesOf(filesFolder, 'blog:write'))
}

function filesOf(folder: string, allow: string): express.Router {
  const router = express.Router()
  router.get('/*path', secure({ allow }), express.static(folder, { index: false, redirect: false }))
  return router
}
