import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalIp, clientKey, inCidr, isLoopback, isPrivate, parseCidr, parseIp } from './ip.ts'

describe('an address has one way to be written', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['fe80::1%eth0', 'fe80::1'],
    ['febf::1%2', 'febf::1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical)
  })
})

describe('what could be read in two ways is no address', () => {
  test.each([
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01.2.3.4',
    '1.2.3.04',
    '00.0.0.0',
    '0x7f.0.0.1',
    '127.1',
    '2130706433',
    '256.1.1.1',
    '1.2.3.999',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.4:80',
    '1.2.3.4/8',
    '１.2.3.4',
    '[::1]',
    ':',
    ':::',
    '::1::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3.4:1',
    '::01.2.3.4',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '::1%eth0',
    '2001:db8::1%eth0',
    'fe80::1%',
    'fe80::1%a/b',
    '::ffff:1.2.3.4%eth0',
    '1.2.3.4%eth0',
    `${'0'.repeat(5000)}::`,
  ])('%j', (text) => {
    expect(parseIp(text)).toBeUndefined()
    expect(canonicalIp(text)).toBeUndefined()
    expect(clientKey(text)).toBe('unknown')
  })
})

test('texts made of the characters of addresses are addresses exactly when the platform says so', () => {
  const part = fc.constantFrom('0', '1', '255', '256', '01', 'ffff', 'db8', ':', '::', '.', '1.2.3.4')
  const text = fc.array(part, { maxLength: 16 }).map((parts) => parts.join(''))
  fc.assert(fc.property(fc.oneof(text, fc.ipV4(), fc.ipV6()), (ip) => (parseIp(ip) !== undefined) === (isIP(ip) !== 0)))
})

test('the canonical text reads as the same bytes, and is its own canonical text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
      const canonical = canonicalIp(ip) ?? ''
      expect(parseIp(canonical)).toEqual(parseIp(ip))
      expect(canonicalIp(canonical)).toBe(canonical)
    }),
  )
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:0:1:2::3', '2001:db8:0:1::/64'],
  ['2001:db8:0:1:ffff::', '2001:db8:0:1::/64'],
  ['2001:db8:0:2::', '2001:db8:0:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', 'unknown'],
  ['unknown', 'unknown'],
])('limits count %j as %s', (ip, key) => {
  expect(clientKey(ip)).toBe(key)
})

describe('blocks', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['192.0.2.128/25', '192.0.2.128', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1/32', '192.0.2.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '1.2.3.4', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::1/128', '::1', true],
    ['::1/128', '::', false],
  ])('%s holds %s: %s', (block, ip, holds) => {
    const cidr = parseCidr(block)
    const bytes = parseIp(ip)
    if (!cidr || !bytes) throw new Error('the table is wrong')
    expect(inCidr(bytes, cidr)).toBe(holds)
  })

  test.each([
    '',
    '/',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.7/8',
    '10.0.0.0/8 ',
    '10.0.0.0/255.0.0.0',
    '10/8',
    '::/129',
    '2001:db8::1/32',
    '::ffff:10.0.0.0/95',
    'fe80::1%eth0/64',
    'all',
  ])('%j is no block', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['::2', false],
  ['localhost', false],
])('%s is this machine: %s', (ip, expected) => {
  expect(isLoopback(ip)).toBe(expected)
})

test.each([
  ['10.1.1.1', true],
  ['172.15.0.1', false],
  ['172.31.0.1', true],
  ['192.168.0.1', true],
  ['192.169.0.1', false],
  ['100.64.0.1', true],
  ['100.128.0.1', false],
  ['169.254.169.254', true],
  ['127.0.0.1', true],
  ['0.0.0.0', true],
  ['fd00::1', true],
  ['fe80::1', true],
  ['::', true],
  ['::ffff:10.0.0.1', true],
  ['2606:4700::1', false],
  ['8.8.8.8', false],
  ['not an address', false],
])('%s is private: %s', (ip, expected) => {
  expect(isPrivate(ip)).toBe(expected)
})
