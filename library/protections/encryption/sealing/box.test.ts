import { createDecipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idOf, keyRing, ringOf } from '../../../keys/ring.ts'
import { makeKey } from '../../../keys/text.ts'
import { createEncryption, isSealed } from '../index.ts'

const [KEY, OLD, OTHER] = [makeKey(), makeKey(), makeKey()]
const encryption = createEncryption({ keys: KEY })
const box = encryption.box('notes')
const anyText = fc.string({ unit: 'binary', maxLength: 200 })

/** What an attacker may hold: sealed, signed and linked values of all kinds, with how each is opened. */
const kinds = [
  {
    kind: 'a sealed text',
    make: (text: string, context: string) => box.seal(text, { context }),
    open: (text: string, context: string) => box.open(text, { context }),
  },
  {
    kind: 'a sealed text with an end',
    make: (text: string, context: string) => box.seal(text, { context, ttl: '1h' }),
    open: (text: string, context: string) => box.open(text, { context }),
  },
  {
    kind: 'a signed text',
    make: (text: string, context: string) => encryption.signer('notes').sign(text, { context, ttl: '1h' }),
    open: (text: string, context: string) => encryption.signer('notes').verify(text, { context }),
  },
  {
    kind: 'a field',
    make: (text: string, context: string) => encryption.field('notes').seal(text, { context }),
    open: (text: string, context: string) => encryption.field('notes').open(text, { context }),
  },
]

describe.each(kinds)('$kind', ({ make, open }) => {
  test('comes back as it was, whatever it is, and is another one each time', () => {
    fc.assert(
      fc.property(anyText, fc.string({ maxLength: 20 }), (text, context) => {
        expect(open(make(text, context), context)).toBe(text)
      }),
    )
    for (const text of ['', '\ud800', 'a\0b', '😀'.repeat(5000)]) expect(open(make(text, 'x'), 'x')).toBe(text)
  })

  test('does not open cut off anywhere, or with anything behind or before it', () => {
    const whole = make('a secret', 'x')
    for (let end = 0; end < whole.length; end++) expect(open(whole.slice(0, end), 'x')).toBeUndefined()
    for (const more of ['A', '=', ' ', '\n', '.', 'AAAA', '\0']) {
      expect(open(whole + more, 'x')).toBeUndefined()
      expect(open(more + whole, 'x')).toBeUndefined()
    }
  })

  test('does not open with any one character exchanged, added or left out', () => {
    const whole = make('a secret', 'x')
    const letters = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \né')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), letters, (at, letter) => {
        fc.pre(whole[at] !== letter)
        expect(open(whole.slice(0, at) + letter + whole.slice(at + 1), 'x')).toBeUndefined()
        expect(open(whole.slice(0, at) + letter + whole.slice(at), 'x')).toBeUndefined()
        expect(open(whole.slice(0, at) + whole.slice(at + 1), 'x')).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  test('does not open with any one bit flipped', () => {
    const whole = make('a secret', 'x')
    const bytes = Buffer.from(whole.slice(4), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(open(whole.slice(0, 4) + flipped.toString('base64url'), 'x'), `bit ${bit}`).toBeUndefined()
    }
  })

  test('does not open in another context', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (context, other) => {
        fc.pre(context !== other)
        expect(open(make('a secret', context), other)).toBeUndefined()
      }),
    )
    for (const [context, other] of [
      ['a', 'a\0'],
      ['', '\0'],
      ['ab', 'a'],
      ['a', 'A'],
      ['é', 'e\u0301'],
    ] as const)
      expect(open(make('b', context), other)).toBeUndefined()
  })

  test('does not open when it is put together from parts of others', () => {
    const [a, b] = [make('first one', 'x'), make('other one', 'x')]
    for (let at = 5; at < a.length - 1; at++) {
      const mixed = a.slice(0, at) + b.slice(at)
      if (mixed !== a && mixed !== b) expect(open(mixed, 'x'), `cut at ${at}`).toBeUndefined()
    }
  })

  test('refuses what was never made here without a word', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(open(text, '')).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const prefix of ['bw1.', 'bs1.']) {
          expect(open(prefix + Buffer.from(bytes).toString('base64url'), '')).toBeUndefined()
        }
      }),
    )
    for (const nothing of [undefined, null, 7, {}, [], Buffer.from('x'), { toString: () => make('x', '') }])
      expect(open(nothing as unknown as string, '')).toBeUndefined()
  })
})

describe('a purpose', () => {
  test('opens nothing of another one, nor of another kind', () => {
    const made = kinds.map(({ make }) => make('a secret', 'x'))
    const openers = [
      encryption.box('letters').open,
      encryption.box('note').open,
      encryption.signer('letters').verify,
      encryption.field('letters').open,
      encryption.box('field:letters').open,
    ]
    for (const sealed of made) for (const open of openers) expect(open(sealed, { context: 'x' })).toBeUndefined()
    expect(kinds.map(({ open }) => made.map((sealed) => open(sealed, 'x')))).toEqual([
      ['a secret', 'a secret', undefined, undefined],
      ['a secret', 'a secret', undefined, undefined],
      [undefined, undefined, 'a secret', undefined],
      [undefined, undefined, undefined, 'a secret'],
    ])
  })

  test.each(['', ' ', 'a b', 'a\0', 'ä', '.', 'x'.repeat(65), '-a', 'a-', undefined, 7, null])(
    '%s is none',
    (purpose) => {
      for (const make of [encryption.box, encryption.signer, encryption.links, encryption.field])
        expect(() => make(purpose as string)).toThrow(/^BULWARK_SEAL_INVALID/)
    },
  )
})

test('a signature cannot be read with the border between context and value moved', () => {
  const signer = encryption.signer('notes')
  const signed = Buffer.from(signer.sign('b', { context: 'a\0c' }).slice(4), 'base64url')
  const moved = Buffer.concat([signed.subarray(0, 43), Buffer.from('\0c'), signed.subarray(43)])
  expect(signer.verify(`bs1.${moved.toString('base64url')}`, { context: 'a' })).toBeUndefined()
  const other = Buffer.from(signer.sign('c\0b', { context: 'a' }).slice(4), 'base64url')
  const back = Buffer.concat([other.subarray(0, 43), other.subarray(45)])
  expect(signer.verify(`bs1.${back.toString('base64url')}`, { context: 'a\0c' })).toBeUndefined()
})

describe('keys', () => {
  test('of another app open nothing', () => {
    const stranger = createEncryption({ keys: OTHER }).box('notes')
    expect(stranger.open(box.seal('a secret'))).toBeUndefined()
    // The same id in front does not help: the key behind it is another one.
    const bytes = Buffer.from(stranger.seal('a secret').slice(4), 'base64url')
    Buffer.from(idOf(KEY), 'hex').copy(bytes)
    expect(box.open(`bw1.${bytes.toString('base64url')}`)).toBeUndefined()
  })

  test('open in each state as they should, and fail all the same way', () => {
    const old = createEncryption({ keys: OLD })
    const values = {
      sealed: old.box('notes').seal('a secret'),
      signed: old.signer('notes').sign('a secret'),
      link: old.links('notes').sign('/a'),
      field: old.field('notes').seal('a secret'),
    }
    const opened = (keys: string): unknown[] => {
      const now = createEncryption({ keys })
      return [
        now.box('notes').open(values.sealed),
        now.signer('notes').verify(values.signed),
        now.links('notes').isSigned(values.link) || undefined,
        now.field('notes').open(values.field),
      ]
    }
    const all = ['a secret', 'a secret', true, 'a secret']
    const none = [undefined, undefined, undefined, undefined]
    expect(opened(`${KEY},${OLD}`)).toEqual(all)
    expect(opened(`next:${OLD},${KEY}`)).toEqual(all)
    expect(opened(`${KEY},revoked:${OLD}`)).toEqual(none)
    expect(opened(KEY)).toEqual(none)
  })

  test('are followed while the app runs: revoked ones at once', () => {
    const ring = ringOf([{ secret: OLD, state: 'active' }])
    const notes = createEncryption({ keys: ring }).box('notes')
    const sealed = notes.seal('a secret')
    ring.replace([
      { secret: KEY, state: 'active' },
      { secret: OLD, state: 'retired' },
    ])
    const renewed = notes.renew(sealed)
    expect([notes.open(sealed), notes.isCurrent(sealed), notes.isCurrent(renewed)]).toEqual(['a secret', false, true])
    ring.replace([
      { secret: KEY, state: 'active' },
      { secret: OLD, state: 'revoked' },
    ])
    expect([notes.open(sealed), notes.open(renewed), notes.renew(sealed)]).toEqual([undefined, 'a secret', undefined])
  })

  test('that are missing are no reason to do without them', () => {
    const bare = createEncryption({ keys: undefined })
    expect(() => bare.box('notes').seal('x')).toThrow(/^BULWARK_KEYS_MISSING/)
    expect(() => bare.signer('notes').sign('x')).toThrow(/^BULWARK_KEYS_MISSING/)
    expect(() => bare.links('notes').sign('/x')).toThrow(/^BULWARK_KEYS_MISSING/)
    expect(() => bare.field('notes').index('x')).toThrow(/^BULWARK_KEYS_MISSING/)
    expect(() =>
      createEncryption({ keys: `next:${KEY}` })
        .box('notes')
        .seal('x'),
    ).toThrow(/^BULWARK_KEYS_MISSING/)
    expect(bare.box('notes').open(box.seal('x'))).toBeUndefined()
  })
})

describe('time', () => {
  test('ends what was sealed and signed, at the second, and a renewed value keeps its end', () => {
    let now = 1_800_000_000_000
    const timed = createEncryption({ keys: KEY, now: () => now })
    const sealed = timed.box('notes').seal('x', { ttl: '15m' })
    const signed = timed.signer('notes').sign('x', { ttl: 900_000 })
    const link = timed.links('notes').sign('/x', { ttl: '15m' })
    const renewed = timed.box('notes').renew(sealed)
    const opened = (): unknown[] => [
      timed.box('notes').open(sealed),
      timed.box('notes').open(renewed),
      timed.signer('notes').verify(signed),
      timed.links('notes').isSigned(link),
    ]
    now += 899_000
    expect(opened()).toEqual(['x', 'x', 'x', true])
    now += 1000
    expect(opened()).toEqual([undefined, undefined, undefined, false])
  })

  test.each(['', 'soon', '0s', 5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    '%s is no time to live',
    (ttl) => {
      expect(() => box.seal('x', { ttl })).toThrow(/^BULWARK_SEAL_INVALID/)
    },
  )
})

describe('what is sealed', () => {
  test('is AES-256-GCM, as another program would open it', () => {
    const key = keyRing(KEY).active('seal notes')
    const bytes = Buffer.from(box.seal('héllo', { context: 'x' }).slice(4), 'base64url')
    const decipher = createDecipheriv(
      'aes-256-gcm',
      key?.derive('seal notes') ?? Buffer.alloc(0),
      bytes.subarray(11, 23),
    )
    decipher.setAAD(Buffer.concat([Buffer.from('bw1\0seal\0notes\0'), bytes.subarray(0, 11), Buffer.from('x')]))
    decipher.setAuthTag(bytes.subarray(-16))
    const plain = Buffer.concat([decipher.update(bytes.subarray(23, -16)), decipher.final()])
    expect([bytes.toString('hex', 0, 6), plain[0], plain.toString('utf8', 1)]).toEqual([key?.id, 0, 'héllo'])
  })

  test('never has the same nonce twice', () => {
    const nonces = new Set(
      Array.from({ length: 5000 }, () => Buffer.from(box.seal('').slice(4), 'base64url').toString('hex', 11, 23)),
    )
    expect(nonces.size).toBe(5000)
  })

  test('may be bytes, which come back as bytes and never as text', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const sealed = box.seal(bytes)
    expect(box.openBytes(sealed)).toEqual(bytes)
    expect(box.open(sealed)).toBeUndefined()
    expect(Buffer.from(box.openBytes(box.seal('é')) ?? []).toString()).toBe('é')
    expect(box.openBytes(box.renew(sealed))).toEqual(bytes)
  })

  test('is text or bytes and nothing else', () => {
    for (const value of [undefined, null, 7, {}, ['a']])
      expect(() => box.seal(value as never)).toThrow(/^BULWARK_SEAL_INVALID/)
    for (const context of ['\ud800', 7, {}, ['a']]) {
      expect(() => box.seal('x', { context: context as string })).toThrow(/^BULWARK_SEAL_INVALID/)
      expect(() => box.open(box.seal('x'), { context: context as string })).toThrow(/^BULWARK_SEAL_INVALID/)
    }
  })

  test('can be told from plain values', () => {
    expect(isSealed(box.seal(''))).toBe(true)
    for (const plain of [
      '',
      'bw1.',
      'ann@example.org',
      'bw1.hello there, this is no sealed value at all, but a sentence of text',
      7,
      null,
    ])
      expect(isSealed(plain)).toBe(false)
  })

  test('fits into a URL, a cookie and a file name as it is', () => {
    expect(box.seal('\0\xff?&=')).toMatch(/^[\w.-]+$/)
    expect(encryption.signer('notes').sign('\0\xff?&=')).toMatch(/^[\w.-]+$/)
  })
})
