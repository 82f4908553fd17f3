import { setTimeout as pause } from 'node:timers/promises'
import type { Awaitable } from '../../../core/exchange.ts'
import type { Store } from '../../../core/store.ts'
import { formatCookie } from '../../../toolbox/cookies.ts'
import { randomToken, sha256 } from '../../../toolbox/tokens.ts'
import type { EarlierSessions, OldCookie, TakenOver } from '../earlier.ts'
import { askFor, type Ledger } from '../ledger.ts'
import { keyOf, type SessionRecord } from '../record.ts'
import { open, seal, unsign } from './cookie.ts'
import { checkTakeOver, type TakeOverOptions } from './options.ts'
import { toRecord } from './record.ts'

export type { TakeOverOptions } from './options.ts'

interface Place {
  readonly app: string
  readonly store: Store
  readonly ledger: Ledger
  readonly limit: number
  now(): number
}

/** For so long requests that were under way with the old cookie find where its session has gone. */
const FOLLOWED_MS = 60_000
/** What the app's own functions may take: they ask a store that nothing here keeps an eye on. */
const DEADLINE_MS = 2_000

/**
 * Moves sessions that `express-session` began into Bulwark's. Each is taken over once: it gets a new id, and the old one opens nothing.
 *
 * A page sends many requests at the same time, all with the old cookie. Each makes a session of its own that nobody knows yet, and then
 * tries to be the first to say where the old one has gone; the others throw theirs away and follow. Then the old session is deleted: if it
 * was not there any more, it was ended meanwhile, and what was made of it ends as well. So there is never more than one, at no time none,
 * and none comes back. Only then is it counted, as what the others are about to throw away would end what the user has elsewhere.
 */
export class TakeOver implements EarlierSessions {
  /** Name of the old cookie. */
  readonly cookie: string
  readonly removal: string
  readonly #options: TakeOverOptions
  readonly #secrets: readonly string[]
  readonly #place: Place

  constructor(options: TakeOverOptions, place: Place) {
    this.#secrets = checkTakeOver(options)
    this.#options = options
    this.#place = place
    this.cookie = options.cookie ?? 'connect.sid'
    this.removal = formatCookie(this.cookie, '', {
      path: options.path ?? '/',
      ...(options.domain !== undefined && { domain: options.domain }),
      maxAge: 0,
      httpOnly: true,
      secure: true,
    })
  }

  verify(value: string): OldCookie | undefined {
    return unsign(value, this.#secrets)
  }

  async look(old: OldCookie): Promise<SessionRecord | undefined> {
    return (await this.#follow(old))?.held.record ?? (await this.#read(old))
  }

  /** @throws SessionError `BULWARK_STORE_UNAVAILABLE` when either store is away: nobody becomes a guest by that */
  async take(old: OldCookie): Promise<TakenOver | undefined> {
    const record = await this.#read(old)
    if (record === undefined) return this.#follow(old)
    const { app, ledger, limit, store } = this.#place
    const id = randomToken(32)
    const key = keyOf(app, id)
    await ledger.create(key, { ...record, provisional: true })
    const sealed = { ttl: FOLLOWED_MS, expected: 0 }
    const isFirst = await askFor(() => store.put(this.#markOf(old), seal(old, id), sealed))
    if (isFirst === undefined) {
      await ledger.end(key)
      return this.#follow(old)
    }
    let wasThere = false
    try {
      wasThere = await within(() => this.#options.remove(old.id))
    } finally {
      if (!wasThere) {
        await ledger.end(key)
        await askFor(() => store.delete(this.#markOf(old)))
      }
    }
    // Whoever followed may have ended it again.
    const held = wasThere ? await ledger.change(key, (kept) => kept) : undefined
    if (held === undefined) return undefined
    if (record.user !== undefined) await ledger.trim(record.user.id, key, limit)
    return { id, held }
  }

  async #follow(old: OldCookie): Promise<TakenOver | undefined> {
    const { app, ledger, store } = this.#place
    const mark = await askFor(() => store.get(this.#markOf(old)))
    const id = mark && open(old, mark.value)
    const held = id && (await ledger.read(keyOf(app, id)))
    return id && held ? { id, held } : undefined
  }

  async #read(old: OldCookie): Promise<SessionRecord | undefined> {
    const found = await within(() => this.#options.read(old.id))
    return toRecord(found, this.#options, this.#place.now())
  }

  #markOf({ id }: OldCookie): string {
    return `session-taken:${this.#place.app}:${sha256(id)}`
  }
}

function within<T>(work: () => Awaitable<T>): Promise<T> {
  const stop = new AbortController()
  const late = pause(DEADLINE_MS, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw new Error(`there was no answer within ${DEADLINE_MS} ms`)
  })
  const done = askFor(() => Promise.race([work(), late]))
  const end = (): void => stop.abort()
  late.catch(end)
  done.then(end, end)
  return done
}
