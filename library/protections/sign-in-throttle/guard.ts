import type { Awaitable, Exchange } from '../../core/exchange.ts'
import type { Guard } from '../../core/guard.ts'
import type { CommonOptions, Off, Setup } from '../../core/policy.ts'
import { toRing } from '../../keys/ring.ts'
import { randomToken } from '../../toolbox/tokens.ts'
import { accountKey } from './account.ts'
import { type Devices, devices } from './devices.ts'
import {
  type Claim,
  type CountedBy,
  compileRates,
  giveBack,
  type Refused,
  reserve,
  type SignInRate,
  takeFrom,
} from './limits.ts'
import { noAccount, tooMany } from './refusal.ts'
import { type Pattern, watch } from './watch.ts'

export type { SignInRate } from './limits.ts'

/** How many wrong passwords are taken, and from whom. Sign-ins that work never count. */
export interface SignInThrottleOptions extends CommonOptions {
  /**
   * One address on one account. Five slips at once are what people need; whoever goes on waits a minute, and after twenty in a day
   * over an hour.
   * @default ['5/5m', '20/d']
   */
  readonly pair?: SignInRate | Off
  /**
   * One address on all accounts: an office mistypes thirty times an hour, a list of leaked passwords needs thousands.
   * @default ['30/h', '150/d']
   */
  readonly address?: SignInRate | Off
  /**
   * One account from all addresses but known devices.
   *
   * **Security**: this is what strangers can use up, so it comes back quickly: the next try is never more than 90 seconds away.
   * @default '10/15m'
   */
  readonly account?: SignInRate | Off
  /**
   * A device on the account that was signed in to from it before. Used up, the device counts as a stranger's.
   * @default '10/h'
   */
  readonly device?: SignInRate | Off
  /**
   * The whole app, but for known devices: more wrong passwords than that are an attack from very many addresses.
   * @default '1000/min'
   */
  readonly overall?: SignInRate | Off
}

/** How long nothing more is said about a store that is away. */
const SILENT = 10_000

/** Runs `check` if this account may be tried from here. */
export type TrySignIn = <T>(account: string, check: () => Awaitable<T>) => Promise<T>

declare module '../../core/security.ts' {
  interface Security {
    /**
     * Checks a password, or a code of a second factor, unless too many were wrong: `await trySignIn(name, () => ...)` answers what the
     * function answers. `account` is what was typed as the name, whether such an account exists or not.
     *
     * The try is counted before the function runs. It is given back, and the browser remembered, when the answer says that it worked:
     * anything but `undefined`, `null`, `false`, `0`, `''` and an object whose `ok` is false, such as that of `verifyPassword()`. A
     * function that throws has failed.
     *
     * **Security**: CWE-307, CWE-645; ASVS 6.1.1, 6.3.1.
     * @throws BulwarkError `BULWARK_SIGN_IN_REFUSED` with `status` 429 and `headers['Retry-After']` in seconds; with 400 when `account`
     * is no text. Left uncaught, that is the answer.
     */
    readonly trySignIn: TrySignIn
  }
}

/**
 * Limits wrong passwords for each account, address, pair of both, and the whole app, without locking anybody out: a browser in which the
 * account was signed in to before has an allowance of its own. Routes ask by `req.security.trySignIn`.
 *
 * **Security**: counted before the password is checked, atomically, so tries at the same moment get no further than tries in a row
 * (CWE-307, CWE-645, CWE-204; ASVS 6.1.1, 6.3.1, 6.3.8). Counts nothing for routes that do not ask. While the store is away, each process
 * counts alone and admits half as many failures, with an event.
 * @throws BulwarkError `BULWARK_LIMIT_INVALID`
 */
export function signInThrottle(options: SignInThrottleOptions, setup: Setup): Guard {
  const { store, now } = setup
  const { pair = ['5/5m', '20/d'], address = ['30/h', '150/d'], account = '10/15m' } = options
  const { device = '10/h', overall = '1000/min', mode = setup.mode } = options
  const rates = {
    pair: compileRates(pair, 'pair'),
    address: compileRates(address, 'address'),
    account: compileRates(account, 'account'),
    overall: compileRates(overall, 'overall'),
    device: compileRates(device, 'device'),
  }
  const observe = mode === 'observe'
  const crowd = watch(now)
  let toldAway = Number.NEGATIVE_INFINITY
  const take = takeFrom(store, now, (error) => {
    if (now() - toldAway < SILENT) return
    toldAway = now()
    setup.report({ guard: 'sign-in-throttle', ...AWAY, outcome: 'failed', error })
  })
  /** What leaves with the head: frameworks keep headers of their own until then. */
  const remembered = new WeakMap<Exchange, string>()
  let isUsed = false
  let known: Devices | undefined

  const devicesOf = (): Devices => {
    if (known !== undefined) return known
    let { ring } = setup
    if (ring.usable('sign-in').length === 0) {
      ring = toRing([randomToken(32)])
      setup.report({
        guard: 'sign-in-throttle',
        risk: 'account-lockout',
        reason: 'the policy has no keys, so devices that people sign in from are known only until this process ends',
        fix: 'set keys to a secret of 32 or more random characters from the environment, the same in every process',
      })
    }
    known = devices(setup.app, ring, now)
    return known
  }

  const claims = (by: CountedBy, what: string): readonly Claim[] =>
    rates[by].map((rate, i) => ({ by, key: `sign-in:${setup.app}:${by}${i}:${what}`, rate }))

  const strangersClaims = (client: string, name: string): readonly Claim[] => [
    ...claims('pair', `${client}:${name}`),
    ...claims('address', client),
    ...claims('account', name),
    ...claims('overall', ''),
  ]

  /** Answers what was taken, or why nothing was. */
  const takeAll = async (x: Exchange, given: string, name: string): Promise<readonly Claim[] | Refused> => {
    const id = devicesOf().known(x.request.header('cookie'), given)
    if (id !== undefined && rates.device.length > 0) {
      const own = claims('device', id)
      if ((await reserve(take, own)) === undefined) return own
    }
    const all = strangersClaims(x.request.client, name)
    return (await reserve(take, all)) ?? all
  }

  const tellPattern = (x: Exchange, pattern: Pattern | undefined): void => {
    if (pattern !== undefined)
      x.report({ guard: 'sign-in-throttle', risk: 'credential-stuffing', ...PATTERNS[pattern] })
  }

  const settle = async (x: Exchange, given: string, taken: readonly Claim[]): Promise<void> => {
    crowd.succeeded()
    if (!x.request.upgrade) {
      isUsed = true
      remembered.set(x, devicesOf().remember(given))
    }
    await giveBack(take, taken)
  }

  const trySignIn = async <T>(x: Exchange, given: string, check: () => Awaitable<T>): Promise<T> => {
    if (typeof given !== 'string') throw noAccount()
    const name = accountKey(given)
    const taken = await takeAll(x, given, name)
    const isRefused = 'retryAfter' in taken
    if (isRefused) {
      tellPattern(x, crowd.failed(x.request.client, name))
      const outcome = observe ? 'observed' : 'denied'
      x.report({ guard: 'sign-in-throttle', ...REFUSALS[taken.by], outcome })
      if (!observe) throw tooMany(taken.retryAfter)
    }
    const answer = await check()
    if (hasWorked(answer)) await settle(x, given, isRefused ? [] : taken)
    else if (!isRefused) tellPattern(x, crowd.failed(x.request.client, name))
    return answer
  }

  return {
    name: 'sign-in-throttle',
    phase: 'flood',
    onResponse(x) {
      const line = isUsed ? remembered.get(x) : undefined
      if (line === undefined) return undefined
      const before = x.response.getHeader('set-cookie')
      const lines = before === undefined ? [] : Array.isArray(before) ? (before as readonly string[]) : [String(before)]
      x.response.setHeader('Set-Cookie', [...lines, line])
      return undefined
    },
    offers: {
      trySignIn:
        (x): TrySignIn =>
        (given, check) =>
          trySignIn(x, given, check),
    },
  }
}

const REFUSALS: Readonly<Record<CountedBy, { readonly risk: string; readonly reason: string }>> = {
  pair: { risk: 'password-guessing', reason: 'too many wrong passwords from one address for one account' },
  account: { risk: 'password-guessing', reason: 'too many wrong passwords for one account' },
  address: { risk: 'credential-stuffing', reason: 'too many wrong passwords from one address' },
  overall: { risk: 'credential-stuffing', reason: 'too many wrong passwords in the whole app' },
  device: { risk: 'password-guessing', reason: 'too many wrong passwords from one device' },
}

const AWAY = {
  risk: 'password-guessing',
  reason: 'the store of limits is away: this process counts sign-ins alone, and admits half as many failures',
  fix: 'bring the store back; nothing else has to be done',
} as const

const PATTERNS: Readonly<Record<Pattern, { readonly reason: string; readonly fix: string }>> = {
  stuffing: {
    reason: 'one address has failed to sign in to ten accounts within ten minutes',
    fix: 'somebody may be trying leaked passwords: look at that address, and ask for a second factor',
  },
  spraying: {
    reason: 'many addresses fail to sign in to many accounts, a few times each',
    fix: 'somebody may be trying common passwords on everybody: refuse weak passwords, and ask for a second factor',
  },
}

/** `{ ok: false }` is an answer as well: taking it for success would give every wrong password back. */
function hasWorked(answer: unknown): boolean {
  return Boolean(answer) && (answer as { ok?: unknown }).ok !== false
}
