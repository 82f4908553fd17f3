import type { Express } from 'express'
import { allPeople, closePerson, isHere, type Role, saveRole } from '../shared/people.ts'
import { newestComments } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { readerOf, sessionsOf } from './sign-in.ts'
import { adminPage } from './views/admin.ts'

/** What admins do about people. Only admins see the link; nothing asks who follows it. */
export function adminRoutes(app: Express, { db }: Blog): void {
  app.get('/admin', async (req, res) => {
    const people = (await allPeople(db)).filter(isHere)
    res.send(adminPage(await readerOf(req, db), people, await newestComments(db)))
  })

  app.post('/admin/people/:id/role', async (req, res) => {
    await saveRole(db, req.params.id, req.body.role as Role)
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/sign-out', (req, res) => {
    for (const session of sessionsOf(req.params.id)) delete session.person
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/delete', async (req, res) => {
    await closePerson(db, req.params.id)
    res.redirect(303, '/admin')
  })
}
