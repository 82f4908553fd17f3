import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Dialect, grammarOf } from './dialect.ts'
import { asciiLower, formsOf } from './forms.ts'
import { Glance, type Sight } from './glance.ts'
import { judge } from './judge.ts'
import type { Place } from './learned.ts'
import { lex } from './lexer.ts'
import { Tokens } from './tokens.ts'

function sightOf(sql: string, text: string, dialect: Dialect = 'postgres'): Sight {
  const tokens = new Tokens()
  const glance = new Glance()
  lex(sql, grammarOf(dialect), tokens)
  glance.read(asciiLower(sql), tokens)
  return glance.of(text)
}

const sql = "SELECT id, title FROM posts WHERE title = 'A day by the sea, and it''s late' AND id < $100 ORDER BY id"

test.each<[string, Sight]>([
  ["A day by the sea, and it's late", 'confined'],
  ["the sea, and it's", 'confined'],
  ['Mozilla/5.0 (X11; Linux x86_64)', 'absent'],
  ['127.0.0.1:8080', 'absent'],
  ["it isn't there", 'confined'],
  ['title', 'word'],
  ['id', 'word'],
  ['written', 'absent'],
  ['Zür', 'open'],
  ['Über Zürich', 'absent'],
  ["late' AND id", 'open'],
  ["it's late' AND", 'open'],
  [' AND id < $1', 'open'],
  ['<', 'open'],
  ['$100', 'open'],
])('%j is at first sight %s', (text, sight) => {
  expect(sightOf(sql, text)).toBe(sight)
})

const signs = fc.constantFrom(
  "'",
  "''",
  '"',
  '\\',
  ' ',
  ' and ',
  'or',
  '1',
  '=',
  '--',
  '/*',
  '*/',
  'K',
  '`',
  'é',
  '\n',
  '$a$',
)
const piece = fc.oneof(
  signs,
  fc.constantFrom(
    "'it''s a day'",
    "'late'",
    "E'a\\'b'",
    '"name"',
    '/*!50000 x*/',
    ':a$b$c',
    '$t$X',
    '@handle',
    '$100',
    "N'x'",
    '[a]',
    '( 1, 2)',
    ' WHERE id ',
  ),
  fc.stringMatching(/^[a-e]{1,9}$/),
)
const statement = fc.array(piece, { minLength: 1, maxLength: 14 }).map((all) => all.join(''))
/** Most of them stand in the statement, as they are or in a form. */
const cases = statement.chain((text) =>
  fc.tuple(
    fc.constant(text),
    fc.array(
      fc.oneof(
        fc
          .tuple(fc.nat(text.length), fc.integer({ min: 1, max: 24 }))
          .map(([from, size]) => text.slice(from, from + size)),
        fc.tuple(fc.nat(text.length), fc.integer({ min: 1, max: 24 })).map(([from, size]) =>
          text
            .slice(from, from + size)
            .replaceAll("''", "'")
            .replaceAll('\\', '')
            .toUpperCase(),
        ),
        fc
          .tuple(fc.nat(text.length), fc.nat(24), statement)
          .map(([from, size, more]) => text.slice(from, from + size) + more),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  ),
)

test.each(['postgres', 'mysql', 'sqlite', 'tsql'] satisfies Dialect[])(
  'what is told at first sight of a statement of %s is what looking for each text tells',
  (dialect) => {
    const grammar = grammarOf(dialect)
    fc.assert(
      fc.property(cases, fc.boolean(), ([text, sent], asSent) => {
        const texts = sent.filter((one) => one !== '')
        const [first, second]: [Place[], Place[]] = [[], []]
        // Where values are to be told, every text is looked for.
        const expected = judge(text, texts, grammar, { places: second, values: [], asSent })
        expect(judge(text, texts, grammar, { places: first, asSent })).toBe(expected)
        expect(first).toEqual(second)
      }),
      { numRuns: 2000 },
    )
  },
)

test.each(['postgres', 'mysql', 'sqlite', 'tsql'] satisfies Dialect[])(
  'no form of what is absent is in a statement of %s',
  (dialect) => {
    fc.assert(
      fc.property(cases, ([text, sent]) => {
        for (const one of sent) {
          if (one === '' || sightOf(text, one, dialect) !== 'absent') continue
          const lower = text.toLowerCase()
          for (const form of formsOf(one)) expect(lower.includes(form.toLowerCase())).toBe(false)
        }
      }),
      { numRuns: 2000 },
    )
  },
)
