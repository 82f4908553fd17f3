import { secure } from 'bulwark/express'
import type { Express, NextFunction, Request, Response } from 'express'
import { text } from '../shared/fields.ts'
import { closePerson, type Member, toRole } from '../shared/people.ts'
import { newestComments } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { memberById, memberOf } from './readers.ts'
import { texts } from './taken.ts'
import { adminPage } from './views/admin.ts'
import { noticePage } from './views/layout.ts'

/** What admins do about people. Comments are moderated where they stand. */
export function adminRoutes(app: Express, blog: Blog): void {
  const { db, accounts, audit } = blog
  const admins = secure({ allow: 'people:manage' })

  app.get('/admin', secure({ allow: 'people:manage', query: texts('find') }), async (req, res) => {
    const search = text(req.query, 'find').slice(0, 100)
    const found = await accounts.list({ limit: 50, ...(search && { search }) })
    const people = await Promise.all(found.map(({ id }) => memberById(blog, id)))
    const here = people.filter((person) => person !== undefined)
    res.send(`${adminPage(memberOf(req), search, here, await newestComments(db))}`)
  })

  app.post(
    '/admin/people/:id/role',
    secure({ allow: 'people:manage', body: texts('role') }),
    async (req, res, next) => {
      const person = await other(req, res, next)
      if (!person) return
      const role = toRole(text(req.body, 'role'))
      await record(req, 'person.role', person, { role })
      await accounts.setRoles(req.security, person.id, [role])
      res.redirect(303, '/admin')
    },
  )

  app.post('/admin/people/:id/sign-out', admins, async (req, res, next) => {
    const person = await other(req, res, next)
    if (!person) return
    await record(req, 'person.sign-out', person)
    await accounts.endSessions(req.security, person.id)
    res.redirect(303, '/admin')
  })

  app.post('/admin/people/:id/delete', admins, async (req, res, next) => {
    const person = await other(req, res, next)
    if (!person) return
    await record(req, 'person.delete', person)
    // In this order: should it end in between, the account is still there to be deleted once more.
    await closePerson(db, person.id)
    await accounts.remove(req.security, person.id)
    res.redirect(303, '/admin')
  })

  /** Writes what an admin is about to do to somebody. Where that cannot be written, it is not done either. */
  async function record(req: Request, action: string, person: Member, details?: { role: string }): Promise<void> {
    if (audit === undefined) return
    const { security } = req
    audit.add({ action, by: memberOf(req).id, on: `person ${person.id}`, security, ...(details && { details }) })
    await audit.flush()
  }

  /** Somebody else than the admin: nobody shall lock the last door from the outside. */
  async function other(req: Request, res: Response, next: NextFunction): Promise<Member | undefined> {
    const person = await memberById(blog, String(req.params['id']))
    if (!person) next()
    else if (person.id !== memberOf(req).id) return person
    else
      res.status(422).send(`${noticePage(memberOf(req), 'That is you', 'Ask another admin to change your account.')}`)
    return undefined
  }
}
