import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Blog } from './app.ts'
import { readerOf } from './sign-in.ts'
import { noticePage } from './views/layout.ts'

/** Nothing is at this address. */
export function notFound({ db }: Blog): RequestHandler {
  return (req, res) => {
    res.status(404)
    if (req.path.startsWith('/api/')) res.json({ error: 'There is nothing at this address.' })
    else res.send(`${noticePage(readerOf(req, db), 'Not found', `There is nothing at ${req.path}.`)}`)
  }
}

/** Something went wrong: the log learns what, the client does not. */
export function showError({ db }: Blog): ErrorRequestHandler {
  return (error: { status?: number }, req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    const isOurs = error.status === undefined || error.status >= 500
    if (isOurs) console.error(error)
    res.status(isOurs ? 500 : (error.status ?? 500))
    const text = isOurs ? 'Something went wrong on our side.' : 'We could not read that request.'
    if (req.path.startsWith('/api/')) res.json({ error: text })
    else res.send(`${noticePage(readerOf(req, db), 'Sorry', text)}`)
  }
}
