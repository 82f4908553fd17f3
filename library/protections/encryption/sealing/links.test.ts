import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeKey } from '../../../keys/text.ts'
import { createEncryption } from '../index.ts'

const links = createEncryption({ keys: makeKey() }).links('files')
const signed = links.sign('/files/7?size=2&name=a%20b')

describe('a signed link', () => {
  test('is the link with one more parameter', () => {
    expect(signed).toMatch(/^\/files\/7\?size=2&name=a%20b&_signed=[\w-]{58}$/)
    expect(links.sign('/')).toMatch(/^\/\?_signed=/)
    expect(links.isSigned(signed)).toBe(true)
    expect(links.isSigned(links.sign('/'))).toBe(true)
  })

  test('may be a whole URL, of which path and query are signed', () => {
    const url = links.sign('https://files.example:8443/a?b=c')
    expect(url).toMatch(/^https:\/\/files\.example:8443\/a\?b=c&_signed=/)
    const { pathname, search } = new URL(url)
    expect(links.isSigned(pathname + search)).toBe(true)
    expect(links.isSigned(new URL(links.sign('https://files.example')).search.replace(/^/, '/'))).toBe(true)
  })

  test.each([
    ['another file', signed.replace('/7', '/8')],
    ['another parameter', signed.replace('size=2', 'size=3')],
    ['a parameter behind it', `${signed}&size=3`],
    ['a parameter in front', signed.replace('?', '?size=3&')],
    ['an encoded parameter behind it', `${signed}%26size=3`],
    ['a fragment', `${signed}#x`],
    ['another order', signed.replace('size=2&name=a%20b', 'name=a%20b&size=2')],
    ['another spelling', signed.replace('%20', '+')],
    ['another case of the path', signed.replace('files', 'FILES')],
    ['a path that climbs', signed.replace('/7', '/7/../8')],
    ['a slash more', signed.replace('/files', '//files')],
    ['the whole URL', `http://a${signed}`],
    ['a second signature', `${signed}&${signed.slice(signed.indexOf('_signed'))}`],
    ['the signature in front', signed.replace(/\?(.*)&(_signed=.*)/, '?$2&$1')],
    ['the signature as the first parameter', signed.replace('&_signed', '?_signed')],
    ['no signature', '/files/7?size=2&name=a%20b'],
    ['an empty one', signed.replace(/_signed=.*/, '_signed=')],
    ['nothing', ''],
    ['only a signature', signed.slice(signed.indexOf('_signed'))],
  ])('with %s is none', (_, target) => {
    expect(links.isSigned(target)).toBe(false)
  })

  test('with any one character exchanged is none', () => {
    fc.assert(
      fc.property(fc.nat(signed.length - 1), fc.constantFrom(...'aA0-_/?&=%.#'), (at, letter) => {
        fc.pre(signed[at] !== letter)
        expect(links.isSigned(signed.slice(0, at) + letter + signed.slice(at + 1))).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test('is for one method and one context, and HEAD is as GET', () => {
    expect(links.isSigned(signed, { method: 'HEAD' })).toBe(true)
    for (const method of ['POST', 'DELETE', 'get ', 'G']) expect(links.isSigned(signed, { method })).toBe(false)
    expect(links.isSigned(links.sign('/a', { method: 'post' }), { method: 'POST' })).toBe(true)
    const own = links.sign('/a', { context: 'person:7' })
    expect([
      links.isSigned(own, { context: 'person:7' }),
      links.isSigned(own),
      links.isSigned(own, { context: 'person:8' }),
    ]).toEqual([true, false, false])
  })

  test('of another purpose is none', () => {
    const other = createEncryption({ keys: makeKey() })
    expect(other.links('files').isSigned(signed)).toBe(false)
    expect(other.links('reports').isSigned(other.links('files').sign('/a'))).toBe(false)
  })

  test.each([
    '',
    'files/7',
    '//evil.example/a',
    '/\\evil',
    '/a b',
    '/ä',
    '/a#b',
    '/a?_signed=x',
    '/a?b&_signed',
    'ftp://a/b',
    'javascript:x',
    '/a\n',
  ])('%s cannot be signed', (link) => {
    expect(() => links.sign(link)).toThrow(/^BULWARK_SEAL_INVALID/)
  })
})
