import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePath, hasDotSegments, normalisePath } from './paths.ts'

test.each([
  ['/a', '/a'],
  ['/a?b=%zz', '/a'],
  ['/a#b', '/a'],
  ['/a%20b', '/a b'],
  ['/a%2fb', '/a/b'],
  ['/%252e', '/%2e'],
  ['/gr%C3%BC%C3%9Fe', '/grüße'],
  ['http://app.example/a%20b?c', '/a b'],
  ['http://app.example', ''],
  ['*', '*'],
  ['/%', undefined],
  ['/%zz', undefined],
  ['/%ff', undefined],
  ['/%c0%ae', undefined],
  ['/%ed%a0%80', undefined],
])('the path of %s is %j', (target, path) => {
  expect(decodePath(target)).toBe(path)
})

describe('dot segments', () => {
  test.each([
    '/..',
    '/../',
    '/a/../b',
    '/./a',
    '/a/.',
    '..',
    '../a',
    '/a\\..\\b',
    '\\..',
    '/a/%2e%2e/b',
    '/a/%2E%2e/b',
    '/a/.%2e',
    '/a%2f..%2fb',
    '/a%5c..%5cb',
    '/a%5C%2e%2e',
    '/%252e%252e/',
    '/a%252f%2e%2e%252f',
    '/%255c..%255c',
    '/%25252e%25252e/',
    '/%%32%65%%32%65/',
    '/a/..?b',
    '/a/%2e%2e?b',
    'http://app.example/../a',
    '/\\..\\',
    '/..%2f..%2fetc/passwd',
  ])('are seen in %s', (target) => {
    expect(hasDotSegments(target)).toBe(true)
  })

  test.each([
    '/',
    '',
    '*',
    '/a',
    '/a.b',
    '/.well-known/x',
    '/..a',
    '/a..',
    '/a...b',
    '/...',
    '/a/..;/b',
    '/a?b=../c',
    '/a?b=%2e%2e/',
    '/a#/../',
    '/%20',
    '/%',
    '/100%25',
    '/v1.2/a',
    '/a%2eb',
    'http://app.example/a',
  ])('are not seen in %s', (target) => {
    expect(hasDotSegments(target)).toBe(false)
  })

  test('are seen wherever one decoding shows them', () => {
    const part = fc.constantFrom('.', '%2e', '%2E', '/', '\\', '%2f', '%5C', 'a', '%61')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
        const target = `/${parts.join('')}`
        const segments = (decodePath(target) ?? '').split(/[\\/]/)
        expect(hasDotSegments(target)).toBe(segments.includes('.') || segments.includes('..'))
      }),
      { numRuns: 500 },
    )
  })
})

test.each([
  ['', '/'],
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/b/', '/a/b/'],
  ['a', '/a'],
  ['//a///b', '/a/b'],
  ['\\a\\b', '/a/b'],
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/a/..', '/'],
  ['/a/b/..', '/a/'],
  ['/../../etc/passwd', '/etc/passwd'],
  ['/a/.', '/a/'],
  ['/...', '/...'],
])('%j is normalised to %s', (path, normal) => {
  expect(normalisePath(path)).toBe(normal)
})

test('a normalised path is its own normal form, and has no dot segments', () => {
  const text = fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', '?', '%'), maxLength: 20 })
  fc.assert(
    fc.property(text, (path) => {
      const normal = normalisePath(path)
      expect(normalisePath(normal)).toBe(normal)
      expect(normal.split('/')).not.toContain('..')
    }),
  )
})
