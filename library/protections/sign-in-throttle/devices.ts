import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRing } from '../../core/keys.ts'
import { findCookie, formatCookie } from '../../toolbox/cookies.ts'
import { perVersion } from '../../toolbox/per-version.ts'
import { constantTimeEqual, hmac, randomToken } from '../../toolbox/tokens.ts'

/** Tells browsers in which somebody has signed in to an account from those of strangers. */
export interface Devices {
  /** The device's id, when the cookies say that this account has been signed in to from here. */
  known(cookies: string | undefined, account: string): string | undefined
  /** The `Set-Cookie` line for a browser that has just signed in. */
  remember(account: string): string
}

/** Half a year: long enough for people who come seldom. */
const MAX_AGE = 180 * 24 * 60 * 60

/**
 * The account is part of what is signed, exactly as it was typed: an attacker's own `Ádmin` must not make a device known for `admin`.
 * The cookie names nobody.
 */
export function devices(app: string, ring: KeyRing, now: () => number): Devices {
  const name = `__Host-${app}-device`
  const signing = perVersion(ring, () => ring.usable('sign-in').map(({ secret }) => purposeKey(secret, app)))
  const sign = (key: KeyObject | undefined, body: string, account: string): string =>
    key === undefined ? '' : hmac(key, `${name}=${body}:${account}`)
  return {
    known(cookies, account) {
      const [id = '', expires = '', given = ''] = findCookie(cookies, name)?.split('.', 3) ?? []
      if (!/^[\w-]{22}$/.test(id) || !/^[0-9a-z]{1,10}$/.test(expires) || given === '') return undefined
      const isOurs = signing().some((key) => constantTimeEqual(given, sign(key, `${id}.${expires}`, account)))
      return isOurs && Number.parseInt(expires, 36) * 1000 > now() ? id : undefined
    },
    remember(account) {
      const body = `${randomToken()}.${(Math.floor(now() / 1000) + MAX_AGE).toString(36)}`
      return formatCookie(name, `${body}.${sign(signing()[0], body, account)}`, {
        path: '/',
        secure: true,
        httpOnly: true,
        sameSite: 'strict',
        maxAge: MAX_AGE,
      })
    },
  }
}

/** A signature made for a device must not open anything else that the same key signs. */
function purposeKey(key: string, app: string): KeyObject {
  return createSecretKey(createHmac('sha256', key).update(`bulwark device ${app}`).digest())
}
