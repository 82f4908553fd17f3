import { BulwarkError } from '../core/errors.ts'
import type { Guard } from '../core/guard.ts'
import type { KeyRing } from '../core/keys.ts'
import { isOff, type Mode, type PolicyBase, type Setup } from '../core/policy.ts'
import type { Store } from '../core/store.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { factories, type ProtectionOptions } from '../guards.ts'
import { isKeyRing, keyRing } from '../keys/ring.ts'
import type { WeakKey } from '../keys/text.ts'
import { knownOptions } from '../known.ts'
import { memoryStore } from '../stores/memory.ts'
import { type Cidr, parseCidr } from '../toolbox/ip.ts'
import { parseOrigin } from '../toolbox/origins.ts'
import { PROXY_PRESETS } from '../toolbox/proxies.ts'
import {
  FUNCTION,
  type Kind,
  type KindOf,
  type Kinds,
  misfitIn,
  OBJECT,
  ONE_OR_MORE,
  TEXT,
  TEXTS,
} from '../toolbox/value-kinds.ts'
import { defaultListener, publish } from './events.ts'

/** What protects an app: one key per protection, left out means the safe default. */
export interface Policy extends PolicyBase, ProtectionOptions {}

/** The policy after start-up: checked, defaulted, with its guards made. */
export interface CompiledPolicy {
  readonly setup: Setup
  readonly trusted: readonly Cidr[]
  readonly proxiesSet: boolean
  readonly onFailure: 'deny' | 'allow'
  readonly guards: readonly ActiveGuard[]
  /** Protections that are off, with their reasons. */
  readonly off: readonly { readonly name: string; readonly reason: string }[]
  readonly onEvent: NonNullable<PolicyBase['onEvent']>
  readonly page: PolicyBase['page']
}

export interface ActiveGuard {
  readonly guard: Guard
  readonly observe: boolean
}

const MODE: KindOf<Mode> = { text: { enforce: true, observe: true } }
const BASE: Kinds<PolicyBase> = {
  app: TEXT,
  origins: TEXTS,
  proxies: ONE_OR_MORE,
  keys: { text: true, list: TEXT, any: true },
  store: OBJECT,
  mode: MODE,
  onFailure: { text: { deny: true, allow: true } },
  page: FUNCTION,
  onEvent: FUNCTION,
}

/**
 * What a policy may hold, and what each of it may be: nobody knows anything else, so a misspelt option, or a value that no option can have, cannot
 * leave a protection at its default unnoticed.
 */
export const POLICY_KINDS: Kind = {
  keys: {
    ...BASE,
    ...Object.fromEntries(factories.map(({ key }) => [key, { keys: { mode: MODE, ...knownOptions[key] }, off: true }])),
  },
}

const PHASES = ['shape', 'flood', 'origin', 'access', 'input', 'answer'] as const

/** Gives a policy its type and checks it at once, so that a mistake shows where it was written. */
export function definePolicy<const P extends Policy>(policy: P): P {
  checkKeys(policy)
  return policy
}

/** Checks a policy, fills in the defaults and makes its guards in the product's own order. */
export function compilePolicy(policy: Policy, now: () => number = Date.now): CompiledPolicy {
  checkKeys(policy)
  const onEvent = policy.onEvent ?? defaultListener
  const mode: Mode = policy.mode ?? 'enforce'
  const production = process.env.NODE_ENV === 'production'
  const weak: WeakKey[] = []
  const ring = readKeys(policy.keys, now, production ? undefined : (key) => void weak.push(key))
  const setup: Setup = {
    app: checkApp(policy.app ?? 'app'),
    origins: (policy.origins ?? []).map((text, i) => {
      const origin = parseOrigin(text)
      if (origin !== undefined) return origin
      throw new BulwarkError(
        'BULWARK_ORIGIN_INVALID',
        'an origin is a scheme, a host and perhaps a port, and nothing else',
        {
          at: `policy.origins[${i}]`,
          fix: `write it like "https://journal.example", without a path or a slash at the end`,
        },
      )
    }),
    ring,
    get keys() {
      return ring.usable('').map(({ secret }) => secret)
    },
    store: checkStore(policy.store) ?? memoryStore({ now }),
    binding: { of: () => undefined },
    uploads: { receive: () => undefined },
    bodies: { kept: 64 * 1024 },
    mode,
    production,
    now,
    report: (event) => publish({ at: now(), outcome: 'reported', ...event }, onEvent),
  }
  for (const { at, why } of weak) {
    setup.report({
      guard: 'encryption',
      risk: 'weak-key',
      reason: `the key at ${at} can be guessed: ${why}`,
      fix: 'make one with npx @bulwark/cli keys new; in production the app would not start',
    })
  }
  const trusted = compileProxies(policy.proxies)
  const guards: ActiveGuard[] = []
  const off: { name: string; reason: string }[] = []
  for (const { name, key, create } of factories) {
    const part = policy[key]
    if (isOff(part)) {
      off.push({ name, reason: part.off })
      continue
    }
    const options = part ?? {}
    // Each factory takes the options of its own key; the generated list pairs the two.
    guards.push({ guard: create(options as never, setup), observe: (options.mode ?? mode) === 'observe' })
  }
  guards.sort((a, b) => rank(a.guard) - rank(b.guard) || (a.guard.name < b.guard.name ? -1 : 1))
  return {
    setup,
    trusted,
    proxiesSet: policy.proxies !== undefined,
    onFailure: policy.onFailure ?? 'deny',
    guards,
    off,
    onEvent,
    page: policy.page,
  }
}

function rank(guard: Guard): number {
  return PHASES.indexOf(guard.phase)
}

function checkKeys(policy: Policy): void {
  if (typeof policy !== 'object' || policy === null) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a policy is an object', {
      fix: 'write bulwark() or bulwark({ ... })',
    })
  }
  refuseUnknown(misfitIn(policy, POLICY_KINDS, 'policy'))
}

function checkApp(app: string): string {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(app)) return app
  throw new BulwarkError('BULWARK_POLICY_INVALID', "the app's name must fit into a cookie's name", {
    at: 'policy.app',
    fix: 'use up to 32 lower-case letters, digits and hyphens, beginning with a letter',
  })
}

const STORE_METHODS = ['get', 'put', 'delete', 'take', 'keysOf', 'deleteAllOf'] as const satisfies (keyof Store)[]

/** A database's own client is the usual mistake; without this it would show with the first request that needs it. */
function checkStore(store: Policy['store']): Store | undefined {
  if (store === undefined || STORE_METHODS.every((name) => typeof store[name] === 'function')) return store
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no store', {
    at: 'policy.store',
    fix: 'hand in what redisStore(client), postgresStore(pool), sqliteStore(file) or memoryStore() answer',
  })
}

function readKeys(keys: Policy['keys'], now: () => number, onWeak: ((key: WeakKey) => void) | undefined): KeyRing {
  if (typeof keys === 'object' && !Array.isArray(keys) && !isKeyRing(keys)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no ring of keys', {
      at: 'policy.keys',
      fix: 'hand in texts, or what openKeyFile() answers (it is a promise: await it)',
    })
  }
  return isKeyRing(keys) ? keys : keyRing(keys ?? [], { now, ...(onWeak && { onWeak }) })
}

function compileProxies(proxies: PolicyBase['proxies']): readonly Cidr[] {
  if (proxies === undefined || proxies === 'none') return []
  const list = typeof proxies === 'string' ? PROXY_PRESETS[proxies] : proxies
  if (!Array.isArray(list)) {
    throw new BulwarkError('BULWARK_PROXY_INVALID', `there is no preset of proxies named "${String(proxies)}"`, {
      at: 'policy.proxies',
      fix: `use 'none', one of ${Object.keys(PROXY_PRESETS).join(', ')}, or a list of CIDR blocks such as ['10.0.0.0/8']`,
    })
  }
  return list.map((text, i) => {
    const cidr = parseCidr(text)
    // A block of everything would be "trust all": any client could choose its own address (CWE-348).
    if (cidr !== undefined && !text.endsWith('/0')) return cidr
    throw new BulwarkError('BULWARK_PROXY_INVALID', 'this is not a block of addresses that could be your proxies', {
      at: `policy.proxies[${i}]`,
      fix: 'write a CIDR block such as "10.0.0.0/8" or "fd00::/8", or one address',
    })
  })
}
