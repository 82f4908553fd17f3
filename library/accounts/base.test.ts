import { describe, expect, test } from 'vitest'
import { memoryStore } from '../stores/memory.ts'
import { sealOf } from './base/seal.ts'
import { type Purpose, tokensIn } from './base/tokens.ts'
import { emailKey, parseEmail } from './email.ts'
import { hashRecoveryCode, newRecoveryCodes } from './flows/recovery-codes.ts'
import { newId } from './id.ts'
import { KEY } from './test-world.ts'

describe('an e-mail address', () => {
  test.each([
    ['ann@example.org', 'ann@example.org'],
    [' Ann.Örn+list@Example.ORG\n', 'Ann.Örn+list@Example.ORG'],
    ["o'neil@example.org", "o'neil@example.org"],
    ['jo\u0308rg@example.org', 'jörg@example.org'],
    ['ann@bücher.example', 'ann@bücher.example'],
    ['ann@xn--bcher-kva.example', 'ann@xn--bcher-kva.example'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
  ])('%j is one', (text, expected) => {
    expect(parseEmail(text)).toBe(expected)
  })

  test.each([
    [''],
    ['ann'],
    ['@example.org'],
    ['ann@'],
    ['ann@localhost'],
    ['ann@127.0.0.1'],
    ['ann@[127.0.0.1]'],
    ['ann@@example.org'],
    ['ann@example..org'],
    ['ann@-example.org'],
    ['ann@example.org.'],
    ['.ann@example.org'],
    ['ann.@example.org'],
    ['a..b@example.org'],
    ['"ann"@example.org'],
    ['ann(x)@example.org'],
    ['Ann <ann@example.org>'],
    ['ann@example.org, bob@example.org'],
    ['ann bob@example.org'],
    ['ann@example.org\r\nBcc: bob@example.org'],
    ['ann\0@example.org'],
    ['ann\u200b@example.org'],
    ['ann\u202e@example.org'],
    ['ann\u2028@example.org'],
    ['ann\ud83d@example.org'],
    ['ann\\@example.org'],
    [`${'a'.repeat(65)}@example.org`],
    [`a@${'b'.repeat(64)}.example`],
    [`a@${'b.'.repeat(130)}example`],
    [`${'a@'.repeat(50_000)}example.org`],
    [undefined],
    [17],
    [['ann@example.org']],
    [{ toString: () => 'ann@example.org' }],
  ])('%j is none', (text) => {
    expect(parseEmail(text)).toBeUndefined()
  })

  test('its key is the same for the same mailbox, and its own key', () => {
    for (const [email, key] of [
      ['Ann@EXAMPLE.org', 'ann@example.org'],
      ['ＡＮＮ@example.org', 'ann@example.org'],
      ['ann@BÜCHER.example', 'ann@xn--bcher-kva.example'],
      ['a.b+c@example.org', 'a.b+c@example.org'],
      ['İ@example.org', 'i̇@example.org'],
      ['', ''],
      ['no address', 'no address'],
    ] as const) {
      expect(emailKey(email)).toBe(key)
      expect(emailKey(key)).toBe(key)
    }
  })

  test('that a mail server takes for another is another', () => {
    const keys = ['ann@example.org', 'anń@example.org', 'ann@éxample.org', 'ann+x@example.org', 'a.nn@example.org'].map(
      emailKey,
    )
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('an id', () => {
  test('is a UUID of version 7, in the order of time', () => {
    const ids = [0, 1, 1_800_000_000_000, 1_800_000_000_001, 2 ** 47].map(newId)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(Array.from({ length: 1000 }, () => newId(5))).size).toBe(1000)
  })
})

describe('a token', () => {
  const tokens = tokensIn(memoryStore(), 'journal')

  test('is known to the store only by its hash', async () => {
    const store = memoryStore()
    const keys: string[] = []
    const put = store.put.bind(store)
    const watched = Object.assign(store, {
      put(key: string, value: string, options: Parameters<typeof put>[2]) {
        keys.push(key, value, options.owner ?? '')
        return put(key, value, options)
      },
    })
    const token = await tokensIn(watched, 'journal').issue('reset', { id: 'ann' }, 1000, 'ann')
    expect(keys.join('\n')).not.toContain(token)
    expect(keys[0]).toMatch(/^account-token:journal:reset:[0-9a-f]{64}$/)
  })

  test('opens only what it was made for, in the app it was made in, and is used once', async () => {
    const store = memoryStore()
    const token = await tokensIn(store, 'journal').issue('reset', { id: 'ann' }, 60_000)
    for (const purpose of ['register', 'email', 'second-factor', 'passkey', 'passkey-sign-in'] as Purpose[]) {
      expect(await tokensIn(store, 'journal').look(purpose, token)).toBeUndefined()
      expect(await tokensIn(store, 'journal').use(purpose, token)).toBe(false)
    }
    expect(await tokensIn(store, 'other').look('reset', token)).toBeUndefined()
    expect(await tokensIn(store, 'journal').look('reset', token)).toEqual({ id: 'ann' })
    const uses = await Promise.all(Array.from({ length: 20 }, () => tokensIn(store, 'journal').use('reset', token)))
    expect(uses.filter(Boolean)).toHaveLength(1)
  })

  test('ends with all others of its owner, and with none of somebody else', async () => {
    const own = [await tokens.issue('reset', {}, 60_000, 'ann'), await tokens.issue('email', {}, 60_000, 'ann')]
    const other = await tokens.issue('reset', {}, 60_000, 'bob')
    await tokens.revokeAll('ann')
    expect(await tokens.look('reset', own[0])).toBeUndefined()
    expect(await tokens.look('email', own[1])).toBeUndefined()
    expect(await tokens.look('reset', other)).toEqual({})
  })
})

describe('a sealed secret', () => {
  const seal = sealOf(KEY, 'journal', Date.now)

  test('opens for the account and the app that it was sealed for, and is never twice the same', () => {
    const sealed = seal.close('JBSWY3DPEHPK3PXP', 'ann')
    expect(seal.open(sealed, 'ann')).toBe('JBSWY3DPEHPK3PXP')
    expect(sealed).not.toContain('JBSWY3DPEHPK3PXP')
    expect(seal.close('JBSWY3DPEHPK3PXP', 'ann')).not.toBe(sealed)
    expect(() => seal.open(sealed, 'bob')).toThrow('BULWARK_KEYS_MISSING')
    expect(() => sealOf(KEY, 'other', Date.now).open(sealed, 'ann')).toThrow('BULWARK_KEYS_MISSING')
  })

  test('altered or cut, it does not open', () => {
    const sealed = seal.close('JBSWY3DPEHPK3PXP', 'ann')
    for (const wrong of [
      sealed.slice(0, -1),
      `${sealed.slice(0, 40)}${sealed[40] === 'A' ? 'B' : 'A'}${sealed.slice(41)}`,
      '',
      'x',
    ]) {
      expect(() => seal.open(wrong, 'ann'), wrong).toThrow('BULWARK_KEYS_MISSING')
    }
  })
})

test('recovery codes have 120 random bits, and their hashes are of one account', () => {
  const codes = Array.from({ length: 20 }, newRecoveryCodes).flat()
  expect(new Set(codes).size).toBe(200)
  expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32)
  const [code = ''] = codes
  expect(hashRecoveryCode('ann', code)).toBe(hashRecoveryCode('ann', code.toLowerCase().replaceAll('-', ' ')))
  expect(hashRecoveryCode('ann', code)).not.toBe(hashRecoveryCode('bob', code))
})
