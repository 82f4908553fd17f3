import type { Held } from './ledger.ts'
import type { SessionRecord } from './record.ts'

/** A cookie from before Bulwark whose signature was right. */
export interface OldCookie {
  readonly id: string
  /** The secret that had signed it. */
  readonly secret: string
}

export interface TakenOver {
  /** What the browser has from now on. */
  readonly id: string
  readonly held: Held
}

/** The sessions that were there before Bulwark. */
export interface EarlierSessions {
  /** The `Set-Cookie` line that removes the old cookie. */
  readonly removal: string
  /** What a cookie says, if it was signed with one of the old secrets. */
  verify(cookie: string): OldCookie | undefined
  /** The old session as it is, for requests whose answer can carry no cookie. */
  look(old: OldCookie): Promise<SessionRecord | undefined>
  take(old: OldCookie): Promise<TakenOver | undefined>
}
