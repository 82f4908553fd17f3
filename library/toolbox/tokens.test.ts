import { createHash, createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { constantTimeEqual, hmac, nonce, randomHex, randomToken, sha256 } from './tokens.ts'

test('tokens have the promised length and alphabet', () => {
  expect(randomToken()).toMatch(/^[\w-]{22}$/)
  expect(randomToken(32)).toMatch(/^[\w-]{43}$/)
  expect(nonce()).toMatch(/^[\w-]{22}$/)
  expect(randomHex(5)).toMatch(/^[0-9a-f]{10}$/)
})

test('no token comes twice, also across refills of the pool and for tokens larger than it', () => {
  const seen = new Set<string>()
  for (let index = 0; index < 3000; index++) seen.add(randomToken(1 + (index % 3) * 8 + 7))
  for (let index = 0; index < 4; index++) seen.add(randomToken(16_384))
  expect(seen.size).toBe(3004)
})

test('no byte of one token is used in the next', () => {
  const tokens = Array.from({ length: 2000 }, () => randomHex(4))
  const shared = tokens.filter((token, index) => token.slice(-2) === tokens[index + 1]?.slice(0, 2))
  // By chance one pair in 256 looks as if it did.
  expect(shared.length).toBeLessThan(60)
})

test('every byte value turns up about equally often', () => {
  const counts = new Array<number>(256).fill(0)
  for (const byte of Buffer.from(randomHex(65_536), 'hex')) counts[byte] = (counts[byte] ?? 0) + 1
  // 256 expected, standard deviation 16: ten of them are out of reach of chance.
  expect(Math.min(...counts)).toBeGreaterThan(96)
  expect(Math.max(...counts)).toBeLessThan(416)
})

test.each([0, -1, 1.5, Number.NaN, 65_537])('a token of %d bytes is refused', (bytes) => {
  expect(() => randomToken(bytes)).toThrow(RangeError)
})

test.each([
  ['', '', true],
  ['a', 'a', true],
  ['a', 'b', false],
  ['a', 'ab', false],
  ['ab', 'a', false],
  ['', 'a', false],
  ['é', 'é', true],
  ['\ud800', '\ud801', false],
  ['a\0', 'a', false],
])('%j equals %j in constant time: %s', (a, b, equal) => {
  expect(constantTimeEqual(a, b)).toBe(equal)
})

test('constant-time equality is equality', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      (a, b) => constantTimeEqual(a, b) === (a === b) && constantTimeEqual(a, `${a}`),
    ),
  )
})

test('digests are those of SHA-256, over UTF-8', () => {
  expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(sha256('grüße')).toBe(createHash('sha256').update('grüße', 'utf8').digest('hex'))
  // RFC 4231, test case 2.
  const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  expect(Buffer.from(hmac('Jefe', 'what do ya want for nothing?'), 'base64url').toString('hex')).toBe(expected)
  expect(hmac(createSecretKey(Buffer.from('key')), 'text')).toBe(
    createHmac('sha256', 'key').update('text').digest('base64url'),
  )
})
