import { BulwarkError } from '../../../core/errors.ts'
import type { Exchange } from '../../../core/exchange.ts'
import type { Binding } from '../../../core/policy.ts'
import { findCookie, formatCookie, parseSetCookie } from '../../../toolbox/cookies.ts'
import { randomToken } from '../../../toolbox/tokens.ts'
import { mask, type Tokens } from './tokens.ts'

export interface VisitorFacts {
  readonly app: string
  readonly binding: Binding
  /** The cookie of sessions that somebody else keeps. */
  readonly sessionCookie: string | undefined
  /** Made when first needed. */
  readonly tokens: () => Tokens
}

/** A token that an exchange shows. */
interface Shown {
  readonly bound: string
  readonly content: Buffer
  /** The visitor's id where it is bound to no session, and whether the cookie with it has still to leave. */
  readonly guest: { readonly id: string; readonly isNew: boolean } | undefined
}

interface Guest {
  readonly id: string
  readonly link: string
}

/** 128 bits, and perhaps the signature that ties them to a session. */
const GUEST = /^([\w-]{22})(?:\.([\w-]{43}))?$/
const FLAGS = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

/**
 * Knows what each visitor's tokens are bound to: the session, or, while there is none, a random id in a cookie of its own.
 *
 * Where a page both shows a token and begins a session, the token was bound before the session was known. The cookie then carries a
 * signature over both, and the token counts for that session; a cookie that anybody else planted has no such signature.
 */
export class Visitors {
  readonly #facts: VisitorFacts
  readonly #cookie: string
  readonly #shown = new WeakMap<Exchange, Shown>()

  constructor(facts: VisitorFacts) {
    this.#facts = facts
    this.#cookie = `__Host-${facts.app}-csrf`
  }

  /** Whether the request carries anything that a browser adds by itself and that may say who somebody is. */
  carriesIdentity(x: Exchange): boolean {
    const { request } = x
    return (
      request.header('cookie') !== undefined ||
      /^(?:basic|digest|negotiate|ntlm)\b/i.test(request.header('authorization') ?? '')
    )
  }

  /** What a token of this request may be bound to. */
  boundsOf(x: Exchange): readonly string[] {
    const bound = this.#boundOf(x)
    const guest = this.#guestOf(x)
    if (bound === undefined) return guest === undefined || guest.link !== '' ? [] : [boundTo(guest.id)]
    return guest !== undefined && this.#isTied(guest, bound) ? [bound, boundTo(guest.id)] : [bound]
  }

  /** A token for the visitor, behind a new mask at each call. */
  show(x: Exchange): string {
    const bound = this.#boundOf(x)
    const before = this.#shown.get(x)
    if (before !== undefined && (bound === undefined ? before.guest !== undefined : before.bound === bound)) {
      return mask(before.content)
    }
    const guest = bound === undefined ? this.#guestFor(x) : undefined
    const own = bound ?? boundTo(guest?.id ?? '')
    const content = this.#facts.tokens().make(own)
    this.#shown.set(x, { bound: own, content, guest })
    return mask(content)
  }

  /** The head leaves: the cookie goes along, is tied to the session that began, or goes. */
  leave(x: Exchange): void {
    const shown = this.#shown.get(x)
    const carried = this.#guestOf(x)
    if (shown === undefined && carried === undefined) return
    const bound = this.#boundAfter(x)
    if (shown !== undefined) this.#keepPrivate(x)
    if (shown?.guest !== undefined && bound === undefined) {
      if (shown.guest.isNew) this.#set(x, shown.guest.id)
    } else if (shown?.guest !== undefined && bound !== undefined && isRead(x)) {
      this.#set(x, `${shown.guest.id}.${this.#facts.tokens().link(shown.guest.id, bound)}`)
    } else {
      if (shown !== undefined && shown.bound !== bound) tellTooEarly(x)
      // Whoever signs in or out leaves behind what was shown before.
      const isOver = bound === undefined ? carried?.link !== '' : carried !== undefined && !this.#isTied(carried, bound)
      if (carried !== undefined && isOver) this.#set(x, undefined)
    }
  }

  #boundOf(x: Exchange): string | undefined {
    const { binding, sessionCookie } = this.#facts
    const session = binding.of(x)
    if (session !== undefined) return `session ${session}`
    const other = sessionCookie && findCookie(x.request.header('cookie'), sessionCookie)
    return other ? `cookie ${other}` : undefined
  }

  /** As the next request will have it. */
  #boundAfter(x: Exchange): string | undefined {
    const { binding, sessionCookie } = this.#facts
    if (sessionCookie === undefined || binding.of(x) !== undefined) return this.#boundOf(x)
    const last = linesOf(x)
      .map(parseSetCookie)
      .findLast(({ name }) => name === sessionCookie)
    if (last === undefined) return this.#boundOf(x)
    const { value, attributes } = last
    const isGone = attributes.get('max-age') === '0' || Date.parse(attributes.get('expires') ?? '') < Date.now()
    return value === '' || isGone ? undefined : `cookie ${value}`
  }

  #guestOf(x: Exchange): Guest | undefined {
    const match = GUEST.exec(findCookie(x.request.header('cookie'), this.#cookie) ?? '')
    return match?.[1] === undefined ? undefined : { id: match[1], link: match[2] ?? '' }
  }

  #guestFor(x: Exchange): { id: string; isNew: boolean } {
    const carried = this.#guestOf(x)
    if (carried?.link === '') return { id: carried.id, isNew: false }
    if (x.request.upgrade || !canSetCookies(x)) {
      throw new BulwarkError('BULWARK_COOKIE_INVALID', 'the cookie that a token is bound to cannot leave any more', {
        at: 'req.security.csrfToken()',
        fix: 'ask for the token before the answer begins; a WebSocket handshake has none',
      })
    }
    return { id: randomToken(), isNew: true }
  }

  #isTied({ id, link }: Guest, bound: string): boolean {
    return link !== '' && this.#facts.tokens().isLink(link, id, bound)
  }

  #set(x: Exchange, value: string | undefined): void {
    const line = formatCookie(this.#cookie, value ?? '', value === undefined ? { ...FLAGS, maxAge: 0 } : FLAGS)
    x.response.setHeader('Set-Cookie', [...linesOf(x), line])
    // A cache that keeps this answer would make many visitors one (RFC 9111, section 7.3).
    x.response.setHeader('Cache-Control', 'no-store')
  }

  #keepPrivate(x: Exchange): void {
    if (x.response.getHeader('cache-control') === undefined) x.response.setHeader('Cache-Control', 'no-store')
  }
}

function boundTo(guest: string): string {
  return `guest ${guest}`
}

/** A sign-in is no read: what was shown before it must not count afterwards. */
function isRead({ request: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD'
}

function linesOf({ response }: Exchange): readonly string[] {
  const there = response.getHeader('set-cookie')
  return there === undefined ? [] : Array.isArray(there) ? (there as readonly string[]) : [String(there)]
}

/** Node refuses to change a head that has left. */
function canSetCookies({ response }: Exchange): boolean {
  try {
    response.removeHeader('bulwark-csrf')
    return true
  } catch {
    return false
  }
}

function tellTooEarly(x: Exchange): void {
  x.report({
    guard: 'csrf',
    risk: 'csrf',
    reason: 'a token was shown before the session changed in the same answer, so it will be refused',
    fix: 'ask for csrfToken() after signing in or out, and after rotate()',
  })
}
