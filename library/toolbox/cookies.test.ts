import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CookieAttributes,
  findCookie,
  formatCookie,
  isCookieName,
  parseCookies,
  parseSetCookie,
} from './cookies.ts'

describe('the Cookie header', () => {
  test.each<[string | undefined, Record<string, string>]>([
    [undefined, {}],
    ['', {}],
    ['a=1', { a: '1' }],
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1;b=2', { a: '1', b: '2' }],
    [' a = 1 ;\tb=2\t', { a: '1', b: '2' }],
    ['a=', { a: '' }],
    ['a=b=c', { a: 'b=c' }],
    ['a="1"', { a: '"1"' }],
    ['a=%zz; b=%41', { a: '%zz', b: '%41' }],
    ['a=1; a=2', { a: '1' }],
    ['flag; a=1', { a: '1' }],
    ['flag', {}],
    ['=1; a=2', { a: '2' }],
    [';;a=1;;', { a: '1' }],
    ['A=1; a=2', { A: '1', a: '2' }],
  ])('%j holds %j', (header, expected) => {
    expect(Object.fromEntries(parseCookies(header))).toEqual(expected)
    for (const [name, value] of Object.entries(expected)) expect(findCookie(header, name)).toBe(value)
  })

  test('names that objects know are only names', () => {
    expect(parseCookies('__proto__=1; constructor=2').get('__proto__')).toBe('1')
    expect(parseCookies('a=1').get('constructor')).toBeUndefined()
  })

  test('is read for 100 pairs', () => {
    const header = Array.from({ length: 150 }, (_, index) => `c${index}=1`).join('; ')
    expect(parseCookies(header).size).toBe(100)
  })

  test.each([
    ['xsid=1', 'sid'],
    ['sidx=1', 'sid'],
    ['a=sid=1', 'sid'],
    ['a=1 sid=2', 'sid'],
    ['a="; sid', 'sid'],
    ['sid', 'sid'],
    ['a=1', ''],
    ['=1', ''],
    ['SID=1', 'sid'],
  ])('%j has no cookie %j', (header, name) => {
    expect(findCookie(header, name)).toBeUndefined()
  })

  test('one cookie is found as all are read', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '=', ';', ' ', '\t', '"', '%'), maxLength: 40 })
    fc.assert(
      fc.property(text, fc.constantFrom('a', 'b', 'ab', 'abc'), (header, name) => {
        expect(findCookie(header, name)).toBe(parseCookies(header).get(name))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a Set-Cookie line', () => {
  test.each<[string, string, CookieAttributes, string]>([
    ['a', '1', {}, 'a=1'],
    ['a', '', { maxAge: 0 }, 'a=; Max-Age=0'],
    [
      '__Host-sid',
      'x_-.~',
      { path: '/', secure: true, httpOnly: true, sameSite: 'lax', maxAge: 60 },
      '__Host-sid=x_-.~; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax',
    ],
    ['a', '1', { domain: 'app.example', path: '/a b' }, 'a=1; Path=/a b; Domain=app.example'],
    ['a', '1', { expires: new Date(0) }, 'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['a', '1', { secure: true, sameSite: 'none', partitioned: true }, 'a=1; Secure; SameSite=None; Partitioned'],
  ])('%s=%s with %j', (name, value, attributes, line) => {
    expect(formatCookie(name, value, attributes)).toBe(line)
  })

  test.each<[string, string, string, CookieAttributes]>([
    ['an empty name', '', '1', {}],
    ['a name with a blank', 'a b', '1', {}],
    ['a name with an equals sign', 'a=b', '1', {}],
    ['a name with a line break', 'a\r\nSet-Cookie: b', '1', {}],
    ['a value with a semicolon', 'a', '1; Domain=evil.test', {}],
    ['a value with a line break', 'a', '1\r\nSet-Cookie: b=1', {}],
    ['a value with a comma', 'a', '1,2', {}],
    ['a value with a quote', 'a', '"1"', {}],
    ['a value with a backslash', 'a', '\\', {}],
    ['a value outside ASCII', 'a', 'é', {}],
    ['a value with a NUL', 'a', '\0', {}],
    ['a value of 4,096 bytes', 'a', 'x'.repeat(4096), {}],
    ['a path with a semicolon', 'a', '1', { path: '/; Secure' }],
    ['a path with a line break', 'a', '1', { path: '/\n' }],
    ['a path without slash', 'a', '1', { path: 'a' }],
    ['an empty path', 'a', '1', { path: '' }],
    ['a domain with a semicolon', 'a', '1', { domain: 'a;b' }],
    ['an empty domain', 'a', '1', { domain: '' }],
    ['a domain with a line break at its end', 'a', '1', { domain: 'a.example\n' }],
    ['a broken lifetime', 'a', '1', { maxAge: Number.NaN }],
    ['a lifetime in fractions', 'a', '1', { maxAge: 1.5 }],
    ['a broken date', 'a', '1', { expires: new Date(Number.NaN) }],
    ['__Host- without Secure', '__Host-a', '1', { path: '/' }],
    ['__Host- without Path=/', '__Host-a', '1', { secure: true }],
    ['__Host- with another path', '__Host-a', '1', { secure: true, path: '/a' }],
    ['__Host- with a domain', '__Host-a', '1', { secure: true, path: '/', domain: 'a.example' }],
    ['__host- in any case without Secure', '__hOST-a', '1', { path: '/' }],
    ['__Secure- without Secure', '__Secure-a', '1', {}],
    ['SameSite=None without Secure', 'a', '1', { sameSite: 'none' }],
    ['Partitioned without Secure', 'a', '1', { partitioned: true }],
  ])('is refused for %s', (_, name, value, attributes) => {
    expect(() => formatCookie(name, value, attributes)).toThrow(TypeError)
  })

  test('is refused for a sameSite that types could not hold back', () => {
    const attributes = JSON.parse('{"sameSite":"lax; Domain=evil.test"}') as CookieAttributes
    expect(() => formatCookie('a', '1', attributes)).toThrow(TypeError)
  })

  test('never shows the value in its errors', () => {
    expect(() => formatCookie('a', 'secret;')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    )
  })

  test('is taken apart as it was written', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 10 })
      .filter((text) => isCookieName(text) && !text.startsWith('__'))
    const value = fc.base64String()
    fc.assert(
      fc.property(name, value, fc.integer(), (cookieName, cookieValue, maxAge) => {
        const parsed = parseSetCookie(
          formatCookie(cookieName, cookieValue, { path: '/a', maxAge, secure: true, httpOnly: true }),
        )
        expect(parsed.name).toBe(cookieName)
        expect(parsed.value).toBe(cookieValue)
        expect(Object.fromEntries(parsed.attributes)).toEqual({
          path: '/a',
          'max-age': `${maxAge}`,
          secure: '',
          httponly: '',
        })
      }),
    )
  })

  test.each<[string, string, string, Record<string, string>]>([
    ['a=b', 'a', 'b', {}],
    ['a=b; Path=/; SECURE; SameSite = Lax', 'a', 'b', { path: '/', secure: '', samesite: 'Lax' }],
    ['a=b=c; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'a', 'b=c', { expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    ['a=b; Path=/a; Path=/b', 'a', 'b', { path: '/b' }],
    ['value', '', 'value', {}],
    ['=value', '', 'value', {}],
    ['', '', '', {}],
    ['a=b;; ;', 'a', 'b', {}],
  ])('%j', (line, name, value, attributes) => {
    const parsed = parseSetCookie(line)
    expect({ ...parsed, attributes: Object.fromEntries(parsed.attributes) }).toEqual({ name, value, attributes })
  })
})
