import type { IncomingMessage } from 'node:http'
import { type Exchange, sessionOf } from 'bulwark'
import { securityOf } from 'bulwark/express'
import type { Request } from 'express'
import type { Database } from '../shared/database.ts'
import { isHere, type Person, personById } from '../shared/people.ts'
import type { Comment, Post } from '../shared/posts.ts'

/** Who may do what. What a route needs stands on the route. */
export const roles: Readonly<Record<string, readonly string[]>> = {
  guest: ['blog:read'],
  author: ['guest', 'blog:write', 'account:own'],
  admin: ['author', 'people:manage'],
}

/** Somebody who is signed in, as the blog finds them once for each request. */
interface Known {
  readonly id: string
  readonly roles: readonly string[]
  readonly reader: Person
}

/** Asks the database each time: what an admin changes holds from the next request on. */
export function identify(db: Database): (x: Exchange) => Promise<Known | undefined> {
  return async (x) => {
    const reader = await readerById(db, (await sessionOf(x))?.user?.id)
    return reader && { id: reader.id, roles: [reader.role], reader }
  }
}

/** Who is signed in. */
export async function readerOf(req: Request | IncomingMessage, db: Database): Promise<Person | undefined> {
  const security = securityOf(req)
  // Where no route was matched, such as for a WebSocket, nobody has been identified.
  return (security.person as Known | undefined)?.reader ?? (await readerById(db, (await security.user())?.id))
}

/** The same on routes that nobody else may call. */
export function memberOf(req: Request): Person {
  const known = req.security.person as Known | undefined
  if (!known) throw new Error('This route lets in people who are not signed in.')
  return known.reader
}

/** Comments go with whoever wrote them, whoever wrote the post, and admins. */
export function mayModerate(reader: Person, comment: Comment, post: Post): boolean {
  return reader.id === comment.author || reader.id === post.author || reader.role === 'admin'
}

async function readerById(db: Database, id: string | undefined): Promise<Person | undefined> {
  const reader = id === undefined ? undefined : await personById(db, id)
  return reader && isHere(reader) ? reader : undefined
}
