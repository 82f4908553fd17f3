import { randomUUID } from 'node:crypto'
import type { Security } from '../../core/security.ts'
import type { VictimApp, VictimRequest, VictimResponse } from '../../core/victim.ts'
import { findCookie, formatCookie } from '../../toolbox/cookies.ts'

declare module './data.ts' {
  interface SessionData {
    /** How often the club's page was looked at. */
    clubVisits: number
  }
}

const PEOPLE: ReadonlyMap<unknown, string> = new Map([['1', 'Ada']])
const SIGN_IN = { body: { type: 'form', fields: { person: '1' } }, signIn: true } as const
const SIGN_OUT = { body: { type: 'form', fields: {} } } as const

interface Visit {
  count: number
  person?: string
}

/** A club that numbers its sessions, takes any number for one, keeps it when somebody signs in, and forgets none. */
export function victim(app: VictimApp): void {
  const visits = new Map<string, Visit>()
  let last = 1000
  const visitOf = (req: VictimRequest, res: VictimResponse): Visit => {
    let id = findCookie(String(req.headers.cookie ?? ''), 'club')
    if (id === undefined) {
      id = String(++last)
      res.set('Set-Cookie', formatCookie('club', id, { path: '/', httpOnly: true, sameSite: 'lax' }))
    }
    const visit = visits.get(id) ?? { count: 0 }
    visits.set(id, visit)
    return visit
  }
  app.get(
    '/',
    (req, res) => {
      const visit = visitOf(req, res)
      visit.count++
      res.send(page(visit.person, visit.count))
    },
    { html: true },
  )
  app.post(
    '/sign-in',
    (req, res) => {
      visitOf(req, res).person = String(req.body.person)
      res.send('<!doctype html><p>Welcome.</p>')
    },
    SIGN_IN,
  )
  app.post(
    '/sign-out', // spots: sessions/cookie-cleared-only
    (_req, res) => {
      res.set('Set-Cookie', formatCookie('club', '', { path: '/', maxAge: 0 }))
      res.send('<!doctype html><p>Bye.</p>')
    },
    SIGN_OUT,
  )
}

/** A club that gives its guests nothing, and takes whoever signs in over a session for its new owner. */
export function membersOnlyVictim(app: VictimApp): void {
  const members = new Map<string, string>()
  const idOf = (req: VictimRequest): string => findCookie(String(req.headers.cookie ?? ''), 'club') ?? ''
  app.get('/', (req, res) => res.send(page(members.get(idOf(req)), 1)), { html: true })
  app.post(
    '/sign-in',
    (req, res) => {
      const known = idOf(req)
      const id = members.has(known) ? known : randomUUID()
      members.set(id, String(req.body.person))
      if (id !== known) res.set('Set-Cookie', formatCookie('club', id, { path: '/', httpOnly: true, sameSite: 'lax' }))
      res.send('<!doctype html><p>Welcome.</p>')
    },
    SIGN_IN,
  )
}

/** The same for members only, with the sessions of this protection. */
export function fixedMembersOnly(app: VictimApp): void {
  app.get('/', async (req, res) => res.send(page((await mine(req).user())?.id, 1)), { html: true })
  app.post(
    '/sign-in',
    async (req, res) => {
      await mine(req).session.signIn({ id: String(req.body.person) })
      res.send('<!doctype html><p>Welcome.</p>')
    },
    SIGN_IN,
  )
}

/** The same club with the sessions of this protection. */
export function fixed(app: VictimApp): void {
  app.get(
    '/',
    async (req, res) => {
      const security = mine(req)
      const { clubVisits = 0 } = await security.session.update((data) => ({ clubVisits: (data.clubVisits ?? 0) + 1 }))
      res.send(page((await security.user())?.id, clubVisits))
    },
    { html: true },
  )
  app.post(
    '/sign-in',
    async (req, res) => {
      await mine(req).session.signIn({ id: String(req.body.person) })
      res.send('<!doctype html><p>Welcome.</p>')
    },
    SIGN_IN,
  )
  app.post(
    '/sign-out',
    async (req, res) => {
      await mine(req).session.signOut()
      res.send('<!doctype html><p>Bye.</p>')
    },
    SIGN_OUT,
  )
}

function mine({ security }: VictimRequest): Security {
  if (security !== undefined) return security
  throw new Error('this club is not open without Bulwark')
}

function page(person: string | undefined, count: number): string {
  const name = PEOPLE.get(person)
  const content = name === undefined ? 'You are a guest.' : `Hello ${name}. <a href="/sign-out">Leave the club</a>`
  return `<!doctype html><title>Club</title><p>${content}</p><p>Seen: ${count}</p>`
}
