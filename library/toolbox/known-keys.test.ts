import { describe, expect, test } from 'vitest'
import { type KnownTree, nearest, strangerIn } from './known-keys.ts'

const known: KnownTree = { mode: true, json: true, other: { depth: true }, senders: [{ secrets: true }] }

describe('a key that nobody knows', () => {
  test.each([
    [{ jsno: 1 }, 'policy.jsno', 'did you mean "json"?'],
    [{ size: 1 }, 'policy.size', 'it may have: mode, json, other, senders'],
    [{ other: { depht: 1 } }, 'policy.other.depht', 'did you mean "depth"?'],
    [{ senders: { shop: { secret: 1 } } }, 'policy.senders.shop.secret', 'did you mean "secrets"?'],
    [{ senders: [{ secrets: 1 }, { key: 1 }] }, 'policy.senders[1].key', 'it may have: secrets'],
    [{ 'a-b': undefined }, 'policy["a-b"]', 'it may have: mode, json, other, senders'],
    [JSON.parse('{"__proto__": 1}'), 'policy.__proto__', 'it may have: mode, json, other, senders'],
    [{ constructor: 1 }, 'policy.constructor', 'it may have: mode, json, other, senders'],
  ])('%j is found at its place, with what may have been meant', (options, at, fix) => {
    expect(strangerIn(options, known, 'policy')).toMatchObject({ at, fix })
  })

  test.each([
    [{}],
    [undefined],
    [null],
    ['text'],
    [{ mode: { whatever: 1 }, other: 'text', senders: [] }],
    [{ other: { off: 'not needed here', depht: 1 } }],
    [{ other: [1, 2] }],
    [{ other: () => 1 }],
  ])('%j has none', (options) => {
    expect(strangerIn(options, known, 'policy')).toBeUndefined()
  })
})

test.each([
  ['trustedOrigin', 'trustedOrigins'],
  ['csp', undefined],
  ['LIMIT', 'limit'],
  ['limti', 'limit'],
  ['policy', 'contentSecurityPolicy'],
  ['xyz', undefined],
])('%s is near %s', (word, near) => {
  expect(nearest(word, ['trustedOrigins', 'limit', 'contentSecurityPolicy', 'id'])).toBe(near)
})
