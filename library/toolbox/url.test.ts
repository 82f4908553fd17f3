import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSafeUrl, parseUrl } from './url.ts'

test.each([
  '',
  '/',
  '/a',
  'a',
  './a',
  '../a',
  '?a',
  '#a',
  '//host.example/a',
  '/a:b',
  'a/b:c',
  '?a:b',
  '#a:b',
  'http://a.example',
  'HTTPS://a.example',
  'mailto:a@b.example',
  'tel:+49',
  'grüße',
])('a link to %j is safe', (url) => {
  expect(isSafeUrl(url)).toBe(true)
})

test.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' javascript:alert(1)',
  '\u00a0javascript:alert(1)',
  'java\tscript:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript\r:alert(1)',
  'javascript :alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'blob:x',
  'file:///etc',
  'view-source:x',
  ' http://a.example',
  'a:b',
  ':',
  '/a\tb',
  'http:\n//a',
  'ht\u0000tp:',
  'ｊavascript:x',
])('a link to %j is not', (url) => {
  expect(isSafeUrl(url)).toBe(false)
})

test('a browser never finds another scheme in a safe link', () => {
  const part = fc.constantFrom(
    'javascript',
    'data',
    'http',
    ':',
    '/',
    '\t',
    '\n',
    ' ',
    '\\',
    '?',
    '#',
    'a',
    '\u0000',
    '\u00a0',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const text = parts.join('')
      if (!isSafeUrl(text) || parseUrl(text, 'https://app.example/a') === undefined) return
      expect(new URL(text, 'https://app.example/a').protocol).toMatch(/^(?:https?|mailto|tel):$/)
    }),
    { numRuns: 2000 },
  )
})

test('a URL with letters of other languages is read, however often', () => {
  for (let i = 0; i < 20_000; i++) {
    if (parseUrl('https://b\u00fccher.example/')?.hostname !== 'xn--bcher-kva.example') expect.fail(`after ${i} times`)
  }
  expect(parseUrl('https://[')).toBeUndefined()
  expect(parseUrl('b', 'https://app.example/a/')?.href).toBe('https://app.example/a/b')
})
