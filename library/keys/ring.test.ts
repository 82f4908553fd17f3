import { describe, expect, test } from 'vitest'
import { cookieSigner } from '../protections/cookies/index.ts'
import { createPasswords } from '../protections/passwords/index.ts'
import { idOf, keyRing, ringOf } from './ring.ts'
import { makeKey, parseKeyList, type WrittenKey } from './text.ts'

const [OLD, NEW, NEXT] = [makeKey(), makeKey(), makeKey()]
const TEXT = 'Zm9yIHRlc3RzIG9ubHksIGJ1dCA0MCBjaGFyYWN0ZXJz'

const states = (keys: string | readonly string[]): string[] => parseKeyList(keys).map(({ state }) => state)

describe('keys as an environment holds them', () => {
  test('come newest first: the first one seals, the others open', () => {
    expect(states(`${NEW},${OLD}`)).toEqual(['active', 'retired'])
    expect(states(`${NEW}, ${OLD},`)).toEqual(['active', 'retired'])
    expect(states([TEXT])).toEqual(['active'])
  })

  test('say their state where it is another one', () => {
    expect(states(`next:${NEXT},${NEW},retired:${OLD}`)).toEqual(['next', 'active', 'retired'])
    expect(states(`next:${NEXT},revoked:${OLD}`)).toEqual(['next', 'revoked'])
    expect(states(`${NEW},active:${OLD}`)).toEqual(['retired', 'active'])
  })

  test('say when they were made', () => {
    const [key] = parseKeyList(makeKey(1_700_000_000_000))
    expect(key?.created).toBe(1_700_000_000_000)
    expect(parseKeyList(TEXT)[0]?.created).toBeUndefined()
  })

  test('that are not whole are noticed', () => {
    const key = makeKey()
    for (const broken of [
      key.slice(0, -1),
      key.slice(0, 40),
      `${key}A`,
      key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
    ])
      expect(() => keyRing(broken)).toThrow(/not whole/)
    const middle = key[20] === 'A' ? 'B' : 'A'
    expect(() => keyRing(key.slice(0, 20) + middle + key.slice(21))).toThrow(/^BULWARK_KEYS_WEAK/)
  })

  test.each([
    ['short', 'tooshort'],
    ['empty', ''],
    ['of one letter', 'x'.repeat(64)],
    ['repeating itself', 'Ab3$Ab3$Ab3$Ab3$Ab3$Ab3$Ab3$Ab3$9zk'.slice(0, 32)],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789'],
    ['the keyboard', 'qwertyuiopasdfghjklzxcvbnm1234567890'],
    ['of jwt.io', 'a-string-secret-at-least-256-bits-long'],
    ['of a session README', 'a secret with minimum length of 32 characters'],
    ['of iron-session', 'complex_password_at_least_32_characters_long'],
    ['of a secure-session README', 'averylogphrasebiggerthanthirtytwochars'],
    ['a placeholder', 'please-change-this-secret-key-in-production'],
    ['a sentence', 'the quick brown fox jumps over it'],
  ])('%s are refused, and what they are is not repeated', (_, key) => {
    const at = (): unknown => keyRing([NEW, key])
    expect(at).toThrow(/^BULWARK_KEYS_WEAK/)
    expect(at).toThrow(/policy\.keys\[1\]/)
    if (key.length > 8) expect(at).not.toThrow(key)
  })

  test('that are random pass, whatever they look like', () => {
    const fine = [
      '4f1d7c0a9be2635880d1f37ac4e95b12',
      'correct-horse-battery-staple-lagoon-tractor-violin-plume',
      'kPz7hV0qUwTn3sXeYbRj5mGcLd8fAo2Q',
      TEXT,
      ...Array.from({ length: 200 }, () => makeKey()),
    ]
    for (const key of fine) expect(() => keyRing(key)).not.toThrow()
  })

  test('twice the same are refused: one would be revoked and not revoked', () => {
    expect(() => keyRing(`${NEW},revoked:${NEW}`)).toThrow(/in the list twice/)
  })
})

describe('a ring', () => {
  test('seals with the active key and opens with all that are not revoked', () => {
    const ring = keyRing(`next:${NEXT},${NEW},retired:${OLD},revoked:${TEXT}`)
    expect(ring.active('x')?.id).toBe(idOf(NEW))
    expect(ring.usable('x').map(({ id }) => id)).toEqual([NEW, NEXT, OLD].map(idOf))
    expect(ring.keys.map(({ state }) => state)).toEqual(['next', 'active', 'retired', 'revoked'])
  })

  test('has no key to seal with when all of them wait or are over', () => {
    expect(keyRing(`next:${NEXT},retired:${OLD}`).active('x')).toBeUndefined()
    expect(keyRing(`revoked:${OLD}`).usable('x')).toEqual([])
    expect(keyRing([]).active('x')).toBeUndefined()
  })

  test('derives keys that differ by purpose and by key, and are the same each time', () => {
    const [key, other] = keyRing([NEW, OLD]).usable('x')
    const hex = (purpose: string, from = key): string => Buffer.from(from?.derive(purpose) ?? []).toString('hex')
    expect(hex('a')).toHaveLength(64)
    expect(hex('a')).toBe(hex('a'))
    expect(new Set([hex('a'), hex('b'), hex('a', other)]).size).toBe(3)
  })

  test('derives as RFC 5869 says', () => {
    const [key] = ringOf([{ secret: 'known secret for a vector, 40 characters', state: 'active' }]).keys
    // python: HKDF-SHA256, salt "bulwark", info "seal notes"
    expect(Buffer.from(key?.derive('seal notes') ?? []).toString('hex')).toBe(
      '452fc9eca2f2cf4e37eb15b3f0183b8d6af58ab2b9e61d72713425f257d25973',
    )
  })

  test('changes over by itself at the time that was set, and never back', () => {
    let now = 1000
    const ring = ringOf(
      [
        { secret: NEW, state: 'next', activeFrom: 2000 },
        { secret: OLD, state: 'active' },
      ],
      { now: () => now },
    )
    const before = ring.version
    expect(ring.active('x')?.id).toBe(idOf(OLD))
    now = 2000
    expect(ring.active('x')?.id).toBe(idOf(NEW))
    expect(ring.version).not.toBe(before)
    const after = ring.version
    now = 500
    expect(ring.active('x')?.id).toBe(idOf(NEW))
    expect(ring.version).toBe(after)
    expect(ring.usable('x').map(({ state }) => state)).toEqual(['active', 'retired'])
  })

  test('keeps a key of its own for a purpose', () => {
    const keys: WrittenKey[] = [
      { secret: NEW, state: 'active' },
      { secret: OLD, state: 'active', purposes: ['seal'] },
    ]
    const ring = ringOf(keys)
    expect(ring.active('seal notes')?.id).toBe(idOf(OLD))
    expect(ring.active('sealing')?.id).toBe(idOf(NEW))
    expect(ring.usable('cookies').map(({ id }) => id)).toEqual([idOf(NEW)])
    expect(ring.usable('seal').map(({ id }) => id)).toEqual([OLD, NEW].map(idOf))
  })

  test('keeps its keys when the new ones are wrong', () => {
    const ring = ringOf([{ secret: NEW, state: 'active' }])
    expect(() =>
      ring.replace([
        { secret: OLD, state: 'active' },
        { secret: OLD, state: 'retired' },
      ]),
    ).toThrow(/twice/)
    expect(ring.active('x')?.id).toBe(idOf(NEW))
  })

  test('shows no secret to whoever logs it', () => {
    const [key] = keyRing(NEW).keys
    expect(JSON.stringify(key)).not.toContain(NEW.slice(12, 30))
    expect(key?.secret).toBe(NEW)
  })
})

describe('what lives on keys', () => {
  const header = (line: string): string => line.split(';')[0] ?? ''

  test('cookies survive each step of a rotation, in every process, and none after revocation', () => {
    const first = cookieSigner({ app: 'a', keys: keyRing(OLD) })
    const published = cookieSigner({ app: 'a', keys: keyRing(`next:${NEW},${OLD}`) })
    const changed = cookieSigner({ app: 'a', keys: keyRing(`${NEW},${OLD}`) })
    const revoked = cookieSigner({ app: 'a', keys: keyRing(`${NEW},revoked:${OLD}`) })
    const [old, now] = [first.seal('reader', '7'), changed.seal('reader', '7')].map(header)
    expect([first, published, changed].map((signer) => signer.open(old, 'reader'))).toEqual(['7', '7', '7'])
    expect([published, changed, revoked].map((signer) => signer.open(now, 'reader'))).toEqual(['7', '7', '7'])
    expect(first.open(now, 'reader')).toBeUndefined()
    expect(revoked.open(old, 'reader')).toBeUndefined()
    expect(header(published.seal('reader', '7'))).toBe(old)
  })

  test('a signer follows the ring while it runs', () => {
    const ring = ringOf([{ secret: OLD, state: 'active' }])
    const signer = cookieSigner({ app: 'a', keys: ring })
    const old = header(signer.seal('reader', '7'))
    ring.replace([
      { secret: NEW, state: 'active' },
      { secret: OLD, state: 'retired' },
    ])
    const now = header(signer.seal('reader', '7'))
    expect([now === old, signer.open(old, 'reader'), signer.open(now, 'reader')]).toEqual([false, '7', '7'])
    ring.replace([
      { secret: NEW, state: 'active' },
      { secret: OLD, state: 'revoked' },
    ])
    expect([signer.open(old, 'reader'), signer.open(now, 'reader')]).toEqual([undefined, '7'])
    ring.replace([{ secret: NEW, state: 'revoked' }])
    expect(() => signer.seal('reader', '7')).toThrow(/^BULWARK_KEYS_MISSING/)
  })

  test('a cookie that was signed before there were rings still opens', () => {
    const keys = ['a key from before, 0123456789-abcdefghij']
    const line = '__Host-a-reader=p7.0.E3UXSKh97urSoCc_Ou72UCWHOjFWGYmbr2Wuf_oq6No'
    expect(cookieSigner({ app: 'a', keys }).open(line, 'reader')).toBe('7')
  })

  test('a pepper follows the ring, and hashes are renewed with the new key', async () => {
    const ring = ringOf([{ secret: OLD, state: 'active' }])
    const passwords = createPasswords({ pepper: true, memory: 7168, passes: 5 }, { keys: ring })
    const stored = await passwords.hash('correct horse battery')
    ring.replace([
      { secret: NEW, state: 'active' },
      { secret: OLD, state: 'retired' },
    ])
    const { ok, rehash } = await passwords.verify(stored, 'correct horse battery')
    expect([ok, rehash !== undefined]).toEqual([true, true])
    ring.replace([{ secret: NEW, state: 'active' }])
    expect(await passwords.verify(rehash, 'correct horse battery')).toEqual({ ok: true })
    await expect(passwords.verify(stored, 'correct horse battery')).rejects.toThrow(/^BULWARK_KEYS_MISSING/)
  })
})
