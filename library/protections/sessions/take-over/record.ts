import type { SessionContents } from '../data.ts'
import { toUser, userIn } from '../express-session/options.ts'
import type { SessionRecord } from '../record.ts'
import type { OldSession, TakeOverOptions } from './options.ts'

const PASSPORT = { key: 'passport', toUser }

/** What `express-session` stored, as a session of ours; `undefined` when it is none, or over. */
export function toRecord(found: unknown, options: TakeOverOptions, now: number): SessionRecord | undefined {
  const old = parseOld(found)
  if (old === undefined || isOver(old['cookie'], now)) return undefined
  const { cookie: _, ...data } = old
  const user = options.user === undefined ? userIn(old['passport'], PASSPORT) : options.user(old)
  // Nobody knows when that was: what asks for a fresh sign-in must not believe that it was now.
  return { created: now, seen: now, signedIn: user === undefined ? now : 0, user, data: data as SessionContents }
}

function parseOld(found: unknown): OldSession | undefined {
  let value = found
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value)
    } catch {
      return undefined
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as OldSession) : undefined
}

/** Without an end of its own it ends when its store says so. */
function isOver(cookie: unknown, now: number): boolean {
  const expires = typeof cookie === 'object' && cookie !== null ? Reflect.get(cookie, 'expires') : undefined
  if (expires === undefined || expires === null) return false
  const end = expires instanceof Date ? expires.getTime() : Date.parse(String(expires))
  return !(end > now)
}
