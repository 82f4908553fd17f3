import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostOf, isLoopbackHost, isSameOrigin, parseOrigin } from './origins.ts'

test.each([
  ['https://app.example', 'https://app.example'],
  ['HTTPS://App.Example', 'https://app.example'],
  ['https://app.example:443', 'https://app.example'],
  ['http://app.example:80', 'http://app.example'],
  ['http://app.example:443', 'http://app.example:443'],
  ['http://localhost:3000', 'http://localhost:3000'],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
  ['http://[0:0::1]', 'http://[::1]'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['https://my_app.example', 'https://my_app.example'],
])('%s is the origin %s', (text, origin) => {
  expect(parseOrigin(text)).toBe(origin)
})

describe('what is not exactly scheme, host and port is no origin', () => {
  test.each([
    '',
    'null',
    '*',
    'app.example',
    '//app.example',
    'https:app.example',
    'https:/app.example',
    'https:///app.example',
    'https://',
    'https://app.example/',
    'https://app.example/a',
    'https://app.example?',
    'https://app.example#',
    'https://app.example\\',
    'https://user@app.example',
    'https://a:b@app.example',
    'https://*.app.example',
    'ftp://app.example',
    'ws://app.example',
    'file://app',
    'javascript:alert(1)',
    ' https://app.example',
    'https://app.example ',
    'https://app.\texample',
    'https://app.example\n',
    'https://app.example:',
    'https://app.example:0',
    'https://app.example:0443',
    'https://app.example:65536',
    'https://app.example:-1',
    'https://app.example:443:443',
    'https://[::1',
    'https://::1',
    'https://[::g]',
    'https://0x7f.1',
    'https://127.1',
    'https://2130706433',
    'https://%61pp.example',
    'https://app.example, https://b.example',
    'https://a_|b.example',
    'https://app。example\u0000',
    `https://${'a'.repeat(400)}.example`,
  ])('%j', (text) => {
    expect(parseOrigin(text)).toBeUndefined()
  })
})

test('an origin that was read is read as itself', () => {
  fc.assert(
    fc.property(fc.webAuthority(), fc.constantFrom('http', 'https'), (authority, scheme) => {
      const origin = parseOrigin(`${scheme}://${authority}`)
      return origin === undefined || (parseOrigin(origin) === origin && new URL(origin).origin === origin)
    }),
  )
})

test.each([
  ['https://app.example', 'app.example'],
  ['http://[::1]:3000', '[::1]:3000'],
])('the host of %s is %s', (origin, host) => {
  expect(hostOf(origin)).toBe(host)
})

test.each([
  ['https://a.example', 'https://A.example:443', true],
  ['https://a.example', 'https://a.example', true],
  ['https://a.example', 'http://a.example', false],
  ['https://a.example', 'https://a.example:444', false],
  ['https://a.example', 'https://a.example.evil.test', false],
  ['null', 'null', false],
  ['', '', false],
])('%j and %j are the same origin: %s', (a, b, same) => {
  expect(isSameOrigin(a, b)).toBe(same)
})

test.each([
  ['localhost', true],
  ['LOCALHOST:3000', true],
  ['app.localhost', true],
  ['127.0.0.1', true],
  ['127.9.9.9:80', true],
  ['[::1]', true],
  ['[::1]:3000', true],
  ['::1', true],
  ['', false],
  ['localhost.evil.test', false],
  ['127.0.0.1.evil.test', false],
  ['evil/.localhost', false],
  ['.localhost', false],
  ['notlocalhost', false],
  ['localhost:', false],
  ['localhost:80:80', false],
  ['0.0.0.0', false],
  ['[::2]', false],
  ['192.168.0.1', false],
])('the host %j is this machine: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected)
})
