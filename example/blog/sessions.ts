import { secure } from 'bulwark/express'
import type { Express } from 'express'
import type { Blog } from './app.ts'
import { memberOf } from './readers.ts'
import { sessionsPage } from './views/sessions.ts'

/** Where somebody is signed in, and how that ends. */
export function sessionRoutes(app: Express, _blog: Blog): void {
  app.get('/sessions', secure({ allow: 'account:own' }), async (req, res) => {
    res.send(`${sessionsPage(memberOf(req), await req.security.session.list())}`)
  })

  app.post('/sessions/:handle/sign-out', secure({ allow: 'account:own' }), async (req, res) => {
    await req.security.session.end(String(req.params['handle']))
    res.redirect(303, '/sessions')
  })

  // Every browser, this one included: a copy of any of their cookies is worth nothing afterwards.
  app.post('/sessions/sign-out', secure({ allow: 'account:own' }), async (req, res) => {
    await req.security.session.endAll(memberOf(req).id)
    res.redirect(303, '/')
  })
}
