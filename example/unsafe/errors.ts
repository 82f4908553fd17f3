import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Blog } from './app.ts'
import { readerOf } from './sign-in.ts'
import { noticePage } from './views/layout.ts'

/** Nothing is at this address. */
export function notFound({ db }: Blog): RequestHandler {
  return (req, res) => {
    res.status(404)
    if (req.path.startsWith('/api/')) res.json({ error: `There is nothing at ${req.url}.` })
    else res.send(noticePage(readerOf(req, db), 'Not found', `There is nothing at ${decodeURIComponent(req.url)}.`))
  }
}

/** Something went wrong: everybody learns what, down to the folder and the line. */
export function showError({ db }: Blog): ErrorRequestHandler {
  return (error: Error & { status?: number }, req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    res.status(error.status ?? 500)
    if (req.path.startsWith('/api/')) res.json({ error: error.message, stack: error.stack })
    else res.send(noticePage(readerOf(req, db), error.message, `<pre>${error.stack}</pre>`))
  }
}
