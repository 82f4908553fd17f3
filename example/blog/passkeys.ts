import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { text } from '../shared/fields.ts'
import { refuse, typedPassword } from './accounts.ts'
import type { Blog } from './app.ts'
import { memberOf } from './readers.ts'
import { passkeysPage } from './views/passkeys.ts'

/** The passkeys of an account. Adding one needs a script; everything else works without. */
export function passkeyRoutes(app: Express, { accounts }: Blog): void {
  const own = secure({ allow: 'account:own' })

  app.get('/security/passkeys', own, async (req, res) => {
    const account = await accounts.current(req.security)
    if (account) res.send(`${passkeysPage(memberOf(req), account.passkeys)}`)
    else res.redirect(303, '/sign-in')
  })

  app.post('/api/passkeys/options', own, async (req, res) => {
    const answer = await accounts.startPasskey(req.security, typedPassword(req))
    if (answer.ok) res.json(answer.options)
    else res.status(answer.status).json({ error: answer.message })
  })

  app.post('/api/passkeys', own, async (req, res) => {
    const step = { response: req.body?.response, name: text(req.body, 'name') || 'Passkey' }
    const answer = await accounts.finishPasskey(req.security, step)
    if (answer.ok) res.json({ next: '/security/passkeys' })
    else res.status(answer.status).json({ error: answer.message })
  })

  app.post('/security/passkeys/:id/delete', own, async (req, res) => {
    const step = { id: String(req.params['id']), ...typedPassword(req) }
    const answer = await accounts.removePasskey(req.security, step)
    if (answer.ok) return res.redirect(303, '/security/passkeys')
    const account = await accounts.current(req.security)
    refuse(res, answer, passkeysPage(memberOf(req), account?.passkeys ?? [], answer.message))
  })
}
