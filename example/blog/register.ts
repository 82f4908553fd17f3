import { checkPassword } from 'bulwark'
import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { exactText, hasProblems, keepProblems, problemsOfRegistration, text } from '../shared/fields.ts'
import { addPerson } from '../shared/people.ts'
import { refuse } from './accounts.ts'
import type { Blog } from './app.ts'
import { texts } from './taken.ts'
import { forgotPage, registerPage, resetPage, verifyPage } from './views/accounts.ts'
import { noticePage } from './views/layout.ts'

/** Registering, and what to do about a forgotten password. No answer tells who has an account already. */
export function registerRoutes(app: Express, { db, accounts }: Blog): void {
  app.get('/register', secure({ allow: 'anyone' }), (_req, res) => {
    res.send(`${registerPage({ name: '', email: '' })}`)
  })

  app.post('/register', secure({ allow: 'anyone', body: texts('name', 'email', 'password') }), async (req, res) => {
    const fields = {
      name: text(req.body, 'name'),
      email: text(req.body, 'email'),
      password: exactText(req.body, 'password'),
    }
    const checked = checkPassword(fields.password, { words: [fields.name, fields.email] })
    const problems = keepProblems({
      ...problemsOfRegistration(fields),
      password: checked.ok ? '' : checked.message,
    })
    if (hasProblems(problems)) return void res.status(422).send(`${registerPage(fields, problems)}`)
    const answer = await accounts.register(req.security, fields)
    if (!answer.ok) return refuse(res, answer, registerPage(fields, { email: answer.message }))
    const words = `A letter is on its way to ${fields.email}. The link in it makes your account.`
    res.send(`${noticePage(undefined, 'Look into your mail', words)}`)
  })

  // A visit changes nothing: mail programs look at links before people do.
  app.get('/verify-email', secure({ allow: 'anyone', query: texts('token') }), (req, res) => {
    res.send(`${verifyPage(text(req.query, 'token'))}`)
  })

  app.post('/verify-email', secure({ allow: 'anyone', body: texts('token', 'password') }), async (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const answer = await accounts.verifyEmail(req.security, { token, ...(password && { password }) })
    if (!answer.ok) {
      const asks = answer.reason === 'password-needed' || answer.reason === 'wrong-password'
      return refuse(res, answer, verifyPage(token, answer.message, asks))
    }
    await addPerson(db, answer.profile.id, answer.profile.name ?? 'Somebody new')
    res.redirect(303, '/')
  })

  app.get('/forgot', secure({ allow: 'anyone' }), (_req, res) => {
    res.send(`${forgotPage()}`)
  })

  app.post('/forgot', secure({ allow: 'anyone', body: texts('email') }), async (req, res) => {
    const answer = await accounts.requestReset(req.security, { email: text(req.body, 'email') })
    if (!answer.ok) return refuse(res, answer, forgotPage({ email: answer.message }))
    const words = 'If somebody here has that address, a link is on its way.'
    res.send(`${noticePage(undefined, 'Look into your mail', words)}`)
  })

  app.get('/reset', secure({ allow: 'anyone', query: texts('token') }), (req, res) => {
    res.send(`${resetPage(text(req.query, 'token'))}`)
  })

  app.post('/reset', secure({ allow: 'anyone', body: texts('token', 'password') }), async (req, res) => {
    const [token, password] = [text(req.body, 'token'), exactText(req.body, 'password')]
    const answer = await accounts.reset(req.security, { token, password })
    if (!answer.ok) return refuse(res, answer, resetPage(token, { password: answer.message }))
    res.redirect(303, '/sign-in')
  })
}
