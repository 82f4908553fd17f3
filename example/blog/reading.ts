import { resolveInside } from 'bulwark'
import { secure } from 'bulwark/express'
import express, { type Express } from 'express'
import { text } from '../shared/fields.ts'
import { assetsFolder, filesFolder } from '../shared/folder.ts'
import { keepSearch } from '../shared/people.ts'
import { commentsOf, findPosts, newestPosts, postById } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { memberOf, readerOf } from './readers.ts'
import { texts } from './taken.ts'
import { leavingPage } from './views/layout.ts'
import { isWebAddress } from './views/parts.ts'
import { homePage, postPage, searchPage } from './views/posts.ts'

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
    res.send(`${searchPage(await readerOf(req, blog), query, posts)}`)
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
