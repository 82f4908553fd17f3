import { sha256 } from '../../toolbox/tokens.ts'
import type { SessionContents, SessionUser } from './data.ts'
import { invalid } from './refusals.ts'

/** One session as the store holds it. Times are milliseconds since the epoch. */
export interface SessionRecord {
  readonly created: number
  readonly seen: number
  readonly signedIn: number
  readonly user: SessionUser | undefined
  readonly data: SessionContents
  /** One of several that were begun for one old session, of which only one will stay: it is not counted until it is known to be that one. */
  readonly provisional?: boolean
}

/** Stands where a session was while it moves to its new id. */
export const MOVED = '{"moved":true}'

const MOST = 64 * 1024

/** 32 random bytes in base64url: 256 bits. */
const ID = /^[A-Za-z0-9_-]{43}$/

export function isSessionId(text: string): boolean {
  return ID.test(text)
}

/** Whoever reads the store must not be able to use what he reads, so it knows the id only by its hash (CWE-522). */
export function keyOf(app: string, id: string): string {
  return `session:${app}:${sha256(id)}`
}

/** Ids of users may be anything, of any length; as a hash they are neither a key's problem nor readable in it. */
export function ownerOf(app: string, userId: string): string {
  return `sessions:${app}:${sha256(userId)}`
}

/** Names a session towards its owner: made from its key, and leads back to neither key nor id. */
export function handleOf(key: string): string {
  return sha256(`handle ${key}`).slice(0, 24)
}

/** `undefined` for what is moving, or was written by something else. */
export function parseRecord(text: string): SessionRecord | undefined {
  let value: Partial<SessionRecord> | null
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { created, seen, signedIn, user, data, provisional } = value
  if (typeof created !== 'number' || typeof seen !== 'number' || typeof signedIn !== 'number') return undefined
  if (typeof data !== 'object' || data === null) return undefined
  if (user !== undefined && typeof user?.id !== 'string') return undefined
  return { created, seen, signedIn, user, data, ...(provisional === true && { provisional }) }
}

/** @throws SessionError `BULWARK_SESSION_INVALID` for what JSON cannot hold, and for more than 64 kB. */
export function formatRecord(record: SessionRecord): string {
  let text: string
  try {
    text = JSON.stringify(record)
  } catch (cause) {
    throw invalid('a session holds only what JSON can hold', 'store plain objects, lists, texts and numbers', cause)
  }
  if (text.length <= MOST) return text
  throw invalid('a session holds up to 64 kB', 'keep what is large in the database, and its key in the session')
}

/** Whoever writes to a session has been led to it, so it is the one that stays. */
export function settled({ provisional: _, ...record }: SessionRecord): SessionRecord {
  return record
}

/** Key by key, and every key as an own property: `__proto__` is a name like any other here (CWE-1321). */
export function merge(data: SessionContents, change: SessionContents): SessionContents {
  return { ...data, ...change }
}
