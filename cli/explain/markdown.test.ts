import { expect, test } from 'vitest'
import { inline, toPlain } from './markdown.ts'

const page = { width: 40, colour: false }

test('paragraphs are joined and wrapped', () => {
  expect(toPlain('A paragraph that was\nbroken elsewhere, and is long.\n\nAnother.', page)).toBe(
    '  A paragraph that was broken elsewhere,\n  and is long.\n\n  Another.',
  )
})

test('an item goes on over the lines of its source', () => {
  expect(toPlain('- one item\n  that goes on\n- two', page)).toBe('  - one item that goes on\n  - two')
})

test('lists hang under their sign', () => {
  expect(toPlain('- one item that is longer than a line is\n- two\n\n1. first', page)).toBe(
    '  - one item that is longer than a line\n    is\n  - two\n\n  1. first',
  )
})

test('code keeps its lines, however wide', () => {
  expect(toPlain('```ts\nconst a = 1 // a line that is wider than the page is\n\n# no heading\n```', page)).toBe(
    '    const a = 1 // a line that is wider than the page is\n\n    # no heading',
  )
})

test('a table becomes terms with explanations, since it would be too wide', () => {
  const table = '| option | default | meaning |\n|---|---|---|\n| `json` | `10kb` | largest JSON \\| body |'
  expect(toPlain(table, page)).toBe('  `json`\n      default: `10kb`\n      largest JSON | body')
})

test.each([
  ['**bold** and *slanted*', 'bold and slanted'],
  ['see [the RFC](https://example.org/rfc)', 'see the RFC (https://example.org/rfc)'],
  ['see [here](../x.md)', 'see here'],
  ['`a * b * c` and snake_case_name', '`a * b * c` and snake_case_name'],
])('%j reads %j', (markdown, plain) => {
  expect(inline(markdown)).toBe(plain)
})
