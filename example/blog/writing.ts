import type { Express, NextFunction, Request, Response } from 'express'
import { hasProblems, problemsOfComment, problemsOfPost, text } from '../shared/fields.ts'
import type { Person } from '../shared/people.ts'
import { addComment, addPost, commentsOf, deletePost, type Post, postById, savePost } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { toSignIn } from './redirects.ts'
import { readerOf } from './sign-in.ts'
import { noticePage } from './views/layout.ts'
import { postPage, writePage } from './views/posts.ts'

/** Writing, changing and deleting posts, and comments on them. */
export function writingRoutes(app: Express, { db, live }: Blog): void {
  app.get('/write', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(`${writePage(reader, { title: '', body: '' })}`)
  })

  app.post('/posts', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const draft = { title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).send(`${writePage(reader, draft, problems)}`)
    const id = addPost(db, reader.id, draft.title, draft.body)
    live.tell({ id, title: draft.title })
    res.redirect(303, `/posts/${id}`)
  })

  app.get('/posts/:id/edit', (req, res, next) => {
    const own = ownPost(req, res, next)
    if (own) res.send(`${writePage(own.reader, own.post)}`)
  })

  app.post('/posts/:id', (req, res, next) => {
    const own = ownPost(req, res, next)
    if (!own) return
    const draft = { id: own.post.id, title: text(req.body, 'title'), body: text(req.body, 'body') }
    const problems = problemsOfPost(draft)
    if (hasProblems(problems)) return void res.status(422).send(`${writePage(own.reader, draft, problems)}`)
    savePost(db, draft.id, draft.title, draft.body)
    res.redirect(303, `/posts/${draft.id}`)
  })

  app.post('/posts/:id/delete', (req, res, next) => {
    const own = ownPost(req, res, next)
    if (!own) return
    deletePost(db, own.post.id)
    res.redirect(303, '/')
  })

  app.post('/posts/:id/comments', (req, res, next) => {
    const reader = readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const post = postById(db, Number(req.params.id))
    if (!post) return next()
    const draft = { body: text(req.body, 'body') }
    const problems = problemsOfComment(draft)
    if (hasProblems(problems))
      return void res.status(422).send(`${postPage(reader, post, commentsOf(db, post.id), draft.body, problems)}`)
    addComment(db, post.id, reader.id, draft.body)
    res.redirect(303, `/posts/${post.id}`)
  })

  /** The post and its author, if that is who asks; otherwise the answer is on its way. */
  function ownPost(req: Request, res: Response, next: NextFunction): { reader: Person; post: Post } | undefined {
    const reader = readerOf(req, db)
    const post = postById(db, Number(req.params['id']))
    if (!reader) toSignIn(req, res)
    else if (!post) next()
    else if (post.author === reader.id) return { reader, post }
    else res.status(403).send(`${noticePage(reader, 'Not yours', 'Only its author may change a post.')}`)
    return undefined
  }
}
