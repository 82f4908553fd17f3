import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIALECTS, grammarOf } from './dialect.ts'
import { KnownForms, placeIn, skeletonIn } from './known-forms.ts'
import { lex } from './lexer.ts'
import { shapeOf, skeletonOf } from './skeleton.ts'
import { Tokens } from './tokens.ts'

const pieces = fc.constantFrom(
  ...[
    'SELECT',
    'select',
    'a',
    'A',
    'b',
    'é',
    'É',
    ' ',
    '  ',
    "'x'",
    "'yy'",
    '1',
    '22',
    '?',
    '$1',
    ',',
    '(',
    ')',
    '=',
    '.',
  ],
  ...["'", '"a b"', '"A b"', '/* c */', '/* d */', '-- e\n', ';', '\\', '::', '$$t$$'],
)

test('a form that is known says of a statement what would be made of it alone', () => {
  const forms = new KnownForms()
  const tokens = new Tokens()
  const statements = fc.array(pieces, { maxLength: 12 }).map((list) => list.join(''))
  fc.assert(
    fc.property(statements, fc.constantFrom(...DIALECTS), (sql, dialect) => {
      lex(sql, grammarOf(dialect), tokens)
      const form = forms.of(sql, tokens)
      expect(form.shape).toBe(shapeOf(sql, tokens))
      expect(form.closed).toBe(tokens.closed)
      expect(skeletonIn(form, sql, tokens)).toBe(skeletonOf(sql, tokens))
    }),
    { numRuns: 5000, seed: 4711 },
  )
})

test('statements of one line of code are one form, whatever their values and blanks are', () => {
  const forms = new KnownForms()
  const formOf = (sql: string): object => {
    const tokens = new Tokens()
    lex(sql, grammarOf('postgres'), tokens)
    return forms.of(sql, tokens)
  }
  const one = formOf("SELECT a FROM t WHERE b = 'x' AND c = 7")
  expect(formOf("select a  FROM t WHERE b='yes, it''s' AND c = 70")).toBe(one)
  expect(formOf("SELECT a FROM t WHERE b = 'x' OR c = 7")).not.toBe(one)
  expect(formOf("SELECT a FROM t WHERE b = 7 AND c = 'x'")).not.toBe(one)
})

test('a place is the same tokens in every statement of a form', () => {
  const placeOf = (sql: string, text: string): number => {
    const tokens = new Tokens()
    lex(sql, grammarOf('postgres'), tokens)
    return placeIn(tokens, sql.indexOf(text), sql.indexOf(text) + text.length)
  }
  const place = placeOf("SELECT 1 FROM t WHERE a = 'x' ORDER BY name desc", 'name desc')
  expect(placeOf("SELECT 1  FROM t WHERE a='long' ORDER BY title  asc", 'title  asc')).toBe(place)
  expect(placeOf("SELECT 1 FROM t WHERE a = 'x' ORDER BY name desc", 'name')).not.toBe(place)
  expect(placeOf("SELECT 1 FROM t WHERE a = 'x' ORDER BY name desc", 'desc')).not.toBe(place)
})
