import type { Express, NextFunction, Request, Response } from 'express'
import { hasProblems, problemsOfComment, problemsOfPost, text } from '../shared/fields.ts'
import type { Member } from '../shared/people.ts'
import {
  addComment,
  addPost,
  commentById,
  commentsOf,
  deleteComment,
  deletePost,
  type Post,
  postById,
  savePost,
} from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { unpackDraft } from './drafts.ts'
import { readerOf } from './readers.ts'
import { toSignIn } from './redirects.ts'
import { noticePage } from './views/layout.ts'
import { postPage, writePage } from './views/posts.ts'

/** Writing, changing and deleting posts, and comments on them. */
export function writingRoutes(app: Express, { db, live }: Blog): void {
  app.get('/write', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(writePage(reader, unpackDraft(text(req.query, 'draft')) ?? { title: '', body: '' }))
  })

  app.post('/posts', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const draft = { title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).send(writePage(reader, draft, problems))
    const id = await addPost(db, reader.id, draft.title, draft.body)
    live.tell({ id, title: draft.title })
    res.redirect(303, `/posts/${id}`)
  })

  app.get('/posts/:id/edit', async (req, res, next) => {
    const own = await ownPost(req, res, next)
    if (own) res.send(writePage(own.reader, own.post))
  })

  // The page with the form asks whose post it is. What the form is sent to does not.
  app.post('/posts/:id', async (req, res, next) => {
    const reader = await readerOf(req, db)
    const post = await postById(db, Number(req.params.id))
    if (!reader) return toSignIn(req, res)
    if (!post) return next()
    const draft = { id: post.id, title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).send(writePage(reader, draft, problems))
    await savePost(db, draft.id, draft.title, draft.body)
    res.redirect(303, `/posts/${draft.id}`)
  })

  // Also by GET: an <img> on another site is enough, and so is a crawler.
  app.all('/posts/:id/delete', async (req, res, next) => {
    const own = await ownPost(req, res, next)
    if (!own) return
    await deletePost(db, own.post.id)
    res.redirect(303, '/')
  })

  app.post('/posts/:id/comments', async (req, res, next) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const post = await postById(db, Number(req.params.id))
    if (!post) return next()
    const draft = { body: text(req.body, 'body') }
    const problems = problemsOfComment(draft)
    if (hasProblems(problems))
      return void res.status(422).send(postPage(reader, post, await commentsOf(db, post.id), draft.body, problems))
    await addComment(db, post.id, reader.id, draft.body)
    res.redirect(303, `/posts/${post.id}`)
  })

  // The button is shown to the right people only. The numbers of the others' comments are easy to count.
  app.post('/comments/:id/delete', async (req, res, next) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const comment = await commentById(db, Number(req.params.id))
    if (!comment) return next()
    await deleteComment(db, comment.id)
    res.redirect(303, `/posts/${comment.post}`)
  })

  /** The post and its author, if that is who asks; otherwise the answer is on its way. */
  async function ownPost(
    req: Request,
    res: Response,
    next: NextFunction,
  ): Promise<{ reader: Member; post: Post } | undefined> {
    const reader = await readerOf(req, db)
    const post = await postById(db, Number(req.params['id']))
    if (!reader) toSignIn(req, res)
    else if (!post) next()
    else if (post.author === reader.id) return { reader, post }
    else res.status(403).send(noticePage(reader, 'Not yours', 'Only its author may change it.'))
    return undefined
  }
}
