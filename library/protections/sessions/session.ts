import type { Exchange } from '../../core/exchange.ts'
import { formatCookie } from '../../toolbox/cookies.ts'
import { randomToken } from '../../toolbox/tokens.ts'
import type { Session, SessionContents, SessionData, SessionListing, SessionUser, SessionView } from './data.ts'
import type { EarlierSessions } from './earlier.ts'
import type { Held, Ledger } from './ledger.ts'
import { handleOf, keyOf, merge, type SessionRecord } from './record.ts'
import { ended, invalid } from './refusals.ts'

/** What the sessions of one policy share. */
export interface SessionFacts {
  readonly app: string
  /** Name of the cookie. */
  readonly cookie: string
  readonly ledger: Ledger
  readonly limit: number
  readonly earlier: EarlierSessions | undefined
  now(): number
  /** Throws when this policy must not keep sessions at all. */
  check(): void
}

/** The session of one exchange. It asks the store when it is first asked itself, and only once unless it writes. */
export class ExchangeSession implements Session {
  readonly #x: Exchange
  readonly #facts: SessionFacts
  #id: string | undefined
  /** The id that the next session gets, where its name had to be known before. */
  #next: string | undefined
  #hashed: string | undefined
  #held: Held | undefined
  #loading: Promise<Held | undefined> | undefined
  #order: Promise<unknown> | undefined
  /** The cookie of a session from before Bulwark, until it was looked at. */
  #old: string | undefined
  /** The `Set-Cookie` line that has to leave with the answer. */
  line: string | undefined
  /** Another one, which removes the cookie from before Bulwark. */
  removal: string | undefined
  signedOut = false

  constructor(x: Exchange, facts: SessionFacts, id: string | undefined, old?: string) {
    this.#x = x
    this.#facts = facts
    this.#id = id
    this.#old = old
  }

  /** What tokens are bound to: the hash of the id, as the store knows it. */
  get binding(): string | undefined {
    return this.#key
  }

  async view(): Promise<SessionView | undefined> {
    const held = await this.load()
    if (held === undefined) return undefined
    const { user, signedIn, data } = held.record
    return { user, signedInAt: user === undefined ? undefined : signedIn, data }
  }

  async user(): Promise<SessionUser | undefined> {
    return (await this.load())?.record.user
  }

  get(): Promise<SessionContents>
  get<K extends keyof SessionData>(key: K): Promise<SessionData[K] | undefined>
  async get(key?: keyof SessionData): Promise<unknown> {
    const data: SessionContents = (await this.load())?.record.data ?? {}
    if (key === undefined) return data
    return Object.hasOwn(data, key) ? data[key] : undefined
  }

  async set<K extends keyof SessionData>(key: K, value: SessionData[K] | undefined): Promise<void> {
    await this.update(() => ({ [key]: value }) as SessionContents)
  }

  update(change: (data: SessionContents) => SessionContents): Promise<SessionContents> {
    return this.#inOrder(async () => {
      if (this.#key !== undefined) {
        const held = await this.#facts.ledger.change(this.#key, (record) => {
          return { ...record, data: merge(record.data, change(record.data)) }
        })
        if (held !== undefined) return this.#hold(held).record.data
        if (this.#held !== undefined) throw ended()
      }
      const data = merge({}, change({}))
      if (Object.values(data).every((value) => value === undefined)) return {}
      return (await this.#begin(undefined, data)).record.data
    })
  }

  signIn(user: SessionUser): Promise<void> {
    return this.bind(user, {})
  }

  /** As `signIn()`, and stores the change in the same write. */
  bind(user: SessionUser, change: SessionContents): Promise<void> {
    return this.#inOrder(async () => {
      if (typeof user?.id !== 'string' || user.id === '' || user.id.length > 256) {
        throw invalid('a user who signs in needs an id', 'hand in signIn({ id }) with a text of 1 to 256 characters')
      }
      const id = this.#newId()
      const key = keyOf(this.#facts.app, id)
      const { ledger, limit } = this.#facts
      const old = this.#key
      // What one user left must not become another's.
      const moved =
        old &&
        (await ledger.move(old, key, (record) => {
          const isOwn = record.user === undefined || record.user.id === user.id
          return this.#fresh(user, merge(isOwn ? record.data : {}, change))
        }))
      this.#take(id, moved || (await ledger.create(key, this.#fresh(user, merge({}, change)))))
      await ledger.trim(user.id, key, limit)
    })
  }

  /** Stores the change, and makes the session a guest's. One that has ended meanwhile is nobody's already. */
  unbind(change: SessionContents): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#key === undefined) return
      const held = await this.#facts.ledger.change(this.#key, (record) => {
        return { ...record, user: undefined, data: merge(record.data, change) }
      })
      if (held === undefined) this.#forget()
      else this.#hold(held)
    })
  }

  rotate(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#key === undefined) return
      const id = this.#newId()
      const moved = await this.#facts.ledger.move(this.#key, keyOf(this.#facts.app, id), (record) => {
        return { ...record, seen: this.#facts.now() }
      })
      if (moved === undefined) throw ended()
      this.#take(id, moved)
    })
  }

  signOut(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#leave()
      this.signedOut = true
    })
  }

  /** Ends the session; what is stored from now on begins another one. */
  renew(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#key !== undefined) await this.#leave()
    })
  }

  /** Asks the store again. */
  reload(): Promise<Held | undefined> {
    return this.#inOrder(() => {
      this.#loading = undefined
      return this.load()
    })
  }

  /** Names the session, also one that has not begun. It opens nothing. */
  get handle(): string {
    return handleOf(this.#key ?? keyOf(this.#facts.app, (this.#next ??= randomToken(32))))
  }

  async list(): Promise<readonly SessionListing[]> {
    const user = await this.user()
    if (user === undefined) return []
    return (await this.#facts.ledger.list(user.id)).map(({ key, record }) => {
      const { signedIn: signedInAt, seen: seenAt } = record
      return { handle: handleOf(key), signedInAt, seenAt, current: key === this.#key }
    })
  }

  async end(handle: string): Promise<boolean> {
    const user = await this.user()
    if (user === undefined) return false
    const key = (await this.#facts.ledger.keysOf(user.id)).find((each) => handleOf(each) === handle)
    if (key === undefined) return false
    if (key !== this.#key) return this.#facts.ledger.end(key)
    await this.signOut()
    return true
  }

  async endAll(userId: string): Promise<number> {
    this.#facts.check()
    const own = (await this.user())?.id === userId
    const count = await this.#facts.ledger.endAll(userId)
    if (own) await this.signOut()
    return count
  }

  /** One question to the store per exchange; asked again when it failed. */
  load(): Promise<Held | undefined> {
    if (this.#loading !== undefined) return this.#loading
    const loading = this.#read()
    this.#loading = loading
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined
    })
    return loading
  }

  async #read(): Promise<Held | undefined> {
    this.#facts.check()
    if (this.#old !== undefined) this.#held = await this.#takeOver(this.#old)
    else if (this.#key !== undefined) this.#held = await this.#facts.ledger.read(this.#key)
    this.#name(this.#held)
    return this.#held
  }

  async #takeOver(cookie: string): Promise<Held | undefined> {
    const { earlier } = this.#facts
    const old = earlier?.verify(cookie)
    let held: Held | undefined
    if (earlier !== undefined && old !== undefined) {
      if (this.#isTooLate()) {
        const record = await earlier.look(old)
        return record && { key: '', version: 0, record }
      }
      const taken = await earlier.take(old)
      this.removal = earlier.removal
      if (taken !== undefined) held = this.#take(taken.id, taken.held)
    }
    this.#old = undefined
    return held
  }

  async #begin(user: SessionUser | undefined, data: SessionContents): Promise<Held> {
    const id = this.#newId()
    return this.#take(id, await this.#facts.ledger.create(keyOf(this.#facts.app, id), this.#fresh(user, data)))
  }

  #fresh(user: SessionUser | undefined, data: SessionContents): SessionRecord {
    const now = this.#facts.now()
    return { created: now, seen: now, signedIn: now, user, data }
  }

  /** Requests that never ask for their session do not hash its id either. */
  get #key(): string | undefined {
    if (this.#id === undefined) return undefined
    return (this.#hashed ??= keyOf(this.#facts.app, this.#id))
  }

  async #leave(): Promise<void> {
    this.#checkHead()
    if (this.#key !== undefined) await this.#facts.ledger.end(this.#key)
    this.#forget()
  }

  #newId(): string {
    this.#checkHead()
    const id = this.#next ?? randomToken(32)
    this.#next = undefined
    return id
  }

  #take(id: string, held: Held): Held {
    this.#id = id
    this.#hashed = held.key
    this.signedOut = false
    this.line = formatCookie(this.#facts.cookie, id, { path: '/', secure: true, httpOnly: true, sameSite: 'lax' })
    return this.#hold(held)
  }

  #hold(held: Held): Held {
    this.#held = held
    this.#loading = Promise.resolve(held)
    this.#name(held)
    return held
  }

  /** Whoever signs out has done so. */
  #name(held: Held | undefined): void {
    const user = held?.record.user
    if (user !== undefined) this.#x.user = user.id
  }

  #forget(): void {
    this.#id = undefined
    this.#hashed = undefined
    this.#held = undefined
    this.#loading = Promise.resolve(undefined)
    const gone = { path: '/', secure: true, httpOnly: true, sameSite: 'lax', maxAge: 0 } as const
    this.line = formatCookie(this.#facts.cookie, '', gone)
  }

  /** A session whose cookie cannot leave any more would be one that nobody has. */
  #checkHead(): void {
    if (!this.#isTooLate()) return
    throw invalid(
      'the cookie of the session cannot leave with this answer any more',
      'sign in and store before the answer begins; a WebSocket handshake has none',
    )
  }

  #isTooLate(): boolean {
    if (this.#x.request.upgrade) return true
    try {
      // Asks Node whether the head has left: it refuses to change one that has.
      this.#x.response.removeHeader('bulwark-session')
      return false
    } catch {
      return true
    }
  }

  /** Writes of one exchange follow one another: a second one must see the session that the first one began. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const own = (this.#order ?? Promise.resolve()).then(async () => {
      this.#facts.check()
      // Otherwise a guest's session would take the place of one that only waits to be taken over.
      if (this.#old !== undefined) await this.load()
      return work()
    })
    this.#order = own.catch(() => {})
    return own
  }
}
