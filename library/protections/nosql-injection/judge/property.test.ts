import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { mongoSink } from '../database/sink.ts'

/** The parser that Express reads forms and queries with. */
const require = createRequire(import.meta.url)
const qs = createRequire(require.resolve('express4'))('qs') as { parse(text: string): Record<string, unknown> }

function client(type: string, body: string, query = ''): ClientTexts {
  const bytes = Buffer.from(body)
  return new ClientTexts({
    target: `/a${query === '' ? '' : `?${query}`}`,
    rawHeaders: ['host', 'app.example', 'user-agent', 'Mozilla/5.0'],
    header: (name) => (name === 'content-type' ? type : undefined),
    client: '127.0.0.1',
    bodyBytes: bytes.length,
    bodyForSinks: bytes.length === 0 ? [] : [bytes],
  })
}

const isStopped = (value: unknown, untrusted: ClientTexts): boolean =>
  mongoSink.judge([{ value, reading: 'filter' }], untrusted) !== undefined

const name = fc.stringMatching(/^[a-z]{1,6}$/)
const operator = fc.constantFrom(
  '$ne',
  '$gt',
  '$lt',
  '$in',
  '$nin',
  '$regex',
  '$exists',
  '$not',
  '$elemMatch',
  '$anything',
)
const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}))
const wrap = fc.constantFrom<(inner: object) => object>(
  (inner) => inner,
  (inner) => ({ a: inner }),
  (inner) => ({ $and: [{ b: 1 }, { a: inner }] }),
  (inner) => ({ a: { $not: { ...inner } }, c: { $gte: 3 } }),
  (inner) => ({ $or: [{ $nor: [{ 'a.b': { $elemMatch: { c: inner } } }] }] }),
)
const settings = { numRuns: 300 }

test('an operator that came as JSON is stopped wherever the app puts it', () => {
  fc.assert(
    fc.property(operator, value, wrap, fc.dictionary(name, value, { maxKeys: 3 }), (op, operand, put, rest) => {
      const body = JSON.stringify({ ...rest, evil: { [op]: operand } })
      const parsed = JSON.parse(body) as { evil: object }
      expect(isStopped(put(parsed.evil), client('application/json', body))).toBe(true)
    }),
    settings,
  )
})

test('an operator in the name of a field is stopped, whatever the parser makes of its values', () => {
  const field = fc
    .tuple(fc.constantFrom('', '[]', '[0]', '[7]', '[b]', '[$eq]'), fc.string())
    .map(([more, text]) => `[OP]${more}=${encodeURIComponent(text)}`)
  fc.assert(
    fc.property(
      operator,
      fc.array(field, { minLength: 1, maxLength: 4 }),
      wrap,
      fc.boolean(),
      (op, fields, put, isQuery) => {
        const text = fields.map((each) => `evil${each.replace('OP', op)}`).join('&')
        const { evil } = qs.parse(text)
        const untrusted = isQuery ? client('', '', text) : client('application/x-www-form-urlencoded', text)
        expect(isStopped(put(evil as object), untrusted)).toBe(true)
      },
    ),
    settings,
  )
})

test('values of a client without operators never stop a filter of the app', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 4 }), operator, scalar, wrap, (sent, op, operand, put) => {
      const untrusted = client('application/json', JSON.stringify(sent))
      expect(isStopped(put({ [op]: operand }), untrusted)).toBe(false)
      expect(isStopped({ ...sent, ...put({ $in: Object.values(sent) }) }, untrusted)).toBe(false)
    }),
    settings,
  )
})
