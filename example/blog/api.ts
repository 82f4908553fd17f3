import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { hasProblems, problemsOfPost, text } from '../shared/fields.ts'
import { allPeople, type Person, saveSettings, toTheme } from '../shared/people.ts'
import { addPost, deletePost, newestPosts, type Post, postById } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { readerOf } from './sign-in.ts'

/** The blog for programs: JSON in, JSON out. */
export function apiRoutes(app: Express, { db, live }: Blog): void {
  app.get('/api/posts', (req, res) => {
    const { posts, page, pages } = newestPosts(db, Number(text(req.query, 'page')))
    res.json({ posts: posts.map(toPublicPost), page, pages })
  })

  app.get('/api/posts/:id', (req, res, next) => {
    const post = postById(db, Number(req.params.id))
    if (!post) return next()
    res.json(toPublicPost(post))
  })

  // Posts may be longer than the 10 kB that JSON gets elsewhere.
  app.post('/api/posts', secure({ bodyLimits: { json: '64kb' } }), (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    const draft = { title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).json({ error: 'The post is not complete.', problems })
    const id = addPost(db, reader.id, draft.title, draft.body)
    live.tell({ id, title: draft.title })
    res
      .status(201)
      .location(`/api/posts/${id}`)
      .json({ id, ...draft })
  })

  app.delete('/api/posts/:id', (req, res, next) => {
    const reader = readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    const post = postById(db, Number(req.params.id))
    if (!post) return next()
    if (post.author !== reader.id) return void res.status(403).json({ error: 'Only its author may delete a post.' })
    deletePost(db, post.id)
    res.status(204).end()
  })

  app.get('/api/me', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    res.json({ id: reader.id, name: reader.name, email: reader.email, displayName: reader.displayName })
  })

  app.post('/api/settings', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return void res.status(401).json(signInFirst)
    // Each setting is named here, so no other key of the body can get anywhere.
    const settings = { theme: toTheme(text(req.body, 'theme')), mastodon: text(req.body, 'mastodon').slice(0, 100) }
    saveSettings(db, reader.id, settings.theme, settings.mastodon)
    res.json(settings)
  })

  app.get('/api/people', (_req, res) => {
    res.json({ people: allPeople(db).map(toPublicPerson) })
  })
}

function toPublicPost({ id, title, body, authorName, created, comments }: Post): object {
  return { id, title, body, author: authorName, created, comments }
}

function toPublicPerson({ displayName, website, bio, theme, mastodon }: Person): object {
  return { displayName, website, bio, theme, mastodon }
}

const signInFirst = { error: 'Sign in first.' }
