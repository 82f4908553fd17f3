import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { checkPassword, hashPassword, safeRedirect, verifyPassword } from 'bulwark'
import { secure } from 'bulwark/express'
import type { Express, Request } from 'express'
import { type Database, isTaken } from '../shared/database.ts'
import {
  exactText,
  hasProblems,
  keepProblems,
  type Problems,
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
  replacePassword,
  savePassword,
  saveProfile,
  searchesOf,
  toTheme,
} from '../shared/people.ts'
import { writtenBy } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { memberOf, readerOf } from './sign-in.ts'
import { forgotPage, outboxPage, profilePage, registerPage, resetPage, signInPage } from './views/accounts.ts'
import { noticePage } from './views/layout.ts'
import { isWebAddress } from './views/parts.ts'

/** Registering, signing in and out, the profile, and what to do about a forgotten password. */
export function accountRoutes(app: Express, { db, origin }: Blog): void {
  app.get('/register', secure({ allow: 'anyone' }), (_req, res) => {
    res.send(`${registerPage({ name: '', email: '' })}`)
  })

  app.post('/register', secure({ allow: 'anyone' }), async (req, res) => {
    const fields = {
      name: text(req.body, 'name'),
      email: text(req.body, 'email'),
      password: exactText(req.body, 'password'),
    }
    const problems = keepProblems({
      ...problemsOfRegistration(fields),
      password: problemOfPassword(fields.password, fields.name, fields.email),
    })
    const all = { ...(await takenOf(db, fields)), ...problems }
    if (hasProblems(all)) return void res.status(422).send(`${registerPage(fields, all)}`)
    const id = randomUUID()
    try {
      await addPerson(db, { ...fields, id, role: 'author', password: await hashPassword(fields.password) })
    } catch (error) {
      if (!isTaken(error)) throw error
      // Somebody was quicker.
      return void res.status(422).send(`${registerPage(fields, await takenOf(db, fields))}`)
    }
    await req.security.session.signIn({ id })
    res.redirect(303, '/')
  })

  app.get('/sign-in', secure({ allow: 'anyone' }), async (req, res) => {
    const next = safeRedirect(req.query['next'])
    if (await readerOf(req, db)) res.redirect(303, next)
    else res.send(`${signInPage({ name: nameIn(req), next })}`)
  })

  app.post('/sign-in', secure({ allow: 'anyone' }), async (req, res) => {
    const fields = { name: text(req.body, 'name'), next: safeRedirect(req.body?.next) }
    const person = await trySignIn(req, db, fields.name, exactText(req.body, 'password'))
    if (!person) return void res.status(401).send(`${signInPage(fields, 'The name or the password is wrong.')}`)
    // Spares typing it when the session has run out. Bulwark adds what keeps it from scripts and other sites.
    res.cookie('name', person.name, { maxAge: 30 * 24 * 60 * 60 * 1000 })
    res.redirect(303, fields.next)
  })

  app.post('/sign-out', secure({ allow: 'anyone' }), async (req, res) => {
    await req.security.session.signOut()
    res.redirect(303, '/')
  })

  app.get('/profile', secure({ allow: 'account:own' }), async (req, res) => {
    const reader = memberOf(req)
    res.send(`${profilePage(reader, await searchesOf(db, reader.id), {}, text(req.query, 'saved') === 'yes')}`)
  })

  app.post('/profile', secure({ allow: 'account:own' }), async (req, res) => {
    const reader = memberOf(req)
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
    if (hasProblems(problems)) {
      const page = profilePage({ ...reader, ...profile }, await searchesOf(db, reader.id), problems)
      return void res.status(422).send(`${page}`)
    }
    await saveProfile(db, reader.id, profile)
    res.redirect(303, '/profile?saved=yes')
  })

  app.get('/profile/data', secure({ allow: 'account:own' }), async (req, res) => {
    const { id, name, email, displayName, website, bio, theme, mastodon, created } = memberOf(req)
    const profile = { name, email, displayName, website, bio, theme, mastodon, created }
    res.attachment('your-data.json').json({ ...profile, ...(await writtenBy(db, id)) })
  })

  app.get('/forgot', secure({ allow: 'anyone' }), (_req, res) => {
    res.send(`${forgotPage()}`)
  })

  app.post('/forgot', secure({ allow: 'anyone' }), async (req, res) => {
    const person = await personByEmail(db, text(req.body, 'email'))
    if (person) {
      // Only a hash of the token stays here: reading the database is not enough to use it.
      const token = randomBytes(32).toString('base64url')
      await addReset(db, hashToken(token), person.id)
      const link = `${origin()}/reset?token=${token}`
      const words = `Hello ${person.displayName},\n\nfollow this link within half an hour:\n${link}`
      await sendMail(db, person.email, 'Choose a new password', words)
    }
    // The same answer for everybody: it must not tell who has an account.
    res.send(
      `${noticePage(undefined, 'Look into your mail', 'If somebody here has that address, a link is on its way.')}`,
    )
  })

  app.get('/reset', secure({ allow: 'anyone' }), (req, res) => {
    res.send(`${resetPage(text(req.query, 'token'))}`)
  })

  app.post('/reset', secure({ allow: 'anyone' }), async (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const id = await personOfReset(db, hashToken(token))
    const person = id === undefined ? undefined : await personById(db, id)
    const problem = person
      ? problemOfPassword(password, person.name, person.email)
      : 'The link is too old or was used before. Ask for a new one.'
    if (!person || problem) return void res.status(422).send(`${resetPage(token, { password: problem })}`)
    await savePassword(db, person.id, await hashPassword(password))
    await dropResets(db, person.id)
    await req.security.session.endAll(person.id)
    res.redirect(303, '/sign-in')
  })

  app.get('/outbox', secure({ allow: 'anyone' }), async (req, res) => {
    res.send(`${outboxPage(await readerOf(req, db), await newestMails(db))}`)
  })
}

/** Signs somebody in whose password is right. Wrong ones are counted, whichever door they come to. */
export async function trySignIn(
  req: Request,
  db: Database,
  name: string,
  password: string,
): Promise<Person | undefined> {
  const person = await req.security.trySignIn(name, async () => {
    const found = await personByName(db, name)
    // Takes as long without a person, so that the time does not tell which names have an account.
    const { ok, rehash } = await verifyPassword(found?.password, password)
    if (ok && found && rehash) await replacePassword(db, found, rehash)
    return ok ? found : undefined
  })
  if (!person) return undefined
  await req.security.session.signIn({ id: person.id })
  return person
}

/** The name that was signed in with here before. */
function nameIn(req: Request): string {
  return /(?:^|; )name=([a-z0-9-]+)/i.exec(req.headers.cookie ?? '')?.[1] ?? ''
}

async function takenOf(db: Database, { name, email }: { name: string; email: string }): Promise<Problems> {
  return keepProblems({
    name: (await personByName(db, name)) ? 'That name is taken.' : '',
    email: (await personByEmail(db, email)) ? 'That address has an account already.' : '',
  })
}

function problemOfPassword(password: string, ...words: string[]): string {
  const checked = checkPassword(password, { words })
  return checked.ok ? '' : checked.message
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
