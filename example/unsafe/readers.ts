import { createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { Database } from '../shared/database.ts'
import type { Member } from '../shared/people.ts'
import { loginById } from './logins.ts'

export interface Session {
  readonly id: string
  person?: string
  readonly began: number
}

// In the memory of one process, for ever: guests have one as well, and nothing ever ends.
const sessions = new Map<string, Session>()
let started = 0

/** Gives every visitor a session. */
export const openSession: RequestHandler = (req, res, next) => {
  // Whatever id a browser brings is taken over, also one that somebody else has thought of.
  const { 'connect.sid': known, user } = cookiesOf(req)
  const id = known ?? newId()
  if (!sessions.has(id)) sessions.set(id, { id, began: Date.now() })
  if (known === undefined && user === undefined) {
    res.cookie('connect.sid', id)
    req.headers.cookie = `connect.sid=${id}`
  }
  next()
}

/** Who is signed in. */
export async function readerOf(req: Request | IncomingMessage, db: Database): Promise<Member | undefined> {
  const { user, 'connect.sid': id = '' } = cookiesOf(req)
  const session = sessions.get(id)
  if (session?.person !== undefined) return loginById(db, session.person)
  // Programs bring the number of the person, and nobody looks at the signature: change it and be somebody else.
  return user === undefined ? undefined : loginById(db, user.split('.')[0] ?? '')
}

export function signIn(req: Request, res: Response, person: Member): void {
  const { 'connect.sid': id = newId() } = cookiesOf(req)
  // The same id as before: whoever knew it is signed in as well.
  sessions.set(id, { id, person: person.id, began: Date.now() })
  res.removeHeader('Set-Cookie')
  res.cookie('connect.sid', id)
}

export function signInProgram(res: Response, person: Member): void {
  res.removeHeader('Set-Cookie')
  res.cookie('user', signed(person.id))
}

/** Only this browser forgets: a copy of the cookies stays good. */
export function signOut(res: Response): void {
  res.clearCookie('user')
  res.clearCookie('connect.sid')
}

export function sessionsOf(person: string): Session[] {
  return [...sessions.values()].filter((session) => session.person === person)
}

export function endSession(id: string): void {
  sessions.delete(id)
}

// A clock and a counter: who has one id can guess the others.
function newId(): string {
  return Date.now().toString(36) + (started++).toString(36)
}

// The secret of every tutorial.
function signed(value: string): string {
  const signature = createHmac('sha256', 'keyboard cat').update(value).digest('base64').replace(/=+$/, '')
  return `s:${value}.${signature}`
}

function cookiesOf(req: Request | IncomingMessage): Record<string, string | undefined> {
  const pairs = (req.headers.cookie ?? '').split('; ').map((pair) => pair.split('='))
  return Object.fromEntries(
    pairs.map(([name = '', value = '']) => [name, decodeURIComponent(value).replace(/^s:/, '')]),
  )
}
