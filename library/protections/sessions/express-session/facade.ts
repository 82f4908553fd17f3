import { invalid } from '../refusals.ts'

export type Callback = (error?: unknown) => void

/** What `req.session` can have done. */
export interface SessionActions {
  readonly id: string
  save(done?: Callback): void
  reload(done?: Callback): void
  regenerate(done?: Callback): void
  destroy(done?: Callback): void
}

/** What stands at `req.session`: the app's own properties, and the methods that `express-session` has. */
export class SessionFacade {
  readonly #actions: SessionActions;
  [property: string]: unknown

  constructor(actions: SessionActions) {
    this.#actions = actions
  }

  /** Whether it is one of these, and not something that was put in its place. */
  static is(value: unknown): value is SessionFacade {
    return typeof value === 'object' && value !== null && #actions in value
  }

  /** The session's handle: `req.security.session.end()` takes it. It opens nothing, so it may be logged. */
  get id(): string {
    return this.#actions.id
  }

  get cookie(): SessionCookie {
    return cookie
  }

  save(done?: Callback): this {
    this.#actions.save(done)
    return this
  }

  reload(done?: Callback): this {
    this.#actions.reload(done)
    return this
  }

  regenerate(done?: Callback): this {
    this.#actions.regenerate(done)
    return this
  }

  destroy(done?: Callback): this {
    this.#actions.destroy(done)
    return this
  }

  /** Does nothing: reading a session is use of it already. */
  touch(): this {
    return this
  }

  /** Does nothing, as `touch()`. */
  resetMaxAge(): this {
    return this
  }
}

export function isFacade(value: unknown): value is SessionFacade {
  return SessionFacade.is(value)
}

/** Sets the properties. Each becomes one of its own, `__proto__` too (CWE-1321); the names of methods stay methods. */
export function fill(facade: SessionFacade, data: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(data)) {
    const value = data[key]
    if (value === undefined || Object.hasOwn(SessionFacade.prototype, key)) continue
    Object.defineProperty(facade, key, { value, writable: true, enumerable: true, configurable: true })
  }
}

/** The properties as JSON. What JSON leaves out is not there. */
export function textsOf(facade: SessionFacade): Map<string, string> {
  const texts = new Map<string, string>()
  for (const key of Object.keys(facade)) {
    let text: string | undefined
    try {
      text = JSON.stringify(facade[key])
    } catch (cause) {
      throw invalid('a session holds only what JSON can hold', 'store plain objects, lists, texts and numbers', cause)
    }
    if (text !== undefined) texts.set(key, text)
  }
  return texts
}

/** What the cookie is; one for all, as the policy decides. To set anything fails, since to be ignored would surprise later. */
class SessionCookie {
  get path(): string {
    return '/'
  }
  set path(_: string) {
    throw decided('path')
  }
  get httpOnly(): boolean {
    return true
  }
  set httpOnly(_: boolean) {
    throw decided('httpOnly')
  }
  get secure(): boolean {
    return true
  }
  set secure(_: boolean) {
    throw decided('secure')
  }
  get sameSite(): 'lax' {
    return 'lax'
  }
  set sameSite(_: unknown) {
    throw decided('sameSite')
  }
  get domain(): undefined {
    return undefined
  }
  set domain(_: unknown) {
    throw decided('domain')
  }
  /** `null`: the browser forgets it when it closes. */
  get expires(): null {
    return null
  }
  set expires(_: unknown) {
    throw decided('expires')
  }
  get maxAge(): null {
    return null
  }
  set maxAge(_: unknown) {
    throw decided('maxAge')
  }
  get originalMaxAge(): null {
    return null
  }
  set originalMaxAge(_: unknown) {
    throw decided('originalMaxAge')
  }
}

const cookie: SessionCookie = Object.preventExtensions(new SessionCookie())

function decided(name: string): Error {
  return invalid(
    `req.session.cookie.${name} was set, and the policy decides it`,
    'leave it out: the cookie is Secure, HttpOnly and SameSite=Lax; how long a session lasts is sessions: { idle, absolute } of the policy',
  )
}
