import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { z } from 'zod'
import { hasProblems, problemsOfPost, text } from '../shared/fields.ts'
import { allPeople, type Member, type Person, peopleNamed, saveSettings, toTheme } from '../shared/people.ts'
import { addPost, deletePost, newestPosts, type Post, postById } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { memberOf } from './readers.ts'

const Draft = z.object({ title: z.string().default(''), body: z.string().default('') })
const Settings = z.object({ theme: z.string(), mastodon: z.string() })
const Setting = z.object({ path: z.string(), value: z.string() })
const Named = z.object({ name: z.string().optional() })
const Page = z.object({ page: z.number().int().optional() })

/** The blog for programs: JSON in, JSON out. */
export function apiRoutes(app: Express, { db, live }: Blog): void {
  app.get('/api/posts', secure({ allow: 'blog:read', query: Page }), async (req, res) => {
    const { posts, page, pages } = await newestPosts(db, Number(text(req.query, 'page')))
    res.json({ posts: posts.map(toPublicPost), page, pages })
  })

  app.get('/api/posts/:id', secure({ allow: 'blog:read' }), async (req, res, next) => {
    const post = await postById(db, Number(req.params['id']))
    if (!post) return next()
    res.json(toPublicPost(post))
  })

  // Posts may be longer than the 10 kB that JSON gets elsewhere.
  app.post(
    '/api/posts',
    secure({ allow: 'blog:write', body: Draft, bodyLimits: { json: '64kb' } }),
    async (req, res) => {
      const draft = { title: text(req.body, 'title'), body: text(req.body, 'body') }
      const problems = problemsOfPost(draft)
      if (hasProblems(problems)) return void res.status(422).json({ error: 'The post is not complete.', problems })
      const id = await addPost(db, memberOf(req).id, draft.title, draft.body)
      live.tell({ id, title: draft.title })
      res
        .status(201)
        .location(`/api/posts/${id}`)
        .json({ id, ...draft })
    },
  )

  app.delete('/api/posts/:id', secure({ allow: 'blog:write' }), async (req, res, next) => {
    const post = await postById(db, Number(req.params['id']))
    if (!post) return next()
    if (post.author !== memberOf(req).id)
      return void res.status(403).json({ error: 'Only its author may delete a post.' })
    await deletePost(db, post.id)
    res.status(204).end()
  })

  app.get('/api/me', secure({ allow: 'account:own' }), (req, res) => {
    res.json(toOwnPerson(memberOf(req)))
  })

  app.post('/api/settings', secure({ allow: 'account:own', body: Settings }), async (req, res) => {
    // Each setting is named here, so no other key of the body can get anywhere.
    const settings = { theme: toTheme(text(req.body, 'theme')), mastodon: text(req.body, 'mastodon').slice(0, 100) }
    await saveSettings(db, memberOf(req).id, settings.theme, settings.mastodon)
    res.json(settings)
  })

  app.put('/api/settings', secure({ allow: 'account:own', body: Setting }), async (req, res) => {
    const { theme, mastodon } = memberOf(req)
    const [path, value] = [text(req.body, 'path'), text(req.body, 'value')]
    // A path is compared with those that there are, and never walked along.
    if (path !== 'theme' && path !== 'mastodon')
      return void res.status(422).json({ error: 'There is no such setting.' })
    const settings = path === 'theme' ? { theme: toTheme(value), mastodon } : { theme, mastodon: value.slice(0, 100) }
    await saveSettings(db, memberOf(req).id, settings.theme, settings.mastodon)
    res.json(settings)
  })

  app.get('/api/people', secure({ allow: 'blog:read', query: Named }), async (req, res) => {
    const name = text(req.query, 'name')
    res.json({ people: (await (name ? peopleNamed(db, name) : allPeople(db))).map(toPublicPerson) })
  })
}

function toPublicPost({ id, title, body, authorName, created, comments }: Post): object {
  return { id, title, body, author: authorName, created, comments }
}

function toPublicPerson({ displayName, website, bio, theme, mastodon }: Person): object {
  return { displayName, website, bio, theme, mastodon }
}

function toOwnPerson({ id, email, displayName, role }: Member): object {
  return { id, email, displayName, role }
}
