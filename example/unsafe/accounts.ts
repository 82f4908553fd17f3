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
  allPeople,
  type Person,
  personByEmail,
  personById,
  personByName,
  savePassword,
  saveProfile,
  searchesOf,
  toTheme,
} from '../shared/people.ts'
import { writtenBy } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { toSignIn } from './redirects.ts'
import { readerOf, signIn, signOut } from './sign-in.ts'
import { glued } from './sql.ts'
import { forgotPage, outboxPage, profilePage, registerPage, resetPage, signInPage } from './views/accounts.ts'
import { noticePage } from './views/layout.ts'

/** Registering, signing in and out, the profile, and what to do about a forgotten password. */
export function accountRoutes(app: Express, { db }: Blog): void {
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
      name: (await personByName(db, fields.name)) ? 'That name is taken.' : '',
      email: (await personByEmail(db, fields.email)) ? 'That address has an account already.' : '',
    })
    if (hasProblems(problems) || hasProblems(taken))
      return void res.status(422).send(registerPage(fields, { ...taken, ...problems }))
    // Numbered one after the other; and whoever adds a field named role to the form chooses it.
    const id = `${(await allPeople(db)).length + 1}`
    await addPerson(db, { id, role: 'author', ...req.body, ...fields, password: hashPassword(fields.password) })
    const person = await personById(db, id)
    if (person) signIn(req, res, person)
    res.redirect(303, '/')
  })

  app.get('/sign-in', async (req, res) => {
    const next = String(req.query['next'] ?? '/')
    if (await readerOf(req, db)) res.redirect(303, next)
    else res.send(signInPage({ name: '', next }))
  })

  app.post('/sign-in', async (req, res) => {
    const fields = { name: req.body.name.trim(), next: req.body.next || '/' }
    const [person] = await db.all<Person>(glued(`SELECT * FROM people WHERE name = '${fields.name}'`))
    if (!person) return void res.status(401).send(signInPage(fields, `Nobody here is called ${fields.name}.`))
    if (!isPassword(req.body.password, person.password))
      return void res.status(401).send(signInPage(fields, 'The password is wrong.'))
    signIn(req, res, person)
    res.redirect(303, fields.next)
  })

  // Also by GET: any page can sign its visitors out.
  app.all('/sign-out', (_req, res) => {
    signOut(res)
    res.redirect(303, '/')
  })

  app.get('/profile', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(profilePage(reader, await searchesOf(db, reader.id), {}, text(req.query, 'saved') === 'yes'))
  })

  app.post('/profile', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const profile = {
      displayName: text(req.body, 'displayName'),
      website: text(req.body, 'website'),
      bio: text(req.body, 'bio'),
      theme: toTheme(text(req.body, 'theme')),
    }
    const problems = problemsOfProfile(profile)
    if (hasProblems(problems)) return void res.status(422).send(profilePage({ ...reader, ...profile }, [], problems))
    await saveProfile(db, reader.id, profile)
    res.redirect(303, '/profile?saved=yes')
  })

  // Whose data it is stands in the link, and nobody asks who follows it.
  app.get('/profile/data', async (req, res, next) => {
    const person = await personById(db, String(req.query['person'] ?? '1'))
    if (!person) return next()
    res.attachment('your-data.json').json({ ...person, ...(await writtenBy(db, person.id)) })
  })

  app.get('/forgot', (_req, res) => {
    res.send(forgotPage())
  })

  app.post('/forgot', async (req, res) => {
    const email = text(req.body, 'email')
    const person = await personByEmail(db, email)
    if (!person) return void res.status(422).send(forgotPage({ email: `Nobody here has the address ${email}.` }))
    const token = Math.random().toString(36).slice(2)
    await addReset(db, token, person.id)
    // Whoever asks says where the link leads, and so where the token goes.
    const link = `http://${req.get('X-Forwarded-Host') ?? req.get('Host')}/reset?token=${token}`
    await sendMail(
      db,
      person.email,
      'Choose a new password',
      `Hello ${person.displayName},\n\nfollow this link within half an hour:\n${link}`,
    )
    res.send(noticePage(undefined, 'Look into your mail', 'A link is on its way.'))
  })

  app.get('/reset', async (req, res) => {
    res.send(resetPage(text(req.query, 'token')))
  })

  app.post('/reset', async (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const id = await personOfReset(db, token)
    const problem =
      id === undefined ? 'The link is too old or was used before. Ask for a new one.' : problemOfPassword(password)
    if (id === undefined || problem) return void res.status(422).send(resetPage(token, { password: problem }))
    await savePassword(db, id, hashPassword(password))
    await dropResets(db, id)
    res.redirect(303, '/sign-in')
  })

  app.get('/outbox', async (req, res) => {
    res.send(outboxPage(await readerOf(req, db), await newestMails(db)))
  })
}
