import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalIp, parseCidr } from './ip.ts'
import { clientAddress, forwardedProto, isTrustedProxy, PROXY_PRESETS } from './proxies.ts'

const trusted = ['10.0.0.0/8', '2001:db8::/32'].map((text) => parseCidr(text) ?? expect.fail(text))

describe('the client of a request', () => {
  test.each([
    ['its peer, when nothing is forwarded', '203.0.113.9', undefined, '203.0.113.9'],
    ['its peer, when the peer is not trusted', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['the trusted peer itself, when nothing is forwarded', '10.0.0.1', undefined, '10.0.0.1'],
    ['the trusted peer itself, when the header is empty', '10.0.0.1', '', '10.0.0.1'],
    ['the hop before a trusted peer', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['the first hop from the right that is not trusted', '10.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['never what the client wrote left of itself', '10.0.0.1', '10.9.9.9, 6.6.6.6, 198.51.100.1', '198.51.100.1'],
    ['the farthest hop, when all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['found behind a mapped peer', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['written the canonical way', '10.0.0.1', '2001:0DB9:0:0::1', '2001:db9::1'],
    ['read from IPv4 with a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['read from IPv6 in brackets', '10.0.0.1', '[2001:db9::1]', '2001:db9::1'],
    ['read from IPv6 in brackets with a port', '10.0.0.1', '[2001:db9::1]:4711', '2001:db9::1'],
    ['found across trusted IPv6 hops', '2001:db8::1', '198.51.100.1,[2001:db8::2]:443', '198.51.100.1'],
    ['empty for a socket without address', '', '198.51.100.1', ''],
  ])('is %s', (_, peer, header, client) => {
    expect(clientAddress(peer, header, trusted)).toBe(client)
  })

  test.each([
    'unknown',
    '_hidden',
    '"198.51.100.1"',
    'for=198.51.100.1',
    '198.51.100',
    '198.51.100.1:',
    '198.51.100.1:999999',
    '[198.51.100.1]',
    '[::1',
    '::1]',
    '<script>',
    '198.51.100.1 6.6.6.6',
    '',
    ' ',
    '010.0.0.1',
  ])('is the last good trusted hop when the next one is malformed: %j', (hop) => {
    expect(clientAddress('10.0.0.1', `6.6.6.6, ${hop}, 10.0.0.2`, trusted)).toBe('10.0.0.2')
    expect(clientAddress('10.0.0.1', `6.6.6.6,${hop}`, trusted)).toBe('10.0.0.1')
  })

  test('is its peer when nobody is trusted', () => {
    expect(clientAddress('10.0.0.1', '198.51.100.1', [])).toBe('10.0.0.1')
  })

  test('is not searched behind 64 hops', () => {
    const hops = (count: number): string => `198.51.100.1${', 10.0.0.2'.repeat(count)}`
    expect(clientAddress('10.0.0.1', hops(63), trusted)).toBe('198.51.100.1')
    expect(clientAddress('10.0.0.1', hops(64), trusted)).toBe('10.0.0.2')
  })

  test('is not searched behind 2,048 characters, nor read from a hop that they cut', () => {
    const padded = (length: number): string => `198.51.100.123,${' '.repeat(length - 8)}10.0.0.2`
    expect(clientAddress('10.0.0.1', padded(2033), trusted)).toBe('198.51.100.123')
    for (const length of [2034, 2036, 2046, 2047, 2048, 2049]) {
      expect(clientAddress('10.0.0.1', padded(length), trusted)).toBe(length <= 2048 ? '10.0.0.2' : '10.0.0.1')
    }
  })

  test('is an address whatever the header says', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('10.0.0.2'))
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 8 }), (hops) => {
        const client = clientAddress('10.0.0.1', hops.join(','), trusted)
        expect(canonicalIp(client)).toBe(client)
      }),
    )
  })
})

test.each([
  ['https', 'https'],
  ['HTTPS', 'https'],
  ['http', 'http'],
  ['https, http', 'http'],
  ['http,https', 'https'],
  ['https, https, http', 'http'],
  ['http, http, https', 'https'],
  ['https,', undefined],
  ['wss', undefined],
  ['https evil', undefined],
  ['', undefined],
  [undefined, undefined],
] as const)('of a trusted proxy, X-Forwarded-Proto %j means %s', (header, proto) => {
  expect(forwardedProto(header, '10.0.0.1', trusted)).toBe(proto)
})

test('X-Forwarded-Proto means nothing from a peer that is not trusted', () => {
  expect(forwardedProto('https', '203.0.113.9', trusted)).toBeUndefined()
  expect(forwardedProto('https', '', trusted)).toBeUndefined()
})

test.each(Object.entries(PROXY_PRESETS))('each block of the preset %s is one', (_, blocks) => {
  for (const block of blocks) expect(parseCidr(block), block).toBeDefined()
})

test.each([
  ['loopback', '::1', true],
  ['loopback', '10.0.0.1', false],
  ['private', '172.20.0.3', true],
  ['private', 'fd12::1', true],
  ['private', '203.0.113.9', false],
  ['cloudflare', '104.16.1.1', true],
  ['cloudflare', '2606:4700::6810:84e5', true],
  ['cloudflare', '8.8.8.8', false],
] as const)('the preset %s trusts %s: %s', (preset, ip, expected) => {
  const cidrs = PROXY_PRESETS[preset].flatMap((text) => parseCidr(text) ?? [])
  expect(isTrustedProxy(ip, cidrs)).toBe(expected)
})
