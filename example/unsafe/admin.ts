import type { Express } from 'express'
import { closePerson } from '../shared/people.ts'
import { newestComments } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { allLogins, dropLogin, saveLogin } from './logins.ts'
import { readerOf, sessionsOf } from './readers.ts'
import { adminPage } from './views/admin.ts'

/** What admins do about people. Only admins see the link; nothing asks who follows it. */
export function adminRoutes(app: Express, { db }: Blog): void {
  app.get('/admin', async (req, res) => {
    res.send(adminPage(await readerOf(req, db), await allLogins(db), await newestComments(db)))
  })

  app.post('/admin/people/:id/role', async (req, res) => {
    await saveLogin(db, req.params.id, 'role', req.body.role)
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/sign-out', (req, res) => {
    for (const session of sessionsOf(req.params.id)) delete session.person
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/delete', async (req, res) => {
    await dropLogin(db, req.params.id)
    await closePerson(db, req.params.id)
    res.redirect(303, '/admin')
  })
}
