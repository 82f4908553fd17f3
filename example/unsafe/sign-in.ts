import type { IncomingMessage } from 'node:http'
import type { Request, Response } from 'express'
import type { Database } from '../shared/database.ts'
import { type Person, personById } from '../shared/people.ts'

/** Who is signed in. */
export function readerOf(req: Request | IncomingMessage, db: Database): Person | undefined {
  // The cookie is just the person's number: change it and be somebody else.
  const id = /connect\.sid=([^;]*)/.exec(req.headers.cookie ?? '')?.[1]
  return id ? personById(db, Number(id)) : undefined
}

export function signIn(_req: Request, res: Response, person: Person): void {
  res.cookie('connect.sid', String(person.id))
}

export function signOut(_req: Request, res: Response, _db: Database, _person: Person): void {
  res.clearCookie('connect.sid')
}
