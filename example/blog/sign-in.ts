import type { IncomingMessage } from 'node:http'
import { securityOf } from 'bulwark/express'
import type { Request, Response } from 'express'
import type { Database } from '../shared/database.ts'
import { endSignIns, type Person, personById } from '../shared/people.ts'

/** Who is signed in. */
export function readerOf(req: Request | IncomingMessage, db: Database): Person | undefined {
  const [id, generation] = (securityOf(req).cookies.get('reader') ?? '').split('.').map(Number)
  const person = id ? personById(db, id) : undefined
  return person?.generation === generation ? person : undefined
}

export function signIn(req: Request, _res: Response, person: Person): void {
  req.security.cookies.set('reader', `${person.id}.${person.generation}`, { maxAge: 12 * 60 * 60 })
}

/** Ends every sign-in of the person, so that a copy of the cookie is worth nothing either. */
export function signOut(req: Request, _res: Response, db: Database, person: Person): void {
  endSignIns(db, person.id)
  req.security.cookies.clear('reader')
}
