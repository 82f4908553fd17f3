import { safeRedirect } from 'bulwark'
import { secure } from 'bulwark/express'
import type { Express, Request, Response } from 'express'
import { exactText, text } from '../shared/fields.ts'
import { refuse } from './accounts.ts'
import type { Blog } from './app.ts'
import { readerOf } from './readers.ts'
import { texts } from './taken.ts'
import { codePage, signInPage } from './views/sign-in.ts'

/** Signing in with a password, with a code after it where somebody wants one, or with a passkey. */
export function signInRoutes(app: Express, blog: Blog): void {
  const { accounts } = blog

  app.get('/sign-in', secure({ allow: 'anyone', query: texts('next') }), async (req, res) => {
    const next = safeRedirect(req.query['next'])
    if (await readerOf(req, blog)) res.redirect(303, next)
    else res.send(`${signInPage({ email: '', next }, wayOf(req))}`)
  })

  // Wrong passwords are counted by account and by address, before any is tried.
  app.post('/sign-in', secure({ allow: 'anyone', body: texts('email', 'password', 'next') }), async (req, res) => {
    const fields = { email: text(req.body, 'email'), next: safeRedirect(req.body?.next) }
    const password = exactText(req.body, 'password')
    const answer = await accounts.signIn(req.security, { email: fields.email, password })
    if (answer.ok) {
      remember(res, 'password')
      return res.redirect(303, fields.next)
    }
    if (answer.reason === 'second-factor')
      return res.redirect(303, `/sign-in/code?next=${encodeURIComponent(fields.next)}`)
    refuse(res, answer, signInPage(fields, wayOf(req), answer.message))
  })

  app.get('/sign-in/code', secure({ allow: 'anyone', query: texts('next') }), (req, res) => {
    res.send(`${codePage(safeRedirect(req.query['next']))}`)
  })

  app.post('/sign-in/code', secure({ allow: 'anyone', body: texts('code', 'next') }), async (req, res) => {
    const next = safeRedirect(req.body?.next)
    const answer = await accounts.enterCode(req.security, { code: text(req.body, 'code') })
    if (!answer.ok) return refuse(res, answer, codePage(next, answer.message))
    remember(res, 'password')
    res.redirect(303, next)
  })

  app.post('/api/sign-in', secure({ allow: 'anyone', body: texts('email', 'password', 'next') }), async (req, res) => {
    const credentials = { email: text(req.body, 'email'), password: exactText(req.body, 'password') }
    const answer = await accounts.signIn(req.security, credentials)
    if (!answer.ok) {
      if (answer.retryAfter !== undefined) res.set('Retry-After', `${answer.retryAfter}`)
      return void res.status(answer.status).json({ error: answer.message, reason: answer.reason })
    }
    const { id, email, name, roles } = answer.profile
    res.json({ id, email, displayName: name, role: roles[0] })
  })

  app.post('/api/passkeys/sign-in/options', secure({ allow: 'anyone' }), async (req, res) => {
    res.json((await accounts.startPasskeySignIn(req.security)).options)
  })

  app.post('/api/passkeys/sign-in', secure({ allow: 'anyone' }), async (req, res) => {
    const answer = await accounts.finishPasskeySignIn(req.security, { response: req.body?.response })
    if (!answer.ok) return void res.status(answer.status).json({ error: answer.message })
    remember(res, 'passkey')
    res.json({ next: safeRedirect(req.body?.next) })
  })

  app.post('/sign-out', secure({ allow: 'anyone' }), async (req, res) => {
    await accounts.signOut(req.security)
    res.redirect(303, '/')
  })
}

/** How somebody signed in here last, when the session has run out. Bulwark adds what keeps the cookie from scripts and other sites. */
function remember(res: Response, way: 'password' | 'passkey'): void {
  res.cookie('way', way, { maxAge: 30 * 24 * 60 * 60 * 1000 })
}

function wayOf(req: Request): 'password' | 'passkey' {
  return /(?:^|; )way=passkey/.test(req.headers.cookie ?? '') ? 'passkey' : 'password'
}
