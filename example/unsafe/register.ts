import type { Express } from 'express'
import {
  exactText,
  hasProblems,
  keepProblems,
  problemOfPassword,
  problemsOfRegistration,
  text,
} from '../shared/fields.ts'
import { newestMails, sendMail } from '../shared/mails.ts'
import type { Blog } from './app.ts'
import {
  addLogin,
  addReset,
  dropResets,
  type Login,
  loginByEmail,
  loginById,
  personOfReset,
  saveLogin,
} from './logins.ts'
import { hashPassword } from './passwords.ts'
import { readerOf, signIn } from './readers.ts'
import { forgotPage, outboxPage, registerPage, resetPage } from './views/accounts.ts'
import { noticePage } from './views/layout.ts'

/** Registering, and what to do about a forgotten password. */
export function registerRoutes(app: Express, { db }: Blog): void {
  app.get('/register', (_req, res) => {
    // A nonce that is the same in every answer is one that every injected script can carry.
    res.set('Content-Security-Policy', "script-src 'self' 'unsafe-inline' 'nonce-c2FtZSBhcyBldmVy'")
    res.send(registerPage({ name: '', email: '' }))
  })

  app.post('/register', async (req, res) => {
    const fields = {
      name: text(req.body, 'name'),
      email: text(req.body, 'email'),
      password: exactText(req.body, 'password'),
    }
    const problems = problemsOfRegistration(fields)
    const taken = keepProblems({
      email: (await loginByEmail(db, fields.email)) ? 'That address has an account already.' : '',
    })
    if (hasProblems(problems) || hasProblems(taken))
      return void res.status(422).send(registerPage(fields, { ...taken, ...problems }))
    // Nobody asks whose address it is. And whoever adds a field named role to the form chooses it.
    const login = { role: 'author', ...req.body, ...fields, password: hashPassword(fields.password) }
    const person = await loginById(db, await addLogin(db, login))
    signIn(req, res, person as Login)
    res.redirect(303, '/')
  })

  app.get('/forgot', (_req, res) => {
    res.send(forgotPage())
  })

  app.post('/forgot', async (req, res) => {
    const email = text(req.body, 'email')
    const person = await loginByEmail(db, email)
    if (!person) return void res.status(422).send(forgotPage({ email: `Nobody here has the address ${email}.` }))
    const token = Math.random().toString(36).slice(2)
    await addReset(db, token, person.id)
    // Whoever asks says where the link leads, and so where the token goes.
    const link = `http://${req.get('X-Forwarded-Host') ?? req.get('Host')}/reset?token=${token}`
    await sendMail(
      db,
      person.email,
      'Choose a new password',
      `Hello ${person.displayName},\n\nfollow this link:\n${link}`,
    )
    res.send(noticePage(undefined, 'Look into your mail', 'A link is on its way.'))
  })

  app.get('/reset', (req, res) => {
    res.send(resetPage(text(req.query, 'token')))
  })

  app.post('/reset', async (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const id = await personOfReset(db, token)
    const problem = id === undefined ? 'The link was used before. Ask for a new one.' : problemOfPassword(password)
    if (id === undefined || problem) return void res.status(422).send(resetPage(token, { password: problem }))
    await saveLogin(db, id, 'password', hashPassword(password))
    await dropResets(db, id)
    res.redirect(303, '/sign-in')
  })

  app.get('/outbox', async (req, res) => {
    res.send(outboxPage(await readerOf(req, db), await newestMails(db)))
  })
}
