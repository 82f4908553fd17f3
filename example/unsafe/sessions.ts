import type { Express } from 'express'
import type { Blog } from './app.ts'
import { endSession, readerOf, sessionsOf, signOut } from './readers.ts'
import { toSignIn } from './redirects.ts'
import { sessionsPage } from './views/sessions.ts'

/** Where somebody is signed in, and how that ends. */
export function sessionRoutes(app: Express, { db }: Blog): void {
  app.get('/sessions', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    res.send(sessionsPage(reader, sessionsOf(reader.id)))
  })

  // Anybody's session, and nobody asks whose it is.
  app.post('/sessions/:id/sign-out', (req, res) => {
    endSession(req.params.id)
    res.redirect(303, '/sessions')
  })

  // Everywhere, it says; but only this browser forgets.
  app.post('/sessions/sign-out', (_req, res) => {
    signOut(res)
    res.redirect(303, '/')
  })
}
