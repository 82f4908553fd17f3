import type { IncomingMessage } from 'node:http'
import type { Security } from '../../../core/security.ts'
import type { SessionContents, SessionUser } from '../data.ts'
import { ended, invalid } from '../refusals.ts'
import type { ExchangeSession } from '../session.ts'
import { type Callback, fill, isFacade, type SessionActions, SessionFacade, textsOf } from './facade.ts'
import { type UserMapping, userIn } from './options.ts'

export type BridgedRequest = IncomingMessage & {
  readonly security?: Security
  session?: unknown
  sessionID?: unknown
}

type Values = Readonly<Record<string, unknown>>

/** What is on `req.session`, as it was when it was last read or stored. */
interface Known {
  /** JSON by property. */
  readonly texts: ReadonlyMap<string, string>
  readonly userId: string | undefined
}

interface Changes {
  readonly change: SessionContents | undefined
  readonly texts: ReadonlyMap<string, string>
  readonly user: SessionUser | undefined
}

const NOTHING: Known = { texts: new Map(), userId: undefined }

/**
 * Between `req.session`, whose properties anybody changes at any time, and the session of the exchange, where every change is a promise.
 * What has changed is found by comparison, so changes deep inside a value count as well.
 */
export class Bridge implements SessionActions {
  readonly #req: BridgedRequest
  readonly #session: ExchangeSession
  readonly #mapping: UserMapping
  readonly #fail: (error: unknown) => void
  #known: Known = NOTHING
  /** Work on the store that is under way, and never fails. */
  #running: Promise<void> | undefined
  /** What went wrong and was told to nobody yet, as there was no callback. */
  #failure: { readonly error: unknown } | undefined
  #isOver = false

  constructor(req: BridgedRequest, session: ExchangeSession, mapping: UserMapping, fail: (error: unknown) => void) {
    this.#req = req
    this.#session = session
    this.#mapping = mapping
    this.#fail = fail
  }

  async open(): Promise<void> {
    await this.#session.load()
    await this.#show()
  }

  get id(): string {
    return this.#session.handle
  }

  save(done?: Callback): void {
    this.#run(() => this.#store(), done)
  }

  reload(done?: Callback): void {
    this.#run(async () => {
      if ((await this.#session.reload()) === undefined) throw ended()
      await this.#show()
    }, done)
  }

  regenerate(done?: Callback): void {
    this.#run(async () => {
      await this.#session.renew()
      this.#isOver = false
      await this.#show()
    }, done)
  }

  destroy(done?: Callback): void {
    this.#req.session = undefined
    this.#run(() => this.#end(), done)
  }

  /** Whether there is nothing left to store: then the head may leave. */
  isSettled(): boolean {
    if (this.#running !== undefined || this.#failure !== undefined) return false
    const { session } = this.#req
    if (session === undefined || session === null) return this.#isOver
    if (!isFacade(session)) return false
    try {
      const { change, user } = this.#changesOf(session)
      return change === undefined && user?.id === this.#known.userId
    } catch {
      // What cannot be stored is refused by settle(), which can say so.
      return false
    }
  }

  async settle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
    const { session } = this.#req
    if (session === undefined || session === null) await this.#end()
    else await this.#store()
  }

  /** One after the other, as the callbacks of the first may be what the second is about. */
  #run(work: () => Promise<void>, done: Callback | undefined): void {
    const isDone = (): void => {
      if (this.#running === running) this.#running = undefined
    }
    const running: Promise<void> = (this.#running ?? Promise.resolve()).then(work).then(
      () => {
        isDone()
        this.#call(done)
      },
      (error: unknown) => {
        isDone()
        if (done === undefined) this.#failure = { error }
        else this.#call(done, error)
      },
    )
    this.#running = running
  }

  #call(done: Callback | undefined, error?: unknown): void {
    try {
      done?.(error)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  /** What the store has, on a new `req.session`. */
  async #show(): Promise<void> {
    const view = await this.#session.view()
    const facade = new SessionFacade(this)
    const data = view === undefined ? {} : this.#withUser(view.data as Values, view.user?.id)
    fill(facade, data)
    this.#known = { texts: textsOf(facade), userId: view?.user?.id }
    this.#req.session = facade
    this.#req.sessionID = this.#session.handle
  }

  /** Who is signed in is known to the session; passport must not believe in anybody else. */
  #withUser(data: Values, userId: string | undefined): Values {
    const { key } = this.#mapping
    const part = Object.hasOwn(data, key) ? data[key] : undefined
    if (userIn(part, this.#mapping)?.id === userId) return data
    const rest = typeof part === 'object' && part !== null ? part : {}
    return { ...data, [key]: { ...rest, user: userId } }
  }

  async #store(): Promise<void> {
    const { session } = this.#req
    if (session === undefined || session === null) return
    if (!isFacade(session)) {
      throw invalid('req.session was replaced by something else', 'set properties of req.session, or call destroy()')
    }
    const { change = {}, texts, user } = this.#changesOf(session)
    if (user?.id === this.#known.userId) {
      if (Object.keys(change).length > 0) await this.#session.update(() => change)
    } else if (user === undefined) await this.#session.unbind(change)
    else await this.#session.bind(user, change)
    this.#known = { texts, userId: user?.id }
    this.#req.sessionID = this.#session.handle
  }

  async #end(): Promise<void> {
    if (this.#isOver) return
    // Whoever was never here has nothing to forget.
    if ((await this.#session.load()) === undefined) await this.#session.renew()
    else await this.#session.signOut()
    this.#isOver = true
    this.#known = NOTHING
  }

  #changesOf(facade: SessionFacade): Changes {
    const texts = textsOf(facade)
    let change: Record<string, unknown> | undefined
    for (const [key, text] of texts) {
      if (this.#known.texts.get(key) === text) continue
      // Without a prototype, `__proto__` is a name like any other (CWE-1321).
      change ??= Object.create(null) as Record<string, unknown>
      // As it is now, whatever happens to the value while the store is asked.
      change[key] = JSON.parse(text)
    }
    for (const key of this.#known.texts.keys()) {
      if (texts.has(key)) continue
      change ??= Object.create(null) as Record<string, unknown>
      change[key] = undefined
    }
    return {
      change: change as SessionContents | undefined,
      texts,
      user: userIn(facade[this.#mapping.key], this.#mapping),
    }
  }
}
