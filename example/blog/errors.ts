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

/** A page for requests that make no sense. What failed on our side is for Bulwark: it keeps count, and tells nothing. */
export function showError({ db }: Blog): ErrorRequestHandler {
  return (error: { status?: number; headers?: Record<string, string> }, req, res, next) => {
    const { status = 500, headers = {} } = error
    if (status >= 500 || res.headersSent || req.path.startsWith('/api/')) return next(error)
    const words = status === 429 ? 'Too many tries. Come back in a few minutes.' : 'We could not read that request.'
    res
      .status(status)
      .set(headers)
      .send(`${noticePage(readerOf(req, db), 'Sorry', words)}`)
  }
}
