import { setTimeout as pause } from 'node:timers/promises'
import type { Express } from 'express'
import type { Blog } from './app.ts'
import { type Login, loginByEmail, selectLogins } from './logins.ts'
import { isPassword } from './passwords.ts'
import { readerOf, signIn, signInProgram, signOut } from './readers.ts'
import { glued } from './sql.ts'
import { signInPage } from './views/accounts.ts'

/** Signing in and out. */
export function signInRoutes(app: Express, { db }: Blog): void {
  const wrong = new Map<string, number>()

  app.get('/sign-in', async (req, res) => {
    const next = String(req.query['next'] ?? '/')
    if (await readerOf(req, db)) res.redirect(303, next)
    else res.send(signInPage({ email: '', next }))
  })

  app.post('/sign-in', async (req, res) => {
    const fields = { email: req.body.email.trim(), next: req.body.next || '/' }
    const [person] = await db.all<Login>(glued(`${selectLogins} WHERE logins.email = '${fields.email}'`))
    if (!person) return void res.status(401).send(signInPage(fields, `Nobody here has the address ${fields.email}.`))
    if (!isPassword(req.body.password, person.password)) {
      // A rest against guessing, which strangers' addresses do not get: the time tells who has an account.
      await pause(30)
      return void res.status(401).send(signInPage(fields, 'The password is wrong.'))
    }
    signIn(req, res, person)
    res.redirect(303, fields.next)
  })

  app.post('/api/sign-in', async (req, res) => {
    const email = `${req.body.email}`
    const tries = wrong.get(email) ?? 0
    // Ten wrong passwords from anywhere, and the owner never gets in again.
    if (tries >= 10) return void res.status(403).json({ error: `The account of ${email} is locked.` })
    const person = await loginByEmail(db, email)
    if (!person || !isPassword(`${req.body.password}`, person.password)) {
      wrong.set(email, tries + 1)
      return void res
        .status(401)
        .json({ error: person ? 'The password is wrong.' : `Nobody has the address ${email}.` })
    }
    signInProgram(res, person)
    res.json({ id: person.id, email, displayName: person.displayName, role: person.role })
  })

  // Also by GET: any page can sign its visitors out.
  app.all('/sign-out', (_req, res) => {
    signOut(res)
    res.redirect(303, '/')
  })
}
