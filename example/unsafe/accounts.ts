import type { Express } from 'express'
import {
  exactText,
  hasProblems,
  keepProblems,
  problemOfPassword,
  problemsOfProfile,
  problemsOfRegistration,
  text,
} from '../shared/fields.ts'
import { addReset, dropResets, newestMails, personOfReset, sendMail } from '../shared/mails.ts'
import {
  addPerson,
  type Person,
  personByEmail,
  personById,
  personByName,
  savePassword,
  saveProfile,
  toTheme,
} from '../shared/people.ts'
import type { Blog } from './app.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { toSignIn } from './redirects.ts'
import { readerOf, signIn, signOut } from './sign-in.ts'
import { forgotPage, outboxPage, profilePage, registerPage, resetPage, signInPage } from './views/accounts.ts'
import { noticePage } from './views/layout.ts'

/** Registering, signing in and out, the profile, and what to do about a forgotten password. */
export function accountRoutes(app: Express, { db }: Blog): void {
  app.get('/register', (_req, res) => {
    res.send(registerPage({ name: '', email: '' }))
  })

  app.post('/register', (req, res) => {
    const fields = {
      name: text(req.body, 'name'),
      email: text(req.body, 'email'),
      password: exactText(req.body, 'password'),
    }
    const problems = problemsOfRegistration(fields)
    const taken = keepProblems({
      name: personByName(db, fields.name) ? 'That name is taken.' : '',
      email: personByEmail(db, fields.email) ? 'That address has an account already.' : '',
    })
    if (hasProblems(problems) || hasProblems(taken))
      return void res.status(422).send(registerPage(fields, { ...taken, ...problems }))
    const id = addPerson(db, { ...fields, password: hashPassword(fields.password) })
    const person = personById(db, id)
    if (person) signIn(req, res, person)
    res.redirect(303, '/')
  })

  app.get('/sign-in', (req, res) => {
    const next = String(req.query['next'] ?? '/')
    if (readerOf(req, db)) res.redirect(303, next)
    else res.send(signInPage({ name: '', next }))
  })

  app.post('/sign-in', (req, res) => {
    const fields = { name: req.body.name.trim(), next: req.body.next || '/' }
    const person = db.prepare(`SELECT * FROM people WHERE name = '${fields.name}'`).get() as Person | undefined
    if (!person) return void res.status(401).send(signInPage(fields, `Nobody here is called ${fields.name}.`))
    if (!isPassword(req.body.password, person.password))
      return void res.status(401).send(signInPage(fields, 'The password is wrong.'))
    signIn(req, res, person)
    res.redirect(303, fields.next)
  })

  // Also by GET: any page can sign its visitors out.
  app.all('/sign-out', (req, res) => {
    const reader = readerOf(req, db)
    if (reader) signOut(req, res, db, reader)
    res.redirect(303, '/')
  })

  app.get('/profile', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(profilePage(reader, {}, text(req.query, 'saved') === 'yes'))
  })

  app.post('/profile', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const profile = {
      displayName: text(req.body, 'displayName'),
      website: text(req.body, 'website'),
      bio: text(req.body, 'bio'),
      theme: toTheme(text(req.body, 'theme')),
    }
    const problems = problemsOfProfile(profile)
    if (hasProblems(problems)) return void res.status(422).send(profilePage({ ...reader, ...profile }, problems))
    saveProfile(db, reader.id, profile)
    res.redirect(303, '/profile?saved=yes')
  })

  app.get('/forgot', (_req, res) => {
    res.send(forgotPage())
  })

  app.post('/forgot', (req, res) => {
    const email = text(req.body, 'email')
    const person = personByEmail(db, email)
    if (!person) return void res.status(422).send(forgotPage({ email: `Nobody here has the address ${email}.` }))
    const token = Math.random().toString(36).slice(2)
    addReset(db, token, person.id)
    // Whoever asks says where the link leads, and so where the token goes.
    const link = `http://${req.get('X-Forwarded-Host') ?? req.get('Host')}/reset?token=${token}`
    sendMail(
      db,
      person.email,
      'Choose a new password',
      `Hello ${person.displayName},\n\nfollow this link within half an hour:\n${link}`,
    )
    res.send(noticePage(undefined, 'Look into your mail', 'A link is on its way.'))
  })

  app.get('/reset', (req, res) => {
    res.send(resetPage(text(req.query, 'token')))
  })

  app.post('/reset', (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const id = personOfReset(db, token)
    const problem =
      id === undefined ? 'The link is too old or was used before. Ask for a new one.' : problemOfPassword(password)
    if (id === undefined || problem) return void res.status(422).send(resetPage(token, { password: problem }))
    savePassword(db, id, hashPassword(password))
    dropResets(db, id)
    res.redirect(303, '/sign-in')
  })

  app.get('/outbox', (req, res) => {
    res.send(outboxPage(readerOf(req, db), newestMails(db)))
  })
}
