import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOpenPlace } from './confined.ts'
import { type Dialect, grammarOf } from './dialect.ts'
import { judge } from './judge.ts'
import { lex } from './lexer.ts'
import { Tokens } from './tokens.ts'
import { Surroundings } from './window.ts'

const FRAGMENTS = [
  "'",
  '"',
  '`',
  '(',
  ')',
  '--',
  '\n',
  '/*',
  '/*!',
  '*/',
  '#',
  ';',
  '$$',
  '[',
  ']',
  '\\',
  ':',
  '?',
  '@',
  '.',
]
const WORDS = [' ', 'select', ' and ', 'x', '1', ', ', " = 'a'", '(1, 2)', "''", "E'", '::int', '$1', ' in ']
const statement: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...WORDS) }, fc.constantFrom(...FRAGMENTS)), {
    maxLength: 300,
  })
  .map((parts) => parts.join(''))

const match = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 12 }))

test.each(['postgres', 'mysql', 'sqlite', 'tsql'] satisfies Dialect[])(
  'what stands around a match tells the same as the whole statement of %s does',
  (dialect) => {
    const grammar = grammarOf(dialect)
    const [all, whole] = [new Tokens(), new Tokens()]
    fc.assert(
      fc.property(statement, fc.array(match, { minLength: 1, maxLength: 8 }), (sql, matches) => {
        fc.pre(sql.length > 0)
        lex(sql, grammar, all)
        const surroundings = new Surroundings(sql, grammar, all)
        for (const [place, length] of matches) {
          const from = place % sql.length
          const size = Math.min(length, sql.length - from)
          const near = surroundings.without(from, size)
          if (near === undefined) continue
          const rest = sql.slice(0, from) + 'a'.repeat(size) + sql.slice(from + size)
          lex(rest, grammar, whole)
          expect(near.isWhole).toBe(whole.closed && whole.balanced)
          if (!near.isWhole) continue
          expect(isOpenPlace(near.text, near.tokens, near.from, size)).toBe(isOpenPlace(rest, whole, from, size))
        }
      }),
      { numRuns: 2000 },
    )
  },
)

test('of a long statement no more is read again than what stands around the match', () => {
  const sql = `SELECT * FROM a WHERE b IN (${Array.from({ length: 10_000 }, (_, i) => `'a${i}'`).join(', ')}) AND c = 1`
  const all = new Tokens()
  lex(sql, grammarOf('postgres'), all)
  const near = new Surroundings(sql, grammarOf('postgres'), all).without(sql.indexOf("', 'a5000'"), 4)
  expect(near?.text.length).toBeLessThan(2000)
})

test('what reads otherwise to its end without one quote is read so once', () => {
  const list = Array.from({ length: 10_000 }, (_, i) => `'a${i}'`).join(', ')
  const sql = `SELECT * FROM a WHERE b = 'it' AND c = 'was' AND d IN (${list})`
  const all = new Tokens()
  lex(sql, grammarOf('postgres'), all)
  const surroundings = new Surroundings(sql, grammarOf('postgres'), all)
  const work = ["t' AND", "'it'", "was' AND", "'was", "a7'"].map(
    (text) => surroundings.without(sql.indexOf(text), text.length)?.work,
  )
  expect(work[0]).toBeGreaterThan(sql.length)
  expect(Math.max(...work.slice(1).map(Number))).toBeLessThan(5000)
})

test('twenty thousand texts of a client change nothing about what one of them does', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => `it's ${i}`)
  const values = many.slice(0, 2000).map((text) => `('${text.replaceAll("'", "''")}')`)
  const sql = (last: string): string => `INSERT INTO a (b) VALUES ${values.join(', ')}, ('${last}')`
  const attack = "x'), ((SELECT secret FROM keys)) --"
  expect(judge(sql('x'), many, grammarOf('postgres'))).toBe('clean')
  expect(judge(sql(attack), [...many, attack], grammarOf('postgres'))).toBe('injection')
  expect(judge(sql(attack), [attack, ...many], grammarOf('postgres'))).toBe('injection')
})
