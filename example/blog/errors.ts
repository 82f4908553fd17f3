import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Blog } from './app.ts'
import { readerOf } from './sign-in.ts'
import { noticePage } from './views/layout.ts'

/** Nothing is at this address: a page for people, and Bulwark's problem document for programs. */
export function notFound({ db }: Blog): RequestHandler {
  return (req, res, next) => {
    if (req.path.startsWith('/api/')) return next()
    res.status(404).send(`${noticePage(readerOf(req, db), 'Not found', `There is nothing at ${req.path}.`)}`)
  }
}

/** Something went wrong: the event says what, the page only gives the number to ask for. */
export function showError({ db }: Blog): ErrorRequestHandler {
  return (error: { status?: number }, req, res, next) => {
    if (res.headersSent || req.path.startsWith('/api/')) return next(error)
    const { status = 500 } = error
    if (status >= 500) req.security.event({ risk: 'unhandled-error', reason: 'a page of the blog failed', error })
    const text = status >= 500 ? 'Something went wrong on our side.' : 'We could not read that request.'
    res.status(status).send(`${noticePage(readerOf(req, db), 'Sorry', `${text} (${req.security.id})`)}`)
  }
}
