import type { Express } from 'express'
import { exactText, problemOfPassword, text } from '../shared/fields.ts'
import { closePerson } from '../shared/people.ts'
import type { Blog } from './app.ts'
import { dropLogin, saveLogin } from './logins.ts'
import { hashPassword } from './passwords.ts'
import { readerOf, signOut } from './readers.ts'
import { toSignIn } from './redirects.ts'
import { noticePage } from './views/layout.ts'
import { closePage, emailPage, passwordPage, securityPage } from './views/security.ts'

/** How somebody signs in, and how that is changed: by whoever sits at the browser, without a question. */
export function securityRoutes(app: Express, { db }: Blog): void {
  app.get('/security', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(securityPage(reader))
  })

  app.get('/security/password', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(passwordPage(reader))
  })

  // The present password stands in the form and is not looked at. Whoever stole a session keeps it.
  app.post('/security/password', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const password = exactText(req.body, 'password')
    const problem = problemOfPassword(password)
    if (problem) return void res.status(422).send(passwordPage(reader, { password: problem }))
    await saveLogin(db, reader.id, 'password', hashPassword(password))
    res.redirect(303, '/security')
  })

  app.get('/security/email', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(emailPage(reader))
  })

  // The password in the form is not looked at here either. Nobody asks whose address it is, nor tells the owner of the old one.
  app.post('/security/email', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    await saveLogin(db, reader.id, 'email', text(req.body, 'email'))
    res.redirect(303, '/security')
  })

  app.get('/security/close', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(closePage(reader))
  })

  app.post('/security/close', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    await dropLogin(db, reader.id)
    await closePerson(db, reader.id)
    signOut(res)
    const words = 'What you wrote stays, by somebody who left. Everything else is gone.'
    res.send(noticePage(undefined, 'Your account is closed', words))
  })
}
