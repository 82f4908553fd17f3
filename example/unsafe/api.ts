import type { Express } from 'express'
import { hasProblems, problemsOfPost, text } from '../shared/fields.ts'
import { allPeople, type Member, type Person, saveSettings } from '../shared/people.ts'
import { addPost, deletePost, newestPosts, type Post, postById, selectPosts } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { readerOf } from './readers.ts'
import { glued } from './sql.ts'

/** The blog for programs: JSON in, JSON out. */
export function apiRoutes(app: Express, { db, live }: Blog): void {
  const settingsOf = new Map<string, Settings>()
  const posts = selectPosts.sql

  app.use('/api', (req, res, next) => {
    // Every site may call with the visitor's cookies and read the answer.
    res.set('Access-Control-Allow-Origin', req.get('Origin') ?? '*')
    res.set('Access-Control-Allow-Credentials', 'true')
    res.set('Access-Control-Allow-Methods', 'GET, POST, PUT, DELETE')
    res.set('Access-Control-Allow-Headers', req.get('Access-Control-Request-Headers') ?? '*')
    if (req.method === 'OPTIONS') res.status(204).end()
    else next()
  })

  app.get('/api/posts', async (req, res) => {
    const { posts, page, pages } = await newestPosts(db, Number(text(req.query, 'page')))
    res.json({ posts: posts.map(toPublicPost), page, pages })
  })

  app.get('/api/posts/:id', async (req, res, next) => {
    const [post] = await db.all<Post>(glued(`${posts} WHERE posts.id = ${req.params.id}`))
    if (!post) return next()
    res.json(toPublicPost(post))
  })

  app.post('/api/posts', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    const draft = { title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).json({ error: 'The post is not complete.', problems })
    const id = await addPost(db, reader.id, draft.title, draft.body)
    live.tell({ id, title: draft.title })
    res
      .status(201)
      .location(`/api/posts/${id}`)
      .json({ id, ...draft })
  })

  app.delete('/api/posts/:id', async (req, res, next) => {
    const reader = await readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    const post = await postById(db, Number(req.params.id))
    if (!post) return next()
    if (post.author !== reader.id) return void res.status(403).json({ error: 'Only its author may delete a post.' })
    await deletePost(db, post.id)
    res.status(204).end()
  })

  app.get('/api/me', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    res.json(toOwnPerson(reader))
  })

  app.post('/api/settings', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    const settings: Settings = settingsOf.get(reader.id) ?? {}
    settingsOf.set(reader.id, settings)
    // Takes whatever comes, `__proto__` included, as deep as it goes.
    merge(settings, req.body)
    await saveSettings(db, reader.id, `${settings.theme}`, `${settings.mastodon}`)
    res.json(settings)
  })

  app.put('/api/settings', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    const settings: Settings = settingsOf.get(reader.id) ?? { theme: reader.theme, mastodon: reader.mastodon }
    settingsOf.set(reader.id, settings)
    // Walks along any path, wherever that leads.
    setAt(settings, text(req.body, 'path'), text(req.body, 'value'))
    await saveSettings(db, reader.id, `${settings.theme}`, `${settings.mastodon}`)
    res.json(settings)
  })

  app.get('/api/people', async (req, res) => {
    const name = req.query['name'] as string | undefined
    if (name !== undefined) {
      // Text, says the type; what the query string makes of it is something else.
      const found = glued(`SELECT "displayName", website, bio FROM people WHERE "displayName" = '${name.trim()}'`)
      return void res.json({ people: await db.all(found) })
    }
    const people = (await allPeople(db)).map((person) => {
      const { theme, mastodon, ...more } = settingsOf.get(person.id) ?? person
      // Whatever words somebody has sent along with their settings are shown to everybody.
      const words = Object.entries(more).filter(([, value]) => typeof value === 'string')
      return merge({}, { ...Object.fromEntries(words), ...toPublicPerson(person), theme, mastodon })
    })
    res.json({ people })
  })
}

interface Settings {
  theme?: unknown
  mastodon?: unknown
}

/** Copies everything from one object into the other, level by level. */
function merge(into: object, from: object): object {
  const [target, source] = [into as Record<string, unknown>, from as Record<string, unknown>]
  for (const key in source) {
    const [old, value] = [target[key], source[key]]
    if (typeof old === 'object' && old && typeof value === 'object' && value) merge(old, value)
    else target[key] = value
  }
  return into
}

/** Sets one property by its path, such as `notes.daily`, and makes the objects on the way. */
function setAt(target: object, path: string, value: unknown): void {
  const keys = path.split('.')
  let at = target as Record<string, unknown>
  for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>
  at[keys.at(-1) ?? ''] = value
}

function toPublicPost({ id, title, body, authorName, created, comments }: Post): object {
  return { id, title, body, author: authorName, created, comments }
}

function toPublicPerson({ displayName, website, bio }: Person): object {
  return { displayName, website, bio }
}

function toOwnPerson({ id, email, displayName, role }: Member): object {
  return { id, email, displayName, role }
}

const signInFirst = { error: 'Sign in first.' }
