import { createHmac, hkdfSync } from 'node:crypto'
import { BulwarkError } from '../core/errors.ts'
import type { KeyRing, KeyState, RingKey } from '../core/keys.ts'
import { parseKeyList, type WeakKey, type WrittenKey } from './text.ts'

/** A ring whose keys can be exchanged while it is in use. */
export interface OpenRing extends KeyRing {
  /** Puts other keys in place of these. @throws BulwarkError `BULWARK_POLICY_INVALID`, and keeps those it has */
  replace(keys: readonly WrittenKey[]): void
}

export interface RingOptions {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * A key ring from texts, as an environment holds them: see {@link parseKeyList}.
 * @throws BulwarkError `BULWARK_KEYS_WEAK`, `BULWARK_POLICY_INVALID`
 */
export function keyRing(
  keys: string | readonly string[],
  { now = Date.now, onWeak }: RingOptions & { readonly onWeak?: (weak: WeakKey) => void } = {},
): KeyRing {
  if (typeof keys !== 'string' && !Array.isArray(keys)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no ring of keys', {
      at: 'keys',
      fix: 'hand in texts, or what openKeyFile() answers (it is a promise: await it)',
    })
  }
  return ringOf(parseKeyList(keys, onWeak && { onWeak }), { now })
}

/** Whether these are keys already, and not the texts that keys are made from. */
export function isKeyRing(keys: unknown): keys is KeyRing {
  return typeof keys === 'object' && keys !== null && typeof (keys as KeyRing).usable === 'function'
}

/** A ring, or one made of texts that were checked before: the first one is active, the others are retired. */
export function toRing(keys: KeyRing | readonly string[], options: RingOptions = {}): KeyRing {
  if (isKeyRing(keys)) return keys
  return ringOf(
    keys.map((secret, i) => ({ secret, state: i === 0 ? 'active' : 'retired' })),
    options,
  )
}

/** The identifier of a secret: 48 bits that follow from it and do not lead back to it. */
export function idOf(secret: string): string {
  return createHmac('sha256', secret).update('bulwark key id').digest('hex').slice(0, 12)
}

export function ringOf(written: readonly WrittenKey[], { now = Date.now }: RingOptions = {}): OpenRing {
  let source = check(written)
  let keys: readonly RingKey[] = []
  let version = 0
  let due = Number.POSITIVE_INFINITY
  let found = new Map<string, readonly RingKey[]>()

  const settle = (): void => {
    const time = now()
    // A key whose time has come is active from then on in this process, also when the clock is set back.
    source = source.map((key) =>
      key.state === 'next' && key.activeFrom !== undefined && key.activeFrom <= time
        ? { ...key, state: 'active' }
        : key,
    )
    due = Math.min(
      ...source.map(({ state, activeFrom }) =>
        state === 'next' ? (activeFrom ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
      ),
    )
    const statesById = new Map(keys.map((key) => [key.id, key]))
    keys = source.map((key, i) => {
      const state = stateOf(source, i)
      const before = statesById.get(key.id)
      return before?.state === state && before.activeFrom === key.activeFrom ? before : toRingKey(key, state)
    })
    found = new Map()
    version++
  }
  settle()

  const current = (): readonly RingKey[] => {
    if (now() >= due) settle()
    return keys
  }

  const usable = (purpose: string): readonly RingKey[] => {
    const all = current()
    let list = found.get(purpose)
    if (list === undefined) {
      list = rank(all.filter((key) => key.state !== 'revoked' && serves(key, purpose)))
      // Purposes are words of the program and few; a bound keeps a mistake from filling the memory.
      if (found.size >= 1000) found.clear()
      found.set(purpose, list)
    }
    return list
  }

  return {
    get version() {
      current()
      return version
    },
    get keys() {
      return current()
    },
    active(purpose) {
      const first = usable(purpose)[0]
      return first?.state === 'active' ? first : undefined
    },
    usable,
    replace(others) {
      source = check(others)
      settle()
    },
  }
}

type IdentifiedKey = WrittenKey & { readonly id: string }

/** Of several active keys for the same purposes the first one seals, and the others are retired. */
function stateOf(keys: readonly IdentifiedKey[], i: number): KeyState {
  const key = keys[i]
  if (key?.state !== 'active') return key?.state ?? 'retired'
  const same = (other: WrittenKey): boolean => samePurposes(other.purposes, key.purposes)
  return keys.slice(0, i).some((other) => other.state === 'active' && same(other)) ? 'retired' : 'active'
}

function samePurposes(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return [...(a ?? [])].sort().join('\n') === [...(b ?? [])].sort().join('\n')
}

/** Active ones first, and among them one for this purpose alone before one for everything. */
function rank(keys: readonly RingKey[]): readonly RingKey[] {
  const place = (key: RingKey): number => (key.state === 'active' ? (key.purposes === undefined ? 1 : 0) : 2)
  return keys
    .map((key, i) => ({ key, place: place(key), i }))
    .sort((a, b) => a.place - b.place || a.i - b.i)
    .map(({ key }) => key)
}

/** `seal notes` is for whoever seals, and for nobody who signs. */
function serves({ purposes }: RingKey, purpose: string): boolean {
  return purposes === undefined || purposes.some((each) => each === purpose || purpose.startsWith(`${each} `))
}

function toRingKey({ id, secret, created, activeFrom, purposes }: IdentifiedKey, state: KeyState): RingKey {
  const key: RingKey = {
    id,
    state,
    created,
    activeFrom,
    purposes,
    secret,
    derive: (purpose) => new Uint8Array(hkdfSync('sha256', secret, 'bulwark', purpose, 32)),
  }
  // Whoever logs a key by mistake logs no secret.
  return Object.defineProperty(key, 'secret', { value: secret, enumerable: false })
}

function check(keys: readonly WrittenKey[]): readonly IdentifiedKey[] {
  const ids = new Set<string>()
  return keys.map((key, i) => {
    const id = idOf(key.secret)
    // The same key in two states would be revoked and not revoked.
    if (ids.has(id)) {
      throw new BulwarkError('BULWARK_POLICY_INVALID', 'the same key is in the list twice', {
        at: `policy.keys[${i}]`,
        fix: 'take one of them away',
      })
    }
    ids.add(id)
    return { ...key, id }
  })
}
