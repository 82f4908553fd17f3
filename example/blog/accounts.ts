import { createHash, randomBytes } from 'node:crypto'
import { checkPassword, hashPassword, safeRedirect, verifyPassword } from 'bulwark'
import { secure } from 'bulwark/express'
import type { Express } from 'express'
import {
  exactText,
  hasProblems,
  keepProblems,
  problemsOfProfile,
  problemsOfRegistration,
  text,
} from '../shared/fields.ts'
import { addReset, dropResets, newestMails, personOfReset, sendMail } from '../shared/mails.ts'
import {
  addPerson,
  personByEmail,
  personById,
  personByName,
  replacePassword,
  savePassword,
  saveProfile,
  toTheme,
} from '../shared/people.ts'
import type { Blog } from './app.ts'
import { toSignIn } from './redirects.ts'
import { readerOf, signIn, signOut } from './sign-in.ts'
import { forgotPage, outboxPage, profilePage, registerPage, resetPage, signInPage } from './views/accounts.ts'
import { noticePage } from './views/layout.ts'
import { isWebAddress } from './views/parts.ts'

/** Registering, signing in and out, the profile, and what to do about a forgotten password. */
export function accountRoutes(app: Express, { db, origin }: Blog): void {
  app.get('/register', (_req, res) => {
    res.send(`${registerPage({ name: '', email: '' })}`)
  })

  app.post('/register', async (req, res) => {
    const fields = {
      name: text(req.body, 'name'),
      email: text(req.body, 'email'),
      password: exactText(req.body, 'password'),
    }
    const problems = keepProblems({
      ...problemsOfRegistration(fields),
      password: problemOfPassword(fields.password, fields.name, fields.email),
    })
    const taken = keepProblems({
      name: personByName(db, fields.name) ? 'That name is taken.' : '',
      email: personByEmail(db, fields.email) ? 'That address has an account already.' : '',
    })
    if (hasProblems(problems) || hasProblems(taken))
      return void res.status(422).send(`${registerPage(fields, { ...taken, ...problems })}`)
    const id = addPerson(db, { ...fields, password: await hashPassword(fields.password) })
    const person = personById(db, id)
    if (person) signIn(req, res, person)
    res.redirect(303, '/')
  })

  app.get('/sign-in', (req, res) => {
    const next = safeRedirect(req.query['next'])
    if (readerOf(req, db)) res.redirect(303, next)
    else res.send(`${signInPage({ name: '', next })}`)
  })

  // Ten tries a minute from one address, right or wrong; wrong ones are counted for each account as well.
  app.post('/sign-in', secure({ limit: '10/min' }), async (req, res) => {
    const fields = { name: text(req.body, 'name'), next: safeRedirect(req.body?.next) }
    const person = await req.security.trySignIn(fields.name, async () => {
      const found = personByName(db, fields.name)
      // Takes as long without a person, so that the time does not tell which names have an account.
      const { ok, rehash } = await verifyPassword(found?.password, exactText(req.body, 'password'))
      if (ok && found && rehash) replacePassword(db, found, rehash)
      return ok && found
    })
    if (!person) return void res.status(401).send(`${signInPage(fields, 'The name or the password is wrong.')}`)
    signIn(req, res, person)
    res.redirect(303, fields.next)
  })

  app.post('/sign-out', (req, res) => {
    const reader = readerOf(req, db)
    if (reader) signOut(req, res, db, reader)
    res.redirect(303, '/')
  })

  app.get('/profile', (req, res) => {
    const reader = readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(`${profilePage(reader, {}, text(req.query, 'saved') === 'yes')}`)
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
    const isGoodWebsite = !profile.website || (profile.website.length <= 200 && isWebAddress(profile.website))
    const problems = {
      ...problemsOfProfile(profile),
      ...(isGoodWebsite ? {} : { website: 'Enter a web address that begins with https:// or http://.' }),
    }
    if (hasProblems(problems)) return void res.status(422).send(`${profilePage({ ...reader, ...profile }, problems)}`)
    saveProfile(db, reader.id, profile)
    res.redirect(303, '/profile?saved=yes')
  })

  app.get('/forgot', (_req, res) => {
    res.send(`${forgotPage()}`)
  })

  app.post('/forgot', (req, res) => {
    const person = personByEmail(db, text(req.body, 'email'))
    if (person) {
      // Only a hash of the token stays here: reading the database is not enough to use it.
      const token = randomBytes(32).toString('base64url')
      addReset(db, hashToken(token), person.id)
      const link = `${origin()}/reset?token=${token}`
      sendMail(
        db,
        person.email,
        'Choose a new password',
        `Hello ${person.displayName},\n\nfollow this link within half an hour:\n${link}`,
      )
    }
    // The same answer for everybody: it must not tell who has an account.
    res.send(
      `${noticePage(undefined, 'Look into your mail', 'If somebody here has that address, a link is on its way.')}`,
    )
  })

  app.get('/reset', (req, res) => {
    res.send(`${resetPage(text(req.query, 'token'))}`)
  })

  app.post('/reset', async (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const id = personOfReset(db, hashToken(token))
    const person = id === undefined ? undefined : personById(db, id)
    const problem = person
      ? problemOfPassword(password, person.name, person.email)
      : 'The link is too old or was used before. Ask for a new one.'
    if (id === undefined || problem) return void res.status(422).send(`${resetPage(token, { password: problem })}`)
    savePassword(db, id, await hashPassword(password))
    dropResets(db, id)
    res.redirect(303, '/sign-in')
  })

  app.get('/outbox', (req, res) => {
    res.send(`${outboxPage(readerOf(req, db), newestMails(db))}`)
  })
}

function problemOfPassword(password: string, ...words: string[]): string {
  const checked = checkPassword(password, { words })
  return checked.ok ? '' : checked.message
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
