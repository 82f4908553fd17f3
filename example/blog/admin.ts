import { secure } from 'bulwark/express'
import type { Express, NextFunction, Request, Response } from 'express'
import { text } from '../shared/fields.ts'
import { allPeople, closePerson, isHere, type Person, personById, saveRole, toRole } from '../shared/people.ts'
import { newestComments } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { memberOf } from './sign-in.ts'
import { adminPage } from './views/admin.ts'
import { noticePage } from './views/layout.ts'

/** What admins do about people. Comments are moderated where they stand. */
export function adminRoutes(app: Express, { db }: Blog): void {
  app.get('/admin', secure({ allow: 'people:manage' }), async (req, res) => {
    const people = (await allPeople(db)).filter(isHere)
    res.send(`${adminPage(memberOf(req), people, await newestComments(db))}`)
  })

  app.post('/admin/people/:id/role', secure({ allow: 'people:manage' }), async (req, res, next) => {
    const person = await other(req, res, next)
    if (!person) return
    await saveRole(db, person.id, toRole(text(req.body, 'role')))
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/sign-out', secure({ allow: 'people:manage' }), async (req, res, next) => {
    const person = await other(req, res, next)
    if (!person) return
    await req.security.session.endAll(person.id)
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/delete', secure({ allow: 'people:manage' }), async (req, res, next) => {
    const person = await other(req, res, next)
    if (!person) return
    await closePerson(db, person.id)
    await req.security.session.endAll(person.id)
    res.redirect(303, '/admin')
  })

  /** Somebody else than the admin: nobody shall lock the last door from the outside. */
  async function other(req: Request, res: Response, next: NextFunction): Promise<Person | undefined> {
    const person = await personById(db, String(req.params['id']))
    if (!person || !isHere(person)) next()
    else if (person.id !== memberOf(req).id) return person
    else
      res.status(422).send(`${noticePage(memberOf(req), 'That is you', 'Ask another admin to change your account.')}`)
    return undefined
  }
}
