import type { Refusal, RefusalPage } from 'bulwark'
import type { RequestHandler } from 'express'
import type { Blog } from './app.ts'
import { readerOf } from './readers.ts'
import { noticePage } from './views/layout.ts'

/** Nothing is at this address: a page for people, and Bulwark's problem document for programs. */
export function notFound(blog: Blog): RequestHandler {
  return async (req, res, next) => {
    if (req.path.startsWith('/api/')) return next()
    const reader = await readerOf(req, blog)
    res.status(404).send(`${noticePage(reader, 'Not found', `There is nothing at ${req.path}.`)}`)
  }
}

/** What people see when a request is refused or fails: the sign-in where that would help, otherwise a few words. */
export function refusalPage({ status, incident, method, target }: Refusal): RefusalPage {
  if (status === 401) return { location: `/sign-in?next=${encodeURIComponent(method === 'GET' ? target : '/')}` }
  const words = WORDS[status] ?? (status < 500 ? 'We could not read that request.' : 'Something broke on our side.')
  return { html: `${noticePage(undefined, 'Sorry', `${words} (${incident})`)}` }
}

const WORDS: Readonly<Record<number, string>> = {
  403: 'This is not for you to open or change.',
  404: 'There is nothing here.',
  413: 'That is more than fits in here.',
  429: 'Too many tries. Come back in a few minutes.',
  503: 'We are busy or under repair. Come back in a minute.',
}
