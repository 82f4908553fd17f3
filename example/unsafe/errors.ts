import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { Blog } from './app.ts'
import { readerOf } from './readers.ts'
import { noticePage } from './views/layout.ts'

/** Nothing is at this address. */
export function notFound({ db }: Blog): RequestHandler {
  return async (req, res) => {
    res.status(404)
    if (req.path.startsWith('/api/')) res.json({ error: `There is nothing at ${req.url}.` })
    else
      res.send(noticePage(await readerOf(req, db), 'Not found', `There is nothing at ${decodeURIComponent(req.url)}.`))
  }
}

/** Something went wrong: everybody learns what, down to the folder and the line. Pages are left to Express, which shows the same. */
export const showError: ErrorRequestHandler = (error: Error & { status?: number }, req, res, next) => {
  if (res.headersSent || !req.path.startsWith('/api/')) return next(error)
  res.status(error.status ?? 500).json({ error: error.message, stack: error.stack })
}
