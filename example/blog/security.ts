import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { exactText, text } from '../shared/fields.ts'
import { closePerson } from '../shared/people.ts'
import { refuse, typedPassword } from './accounts.ts'
import type { Blog } from './app.ts'
import { formReaderOf, memberOf } from './readers.ts'
import { texts } from './taken.ts'
import { noticePage } from './views/layout.ts'
import {
  closePage,
  confirmCodePage,
  confirmEmailPage,
  emailPage,
  passwordPage,
  recoveryCodesPage,
  scanPage,
  secondFactorPage,
  securityPage,
} from './views/security.ts'

/** How somebody signs in, and how that is changed. Each step asks for the password when the sign-in was a while ago. */
export function securityRoutes(app: Express, { db, accounts }: Blog): void {
  const own = secure({ allow: 'account:own' })
  // What changes how somebody signs in also has to bring back what the form was given, whatever the browser says of itself.
  const step = { allow: 'account:own', csrf: 'token' } as const
  const withPassword = secure({ ...step, body: texts('password') })

  app.get('/security', own, async (req, res) => {
    const account = await accounts.current(req.security)
    if (account) res.send(`${securityPage(memberOf(req), account)}`)
    else res.redirect(303, '/sign-in')
  })

  app.get('/security/password', own, (req, res) => {
    res.send(`${passwordPage(formReaderOf(req))}`)
  })

  app.post('/security/password', secure({ ...step, body: texts('current', 'password') }), async (req, res) => {
    const step = { current: exactText(req.body, 'current'), password: exactText(req.body, 'password') }
    const answer = await accounts.changePassword(req.security, step)
    if (answer.ok) return res.redirect(303, '/security')
    const field = answer.reason === 'password' ? 'password' : 'current'
    refuse(res, answer, passwordPage(formReaderOf(req), { [field]: answer.message }))
  })

  app.get('/security/email', own, (req, res) => {
    res.send(`${emailPage(formReaderOf(req), '')}`)
  })

  app.post('/security/email', secure({ ...step, body: texts('email', 'password') }), async (req, res) => {
    const email = text(req.body, 'email')
    const answer = await accounts.requestEmailChange(req.security, { email, ...typedPassword(req) })
    if (!answer.ok) {
      const field = answer.reason === 'email' ? 'email' : 'password'
      return refuse(res, answer, emailPage(formReaderOf(req), email, { [field]: answer.message }))
    }
    const words = `A letter is on its way to ${email}. Nothing changes before you follow the link in it.`
    res.send(`${noticePage(memberOf(req), 'Look into your mail', words)}`)
  })

  app.get('/confirm-email', secure({ allow: 'account:own', query: texts('token') }), (req, res) => {
    res.send(`${confirmEmailPage(formReaderOf(req), text(req.query, 'token'))}`)
  })

  app.post('/confirm-email', secure({ ...step, body: texts('token') }), async (req, res) => {
    const token = text(req.body, 'token')
    const answer = await accounts.confirmEmailChange(req.security, { token })
    if (answer.ok) res.redirect(303, '/security')
    else refuse(res, answer, confirmEmailPage(formReaderOf(req), token, answer.message))
  })

  app.get('/security/codes', own, async (req, res) => {
    const account = await accounts.current(req.security)
    if (account) res.send(`${secondFactorPage(formReaderOf(req), account)}`)
    else res.redirect(303, '/sign-in')
  })

  app.post('/security/codes/begin', withPassword, async (req, res) => {
    const answer = await accounts.startTotp(req.security, typedPassword(req))
    if (answer.ok) return void res.send(`${scanPage(formReaderOf(req), answer)}`)
    const account = await accounts.current(req.security)
    refuse(res, answer, secondFactorPage(formReaderOf(req), account, answer.message))
  })

  app.post('/security/codes/confirm', secure({ ...step, body: texts('code') }), async (req, res) => {
    const answer = await accounts.confirmTotp(req.security, { code: text(req.body, 'code') })
    if (answer.ok) res.send(`${recoveryCodesPage(memberOf(req), answer.recoveryCodes)}`)
    else refuse(res, answer, confirmCodePage(formReaderOf(req), answer.message))
  })

  app.post('/security/codes/end', withPassword, async (req, res) => {
    const answer = await accounts.removeTotp(req.security, typedPassword(req))
    if (answer.ok) return res.redirect(303, '/security')
    refuse(res, answer, secondFactorPage(formReaderOf(req), await accounts.current(req.security), answer.message))
  })

  app.post('/security/codes/recovery', withPassword, async (req, res) => {
    const answer = await accounts.makeRecoveryCodes(req.security, typedPassword(req))
    if (answer.ok) return void res.send(`${recoveryCodesPage(memberOf(req), answer.recoveryCodes)}`)
    refuse(res, answer, secondFactorPage(formReaderOf(req), await accounts.current(req.security), answer.message))
  })

  app.get('/security/close', own, (req, res) => {
    res.send(`${closePage(formReaderOf(req))}`)
  })

  app.post('/security/close', withPassword, async (req, res) => {
    // In this order: should it end in between, the account is still there to be closed once more.
    const before = (id: string): Promise<void> => closePerson(db, id)
    const answer = await accounts.close(req.security, { ...typedPassword(req), before })
    if (!answer.ok) return refuse(res, answer, closePage(formReaderOf(req), answer.message))
    const words = 'What you wrote stays, by somebody who left. Everything else is gone.'
    res.send(`${noticePage(undefined, 'Your account is closed', words)}`)
  })
}
