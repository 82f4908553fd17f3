import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { isRandomLooking, knownSecretIn } from './formats.ts'
import { secrets } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { discreet, talkative, victim } from './victim.ts'

const [hiddenFile, inPage] = probes

prove('secrets', { victim, probes: [hiddenFile!], rules, sources: ['victim.ts', 'fixtures/shop.js'] })

describe('what pages tell', () => prove('secrets', { victim: talkative, fixed: discreet, probes: [inPage!] }))

describe('a path', () => {
  const verdictOn = (target: string, served: readonly string[] = []): number | undefined => {
    const verdict = secrets({ served }, setup()).onRequest?.(exchange({ target }))
    return (verdict as { status?: number } | undefined)?.status
  }
  const hidden = [
    '/.env',
    '/.ENV',
    '/.git/config',
    '/a/b/.aws/credentials',
    '/%2eenv',
    '/a/%2Egit/HEAD',
    '/a%2f.env',
    '/.well-known/.env',
    '/...',
    '/.env?x=1',
    '/.well-knownx/a',
  ]
  for (const target of hidden) {
    test(`${target} is as good as not there`, () => expect(verdictOn(target)).toBe(404))
  }
  const open = [
    '/',
    '/a.env',
    '/a/b.c/d',
    '/.well-known/security.txt',
    '/a/./b',
    '/a/../b',
    '/..',
    '/a%20b',
    '/search?q=/.env',
    '/100%25.html',
  ]
  for (const target of open) {
    test(`${target} passes`, () => expect(verdictOn(target)).toBeUndefined())
  }
  test('that the app serves on purpose passes, and no other', () => {
    expect(verdictOn('/.internal/metrics', ['/.internal/'])).toBeUndefined()
    expect(verdictOn('/.internals', ['/.internal/'])).toBe(404)
    expect(verdictOn('/.env', ['/.internal/'])).toBe(404)
  })
  test.each(['internal', '/internal/', '', '/'])('%j is no hidden path, which is said at start-up', (served) => {
    expect(() => secrets({ served: [served] }, setup())).toThrow(
      /BULWARK_POLICY_INVALID[\s\S]*policy\.secrets\.served\[0\]/,
    )
  })
})

describe('what looks random', () => {
  test.each(['f3b1c09a7d5e4826b9f0a1c2d3e4f586', 'zR4t9KmQ2xVb7Lp0WsYc', 'b7f2-9Kq1x-Zm0Tw3Lp'])('%s does', (text) => {
    expect(isRandomLooking(text)).toBe(true)
  })
  const plain = [
    'short1A',
    'a'.repeat(40),
    'only-words-in-here-and-nothing-else',
    'version-2024-10-11',
    'user_name_1234567890',
    'ada.lovelace42@analytical.example',
    'x1'.repeat(300),
    '0123456789012345678901234567890123456789',
    'two words 1234567890',
  ]
  test.each(plain)('%s does not', (text) => expect(isRandomLooking(text)).toBe(false))
})

test('what manuals show is no secret', () => {
  for (const text of [
    'AKIAIOSFODNN7EXAMPLE',
    `ghp_${'x'.repeat(36)}`,
    `sk_live_${'0123456789abcdef'}`,
    'glpat-xxxxxxxxxxxxxxxxxxxx',
    '-----BEGIN PUBLIC KEY-----',
  ]) {
    expect(knownSecretIn(text)).toBeUndefined()
  }
})

test.each(['src/app.test.ts', 'test/app.js', 'src/__mocks__/app.js', 'docs/app.js'])(
  'nothing is said about %s',
  (path) => {
    expect(scanText(path, "const apiKey = 'zR4t9KmQ2xVb7Lp0WsYc'", rules).findings).toEqual([])
    expect(scanText('src/app.js', "const apiKey = 'zR4t9KmQ2xVb7Lp0WsYc'", rules).findings).toHaveLength(1)
  },
)
