import type { IncomingMessage } from 'node:http'
import type { Request, Response } from 'express'
import type { Database } from '../shared/database.ts'
import { endSignIns, type Person, personById } from '../shared/people.ts'
import { clearCookie, getCookie, setCookie } from './cookies.ts'

/** Who is signed in. */
export function readerOf(req: Request | IncomingMessage, db: Database): Person | undefined {
  const [id, generation, expires] = (getCookie(req, 'reader') ?? '').split('.').map(Number)
  if (!id || !expires || expires < Date.now()) return undefined
  const person = personById(db, id)
  return person?.generation === generation ? person : undefined
}

export function signIn(_req: Request, res: Response, person: Person): void {
  const seconds = 12 * 60 * 60
  setCookie(res, 'reader', `${person.id}.${person.generation}.${Date.now() + seconds * 1000}`, seconds)
}

/** Ends every sign-in of the person, so that a copy of the cookie is worth nothing either. */
export function signOut(_req: Request, res: Response, db: Database, person: Person): void {
  endSignIns(db, person.id)
  clearCookie(res, 'reader')
}
