import type { IncomingMessage } from 'node:http'
import { csrfField, type Exchange, type Html, sessionOf } from 'bulwark'
import type { Accounts } from 'bulwark/accounts'
import { securityOf } from 'bulwark/express'
import type { Request } from 'express'
import type { Database } from '../shared/database.ts'
import { addPerson, type Member, personById, toRole } from '../shared/people.ts'
import type { Comment, Post } from '../shared/posts.ts'

/** Who may do what. What a route needs stands on the route. */
export const roles: Readonly<Record<string, readonly string[]>> = {
  guest: ['blog:read'],
  author: ['guest', 'blog:write', 'account:own'],
  admin: ['author', 'people:manage', 'bulwark:view'],
}

/** Somebody who is signed in, as the blog finds them once for each request. */
interface Known {
  readonly id: string
  readonly roles: readonly string[]
  readonly reader: Member
}

/** Where people are found. */
export interface People {
  readonly db: Database
  readonly accounts: Accounts
}

/** Asks the accounts each time: what an admin changes holds from the next request on. */
export function identify(people: People): (x: Exchange) => Promise<Known | undefined> {
  return async (x) => {
    const reader = await memberById(people, (await sessionOf(x))?.user?.id)
    return reader && { id: reader.id, roles: [reader.role], reader }
  }
}

/** Who is signed in. */
export async function readerOf(req: Request | IncomingMessage, people: People): Promise<Member | undefined> {
  const security = securityOf(req)
  // Where no route was matched, such as for a WebSocket, nobody has been identified.
  const known = security.person as Known | undefined
  return known?.reader ?? (await memberById(people, (await security.user())?.id))
}

/** The same on routes that nobody else may call. */
export function memberOf(req: Request): Member {
  const known = req.security.person as Known | undefined
  if (!known) throw new Error('This route lets in people who are not signed in.')
  return known.reader
}

/** The reader together with what a form has to bring back, where a route asks for it. */
export interface FormReader extends Member {
  readonly token: Html
}

export function formReaderOf(req: Request): FormReader {
  return { ...memberOf(req), token: csrfField(req.security) }
}

/** Comments go with whoever wrote them, whoever wrote the post, and admins. */
export function mayModerate(reader: Member, comment: Comment, post: Post): boolean {
  return reader.id === comment.author || reader.id === post.author || reader.role === 'admin'
}

export async function memberById({ db, accounts }: People, id: string | undefined): Promise<Member | undefined> {
  const account = id === undefined ? undefined : await accounts.find(id)
  if (!account) return undefined
  const person = (await personById(db, account.id)) ?? (await addMissing(db, account))
  return person && { ...person, email: account.email ?? '', role: toRole(account.roles[0]) }
}

/** The account came first, and the process may have ended before the rest was written. */
async function addMissing(db: Database, { id, name }: { readonly id: string; readonly name: string | undefined }) {
  await addPerson(db, id, name ?? 'Somebody new')
  return personById(db, id)
}
