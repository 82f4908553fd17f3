import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeAttribute, escapeHtml } from './html.ts'

test.each([
  ['', ''],
  ['plain text', 'plain text'],
  ['<script>', '&lt;script&gt;'],
  [`"'&`, '&quot;&#39;&amp;'],
  ['&lt;', '&amp;lt;'],
  ['ü \u{1f600}', 'ü \u{1f600}'],
])('in content %j becomes %s', (text, escaped) => {
  expect(escapeHtml(text)).toBe(escaped)
})

test.each([
  ['plain', 'plain'],
  ['a b', 'a&#32;b'],
  ['x onload=alert`1`', 'x&#32;onload&#61;alert&#96;1&#96;'],
  ['"><b>', '&quot;&gt;&lt;b&gt;'],
  ['a/b\n', 'a&#47;b&#10;'],
  ['\0', '\ufffd'],
  ['Ω\u{1f600}', 'Ω\u{1f600}'],
])('in an attribute %j becomes %s', (text, escaped) => {
  expect(escapeAttribute(text)).toBe(escaped)
})

test('nothing that ends an attribute or begins markup is left', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('a', ' ', '\0', '\n', '&', '<', '>', '"', "'", '`', '=', '/', ';', 'ü', '\u{1f600}'),
      }),
      (text) => {
        if (/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/.test(escapeHtml(text))) return false
        return !/[<>"'`=\s\0/]/.test(escapeAttribute(text))
      },
    ),
  )
})
