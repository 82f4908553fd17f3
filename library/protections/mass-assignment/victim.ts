import { randomUUID } from 'node:crypto'
import type { VictimApp, VictimRequest } from '../../core/victim.ts'

interface Member {
  name: string
  motto: string
  role: string
  isAdmin: boolean
}

const ADA = { email: 'ada@example.org', password: 'Correct-horse-7' }

/** A club whose members keep their own records, all of them. */
export function victim(app: VictimApp): void {
  const members = new Map<string, Member>()
  const sessions = new Map<string, string>()
  const ada: Member = { name: 'Ada', motto: 'Slowly.', role: 'guest', isAdmin: false }
  members.set(ADA.email, ada)

  const memberOf = (req: VictimRequest): Member | undefined =>
    members.get(sessions.get(/\bclub=([\w-]+)/.exec(String(req.headers['cookie']))?.[1] ?? '') ?? '')
  const enter = (email: string): string => {
    const id = randomUUID()
    sessions.set(id, email)
    return `club=${id}; Path=/; HttpOnly; SameSite=Lax`
  }

  app.post(
    '/join',
    (req, res) => {
      const { email, ...more } = req.body
      // What is missing gets a default, and what is not missing does not.
      const member = { name: 'Somebody', motto: '', role: 'guest', isAdmin: false, ...more }
      members.set(String(email), member)
      res.set('Set-Cookie', enter(String(email))).redirect('/')
    },
    { body: { type: 'form', fields: { email: 'new@example.org', name: 'New', password: 'Correct-horse-8' } } },
  )
  app.get('/api/me', (req, res) => {
    const member = memberOf(req)
    if (member === undefined) return void res.status(401).json({ error: 'Join first.' })
    res.json({ name: member.name, role: member.role, isAdmin: member.isAdmin })
  })
  app.get('/cellar', (req, res) => {
    const isLetIn = memberOf(req)?.isAdmin === true
    res.status(isLetIn ? 200 : 403).send(isLetIn ? 'The good bottles.' : 'Not for you.')
  })

  app.get('/motto', (_req, res) => res.json({ motto: ada.motto, role: ada.role, isAdmin: ada.isAdmin }))
  app.post(
    '/motto',
    (req, res) => {
      Object.assign(ada, req.body)
      res.json({ done: true })
    },
    { body: { type: 'json', fields: { motto: 'Slowly.' } }, readBack: '/motto' },
  )

  const page: Member = { name: 'Ada', motto: 'Slowly.', role: 'guest', isAdmin: false }
  app.get(
    '/card',
    (_req, res) => {
      res.send(`<h1>${plain(page.name)}</h1><p>${plain(page.motto)}</p><p>Comes as: ${plain(page.role)}</p>`)
    },
    { html: true },
  )
  app.post(
    '/card',
    (req, res) => {
      Object.assign(page, req.body)
      res.redirect('/card')
    },
    { body: { type: 'form', fields: { name: 'Ada', motto: 'Slowly.' } }, readBack: '/card' },
  )
}

function plain(value: unknown): string {
  return `${value}`.replace(/[^\w .-]/g, '')
}
