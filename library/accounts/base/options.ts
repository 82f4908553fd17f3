import { BulwarkError } from '../../core/errors.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import type { PolicyBase } from '../../core/policy.ts'
import type { Rate, Store } from '../../core/store.ts'
import { refuseUnknown } from '../../core/unknown-key.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import { type KnownKeys, strangerIn } from '../../toolbox/known-keys.ts'
import { hostOf, parseOrigin } from '../../toolbox/origins.ts'
import { parseRate } from '../../toolbox/rate.ts'
import type { AccountStore } from '../store.ts'
import { type Mail, type Post, postOf } from './letters.ts'
import { type Seal, sealOf } from './seal.ts'
import { type Tokens, tokensIn } from './tokens.ts'

/** Only what is told within: a whole policy may be spread into these options, so the keys beside them are not ours to refuse. */
const KNOWN: KnownKeys<Required<Pick<AccountsOptions, 'pages' | 'times' | 'limits'>>> = {
  pages: { verifyEmail: true, reset: true, confirmEmail: true },
  times: { verifyEmail: true, reset: true, confirmEmail: true, secondFactor: true, ceremony: true, fresh: true },
  limits: { requests: true, letters: true },
}

export interface AccountsOptions {
  /** Where accounts are kept. */
  readonly accounts: AccountStore
  /** The policy's store: for tokens and limits, which all processes of the app must share. */
  readonly store: Store
  /**
   * The policy's origins, or a function that answers them once the app listens. The first one stands in links.
   * **Security**: never the Host header of a request, which would send the victim's token to whoever wrote it (CWE-640).
   */
  readonly origins: readonly string[] | (() => readonly string[])
  /** Sends mail. It is called after the answer, so it may take its time; what it throws becomes an event. */
  readonly mail: Mail
  /** The policy's name of the app. @default 'app' */
  readonly app?: string
  /** What people call the app, in letters, authenticator apps and passkeys. @default the name of the app */
  readonly title?: string
  /** The policy's keys: they seal the secrets of authenticator apps. @default none: such secrets are refused */
  readonly keys?: PolicyBase['keys']
  /** The pages that links lead to; `?token=` is added. @default '/verify-email', '/reset-password', '/confirm-email' */
  readonly pages?: { readonly verifyEmail?: string; readonly reset?: string; readonly confirmEmail?: string }
  /** The roles of somebody who has just registered. @default [] */
  readonly roles?: readonly string[]
  /** How long things are good for. */
  readonly times?: AccountTimes
  /** How often things may be asked for. */
  readonly limits?: AccountLimits
  /** The domain that passkeys are bound to: the host of an origin, or a domain above all of them. @default the host of the first origin */
  readonly rpId?: string
  /**
   * For apps that keep passport, better-auth or an identity of their own: who sends this request. Second factors and passkeys then work for
   * these people, and the flows that would replace that identity are refused.
   */
  readonly subject?: (x: SubjectExchange) => Awaitable<Subject | undefined>
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

export interface AccountTimes {
  /** @default '24h' */
  readonly verifyEmail?: string | number
  /** @default '30m' */
  readonly reset?: string | number
  /** @default '1h' */
  readonly confirmEmail?: string | number
  /** Between the password and the code. @default '5m' */
  readonly secondFactor?: string | number
  /** To set up an authenticator app, and to answer the browser's question about a passkey. @default '10m' */
  readonly ceremony?: string | number
  /** How long after signing in sensitive steps need no password. @default '10m' */
  readonly fresh?: string | number
}

export interface AccountLimits {
  /** Registrations, resets and changes of address that one client may ask for. @default '60/h' */
  readonly requests?: string
  /** Letters with a link to one address, whoever asks for them. @default '5/h' */
  readonly letters?: string
}

/** What the exchange is under every adapter; under Express `req` is the app's own request, with passport's `req.user`. */
export type SubjectExchange = Exchange & { readonly req: object }

/** Somebody whose identity is kept elsewhere. */
export interface Subject {
  readonly id: string
  readonly roles: readonly string[]
  /** Where notices go. */
  readonly email?: string | undefined
  /** When the person last proved who it is, in milliseconds since the epoch. Without it, sensitive steps are refused. */
  readonly authenticatedAt?: number | undefined
}

/** What the flows share. */
export interface Facts {
  readonly app: string
  readonly title: string
  readonly accounts: AccountStore
  readonly store: Store
  readonly tokens: Tokens
  readonly post: Post
  readonly seal: Seal
  readonly roles: readonly string[]
  readonly times: Readonly<Record<keyof AccountTimes, number>>
  readonly limits: Readonly<Record<keyof AccountLimits, Rate>>
  readonly subject: AccountsOptions['subject']
  now(): number
  /** The link with which a token leaves in a letter. */
  linkTo(page: keyof Required<AccountsOptions>['pages'], token: string): string
  /** What passkeys are bound to, and from where they may be used. */
  relyingParty(): { readonly id: string; readonly origins: readonly string[] }
}

const PAGES = { verifyEmail: '/verify-email', reset: '/reset-password', confirmEmail: '/confirm-email' }
const TIMES: Required<AccountTimes> = {
  verifyEmail: '24h',
  reset: '30m',
  confirmEmail: '1h',
  secondFactor: '5m',
  ceremony: '10m',
  fresh: '10m',
}
const LIMITS: Required<AccountLimits> = { requests: '60/h', letters: '5/h' }

/** Checks the options once. */
export function compileAccounts(options: AccountsOptions): Facts {
  const told = { pages: options.pages, times: options.times, limits: options.limits }
  refuseUnknown(strangerIn(told, KNOWN, 'createAccounts()'))
  const { accounts, store, mail, app = 'app', title = app, roles = [], now = Date.now, subject, rpId } = options
  if (typeof accounts?.getByEmail !== 'function' || typeof store?.take !== 'function' || typeof mail !== 'function') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'accounts need a place to live, a store for tokens, and mail', {
      at: 'createAccounts({ accounts, store, mail })',
      fix: "hand in accounts: sqliteAccountStore('app.db'), the policy's store, and a function that sends mail",
    })
  }
  const pages = { ...PAGES, ...options.pages }
  for (const [name, page] of Object.entries(pages)) {
    if (/^\/(?![/\\])[^?#\\\s]*$/.test(page)) continue
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a page is a path of the app', {
      at: `createAccounts({ pages: { ${name} } })`,
      fix: "write it like '/verify-email'; the token is added to it",
    })
  }
  const given = options.origins
  if (typeof given !== 'function') originsOf(given)
  const origins = (): readonly string[] => originsOf(typeof given === 'function' ? given() : given)
  return {
    app,
    title,
    accounts,
    store,
    tokens: tokensIn(store, app),
    post: postOf(mail, title),
    seal: sealOf(options.keys, app, now),
    roles,
    times: mapValues({ ...TIMES, ...options.times }, (text, name) => timeOf(text, name)),
    limits: mapValues({ ...LIMITS, ...options.limits }, (text, name) => rateOf(text, name)),
    subject,
    now,
    linkTo: (page, token) => `${origins()[0]}${pages[page]}?token=${token}`,
    relyingParty: () => relyingPartyOf(origins(), rpId),
  }
}

function originsOf(list: readonly string[]): readonly string[] {
  const origins = Array.isArray(list)
    ? list.map((text) => (typeof text === 'string' ? parseOrigin(text) : undefined))
    : []
  if (origins.length > 0 && origins.every((origin) => origin !== undefined)) return origins
  throw new BulwarkError('BULWARK_ORIGIN_INVALID', 'links and passkeys need to know where the app is', {
    at: 'createAccounts({ origins })',
    fix: "hand in the policy's origins, such as ['https://journal.example']",
  })
}

function relyingPartyOf(origins: readonly string[], rpId: string | undefined): { id: string; origins: string[] } {
  const hosts = origins.map((origin) => hostOf(origin).replace(/:\d+$/, ''))
  const id = rpId ?? hosts[0] ?? ''
  const fits = (host: string | undefined): boolean => host === id || (host?.endsWith(`.${id}`) ?? false)
  const own = origins.filter((_, i) => fits(hosts[i]))
  if (own.length > 0 && id.length > 0) return { id, origins: own }
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'passkeys are bound to a domain that none of the origins is in', {
    at: 'createAccounts({ rpId })',
    fix: 'leave it out, or write a domain that all origins are in, such as journal.example',
  })
}

function timeOf(text: string | number, name: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no length of time', {
    at: `createAccounts({ times: { ${name} } })`,
    fix: "write it like '30m' or '24h'",
  })
}

function rateOf(text: string, name: string): Rate {
  const rate = parseRate(text)
  if (rate !== undefined && Number.isSafeInteger(rate.burst * rate.period)) return rate
  throw new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(text)}" is no rate`, {
    at: `createAccounts({ limits: { ${name} } })`,
    fix: "write it like '60/h'",
  })
}

function mapValues<K extends string, A, B>(from: Readonly<Record<K, A>>, make: (value: A, name: K) => B): Record<K, B> {
  const entries = (Object.entries(from) as [K, A][]).map(([name, value]) => [name, make(value, name)])
  return Object.fromEntries(entries) as Record<K, B>
}
