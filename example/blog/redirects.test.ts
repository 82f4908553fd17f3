import { expect, test } from 'vitest'
import { localPath } from './redirects.ts'

test.each(['/', '/posts/1', '/search?q=a%20b', '/posts/1#comments', '/a/../b', 'write'])(
  '%j is a place on the blog',
  (text) => expect(localPath(text)).toMatch(/^\/[a-z]*/),
)

test.each([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example/',
  '\\\\evil.example/',
  '/\t/evil.example/',
  ' //evil.example/',
  'https:evil.example',
  '/.//evil.example/',
  '/a/..//evil.example/',
  'javascript:alert(1)',
  'data:text/html,x',
  'https://blog.invalid@evil.example/',
  'http://[',
  '',
])('%j leads to the first page', (text) => expect(localPath(text)).toBe('/'))
