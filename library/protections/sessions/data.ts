/**
 * What the app keeps in a session, declared by the app:
 *
 * ```ts
 * declare module 'bulwark' {
 *   interface SessionData {
 *     cart: string[]
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: the app fills it by declaration merging
export interface SessionData {}

/** Who signed in: an id, and what else the app declares and hands to `signIn()`. */
export interface SessionUser {
  /** Such as the primary key of the account; 1 to 256 characters. */
  readonly id: string
}

/** What of a session is there; a guest has nothing yet. */
export type SessionContents = Readonly<Partial<SessionData>>

/** One session as code without a handler sees it, such as `accessControl.identify`. */
export interface SessionView {
  readonly user: SessionUser | undefined
  /** Milliseconds since the epoch; `undefined` before anybody signed in, 0 when it is not known, after a take-over. */
  readonly signedInAt: number | undefined
  readonly data: SessionContents
}

/** One of the sessions of a user, for a page "where am I signed in". */
export interface SessionListing {
  /** Names the session for `end()`. It opens nothing. */
  readonly handle: string
  /** Milliseconds since the epoch; 0 when it is not known, after a take-over. */
  readonly signedInAt: number
  /** Milliseconds since the epoch, to the tenth of the idle time. */
  readonly seenAt: number
  /** Whether it is the session of this request. */
  readonly current: boolean
}

/**
 * The session of one request. Every promise settles when the store has answered, so what was awaited is there for the next request,
 * whichever process gets it.
 *
 * All methods throw `BulwarkError`: `BULWARK_STORE_UNAVAILABLE` (503) when the store does not answer; those that write also
 * `BULWARK_SESSION_ENDED` (401) when the session was ended while the request was under way, and `BULWARK_SESSION_INVALID` for what no
 * session can hold and for cookies that come too late, after the head of the answer.
 */
export interface Session {
  /** Everything that is stored. */
  get(): Promise<SessionContents>
  get<K extends keyof SessionData>(key: K): Promise<SessionData[K] | undefined>
  /** Stores one value, which JSON must be able to hold; `undefined` removes it. Writes of other requests to other keys are kept. */
  set<K extends keyof SessionData>(key: K, value: SessionData[K] | undefined): Promise<void>
  /**
   * Stores what the function makes of the present contents, key by key. It is called again when another request was faster, so that
   * no write is lost: it must do nothing but compute.
   */
  update(change: (data: SessionContents) => SessionContents): Promise<SessionContents>
  /**
   * Binds the session to a user: the only way. Always makes a new id and ends the old one; what a guest had stored comes along.
   * **Security**: CWE-384; ASVS 7.2.4.
   */
  signIn(user: SessionUser): Promise<void>
  /** Ends the session and has the browser forget what the app left behind (`Clear-Site-Data`). ASVS 7.4.1. */
  signOut(): Promise<void>
  /** Makes a new id and ends the old one, for a change of what the user may do. */
  rotate(): Promise<void>
  /** The sessions of the signed-in user, latest sign-in first; none for a guest. */
  list(): Promise<readonly SessionListing[]>
  /** Ends one session of the signed-in user by its handle; answers whether there was one. */
  end(handle: string): Promise<boolean>
  /** Ends all sessions of a user in every process, such as after a new password; answers how many. ASVS 7.4.2, 7.4.3. */
  endAll(userId: string): Promise<number>
}
