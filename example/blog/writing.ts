import { secure } from 'bulwark/express'
import type { Express, NextFunction, Request, Response } from 'express'
import { hasProblems, problemsOfComment, problemsOfPost, text } from '../shared/fields.ts'
import { newNotice } from '../shared/notices.ts'
import {
  addPost,
  commentById,
  commentsOf,
  deleteComment,
  deletePost,
  newComment,
  type Post,
  postById,
  savePost,
} from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { unpackDraft } from './drafts.ts'
import { formReaderOf, mayModerate, memberOf } from './readers.ts'
import { texts } from './taken.ts'
import { noticePage } from './views/layout.ts'
import { postPage, writePage } from './views/posts.ts'

/** Writing, changing and deleting posts, and comments on them. */
export function writingRoutes(app: Express, { db, live, notifying }: Blog): void {
  // A post may be long, and a form takes up to nine bytes for one of its characters.
  const written = { body: texts('title', 'body'), bodyLimits: { form: '100kb' } } as const
  // What is published already changes only for whoever brings back what the form was given, whatever the browser says of itself.
  const change = { allow: 'blog:write', csrf: 'token' } as const

  app.get('/write', secure({ allow: 'blog:write', query: texts('draft') }), (req, res) => {
    const draft = unpackDraft(text(req.query, 'draft')) ?? { title: '', body: '' }
    res.send(`${writePage(formReaderOf(req), draft)}`)
  })

  app.post('/posts', secure({ allow: 'blog:write', ...written }), async (req, res) => {
    const draft = { title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).send(`${writePage(formReaderOf(req), draft, problems)}`)
    const id = await addPost(db, memberOf(req).id, draft.title, draft.body)
    live.tell({ id, title: draft.title })
    res.redirect(303, `/posts/${id}`)
  })

  app.get('/posts/:id/edit', secure({ allow: 'blog:write' }), async (req, res, next) => {
    const post = await ownPost(req, res, next)
    if (post) res.send(`${writePage(formReaderOf(req), post)}`)
  })

  app.post('/posts/:id', secure({ ...change, ...written }), async (req, res, next) => {
    const post = await ownPost(req, res, next)
    if (!post) return
    const draft = { id: post.id, title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).send(`${writePage(formReaderOf(req), draft, problems)}`)
    await savePost(db, draft.id, draft.title, draft.body)
    res.redirect(303, `/posts/${draft.id}`)
  })

  app.post('/posts/:id/delete', secure(change), async (req, res, next) => {
    const post = await ownPost(req, res, next)
    if (!post) return
    await deletePost(db, post.id)
    res.redirect(303, '/')
  })

  app.post('/posts/:id/comments', secure({ allow: 'blog:write', body: texts('body') }), async (req, res, next) => {
    const reader = memberOf(req)
    const post = await postById(db, Number(req.params['id']))
    if (!post) return next()
    const draft = { body: text(req.body, 'body') }
    const problems = problemsOfComment(draft)
    if (hasProblems(problems))
      return void res.status(422).send(`${postPage(reader, post, await commentsOf(db, post.id), draft.body, problems)}`)
    const told = `${reader.displayName} commented on “${post.title}”: ${draft.body.slice(0, 200)}`
    const isTold = notifying !== undefined && post.author !== reader.id
    await db.batch([
      newComment(post.id, reader.id, draft.body),
      ...(isTold ? [newNotice(post.author, reader.id, told)] : []),
    ])
    notifying?.wake()
    res.redirect(303, `/posts/${post.id}`)
  })

  app.post('/comments/:id/delete', secure({ allow: 'blog:write' }), async (req, res, next) => {
    const comment = await commentById(db, Number(req.params['id']))
    const post = comment && (await postById(db, comment.post))
    if (!comment || !post) return next()
    if (!mayModerate(memberOf(req), comment, post)) return notYours(req, res)
    await deleteComment(db, comment.id)
    res.redirect(303, `/posts/${post.id}`)
  })

  /** The post, if its author asks; otherwise the answer is on its way. */
  async function ownPost(req: Request, res: Response, next: NextFunction): Promise<Post | undefined> {
    const post = await postById(db, Number(req.params['id']))
    if (!post) next()
    else if (post.author === memberOf(req).id) return post
    else notYours(req, res)
    return undefined
  }
}

function notYours(req: Request, res: Response): void {
  res.status(403).send(`${noticePage(memberOf(req), 'Not yours', 'Only its author may change it.')}`)
}
