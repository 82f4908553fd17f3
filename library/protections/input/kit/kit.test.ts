import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { Contract } from '../../../core/contract.ts'
import type { Denial } from '../../../core/guard.ts'
import type { Schema } from '../../../core/schema.ts'
import { exchange, setup } from '../../../testing/exchange.ts'
import { type Input, input } from '../guard.ts'
import { fields } from './fields.ts'
import type { TextSchema } from './schema.ts'
import { text } from './text.ts'

afterEach(() => void vi.restoreAllMocks())

const LONG_HOST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example`

/** What else any text may be told: words that were written before there was a value. */
const FIXED = [
  'has characters that no text has',
  'must be one line of plain text',
  'must be plain text',
  'must be a name: letters, with blanks, hyphens and apostrophes between them',
]

const kinds: readonly (readonly [
  name: string,
  schema: TextSchema,
  right: readonly string[],
  wrong: readonly string[],
])[] = [
  [
    'email',
    text.email(),
    [
      'ada@example.org',
      'a.b+c@sub.example.co.uk',
      'ünï@exämple.de',
      "o'hara@example.org",
      `${'a'.repeat(64)}@example.org`,
    ],
    [
      '',
      'ada',
      'ada@',
      '@example.org',
      'ada@localhost',
      'a..b@example.org',
      '.a@example.org',
      '"a b"@example.org',
      'Ada <ada@example.org>',
      'ada@[192.0.2.1]',
      'ada@192.0.2.1',
      'a@b@example.org',
      'ada@example.org\nbcc:eve@example.org',
      ' ada@example.org',
      `${'a'.repeat(65)}@example.org`,
      `a@${LONG_HOST}${'.example'.repeat(8)}`,
    ],
  ],
  [
    'host',
    text.host(),
    ['example.org', 'a.b.example.org', 'xn--bcher-kva.example', LONG_HOST],
    [
      '',
      'localhost',
      '192.0.2.1',
      'example.org.',
      '-a.example',
      'a-.example',
      'a..example',
      'a_b.example',
      'exa mple.org',
      'example.org/x',
      `${'a'.repeat(64)}.example`,
    ],
  ],
  ['country', text.country(), ['DE', 'US', 'JP'], ['', 'de', 'XX', 'DEU', 'D']],
  [
    'url',
    text.url(),
    [
      'https://example.org',
      'http://example.org:8080/a?b=c#d',
      'https://[2001:db8::1]/',
      'https://exämple.de/ü',
      'HTTPS://example.org/@ada',
    ],
    [
      '',
      'example.org',
      '/a',
      '//example.org',
      'ftp://example.org/',
      'javascript:alert(1)',
      'java\tscript://example.org/',
      'data:text/html,x',
      'https:example.org',
      'https:/example.org',
      'https://',
      'https:///example.org',
      'https://ada:x@example.org/',
      'https://@example.org/',
      'https://example.org\\@evil.example',
      'https://exa mple.org',
      'https://example.org/ ',
      ' https://example.org',
      'https://example.org:99999/',
      `https://example.org/${'a'.repeat(2048)}`,
    ],
  ],
  [
    'url of other schemes',
    text.url({ schemes: ['git+ssh'] }),
    ['git+ssh://example.org/a'],
    ['https://example.org/', 'ssh://example.org/'],
  ],
  [
    'slug',
    text.slug(),
    ['tea', 'tea-at-4'],
    ['', 'Tea', '-tea', 'tea-', 'tea--time', 'tea_time', 'té', 'a'.repeat(101), 'tea\n'],
  ],
  [
    'uuid',
    text.uuid(),
    ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '01890A5D-AC96-774B-BCCE-B302099A8057'],
    [
      '',
      'f81d4fae7dec11d0a76500a0c91e6bf6',
      '{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}',
      'f81d4fae-7dec-91d0-a765-00a0c91e6bf6',
      'f81d4fae-7dec-11d0-c765-00a0c91e6bf6',
      'g81d4fae-7dec-11d0-a765-00a0c91e6bf6',
      'f81d4fae-7dec-11d0-a765-00a0c91e6bf6\n',
    ],
  ],
  [
    'uuid of one version',
    text.uuid(7),
    ['01890a5d-ac96-774b-bcce-b302099a8057'],
    ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
  ],
  [
    'ip',
    text.ip(),
    ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', '::'],
    [
      '',
      '192.0.2',
      '010.0.0.1',
      '0x7f.0.0.1',
      '2130706433',
      '192.0.2.256',
      'fe80::1%eth0',
      '[::1]',
      '1::2::3',
      '192.0.2.1/32',
    ],
  ],
  ['ip, 4', text.ip(4), ['192.0.2.1'], ['2001:db8::1', '::ffff:192.0.2.1']],
  ['ip, 6', text.ip(6), ['2001:db8::1', '::ffff:192.0.2.1'], ['192.0.2.1']],
  [
    'cidr',
    text.cidr(),
    ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1/32', '0.0.0.0/0'],
    ['', '10.0.0.0', '10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/'],
  ],
  [
    'date',
    text.date(),
    ['2026-01-31', '2024-02-29'],
    ['', '2026-02-29', '2026-02-30', '2026-13-01', '2026-1-1', '20260101', '2026-01-31T00:00:00Z', '31.01.2026'],
  ],
  [
    'moment',
    text.moment(),
    ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.123+02:00'],
    [
      '',
      '2026-01-31',
      '2026-01-31T09:30:00',
      '2026-01-31 09:30:00Z',
      '2026-02-30T09:30:00Z',
      '2026-01-31T25:00:00Z',
      '2026-01-31T09:30:00z',
    ],
  ],
  [
    'phone',
    text.phone(),
    ['+4930123456', '+12025550123'],
    ['', '030123456', '+0123456789', '+49 30 123456', '+49301234567890123', '+49', '++4930123456'],
  ],
  [
    'colour',
    text.colour(),
    ['#abc', '#ABCD', '#1a2b3c', '#1a2b3c4d'],
    ['', 'abc', '#ab', '#abcde', '#gggggg', 'red', 'rgb(0,0,0)', '#1a2b3c;x'],
  ],
  [
    'json',
    text.json({ most: 20 }),
    ['{}', '[1,"a"]', 'null', '"a"'],
    ['', '{', "{'a':1}", '[1,]', `"${'a'.repeat(20)}"`],
  ],
  [
    'base64',
    text.base64(),
    ['YQ==', 'YWI=', 'YWJj', '+/+/'],
    ['', 'YQ', 'YQ=', 'YR==', 'YW Jj', 'YWJj\n', '-_-_', '='],
  ],
  ['base64 for URLs', text.base64({ url: true }), ['YQ', '-_-_'], ['YQ==', '+/+/', 'YR']],
  [
    'integer',
    text.integer({ least: 0, most: 10n ** 20n }),
    ['0', '42', '100000000000000000000'],
    ['', '-1', '-0', '042', '4.2', '1e3', ' 42', '+42', '0x2a', '100000000000000000001', '٤٢', '9'.repeat(31)],
  ],
  ['integer without bounds', text.integer(), ['-42', '9'.repeat(30)], [`-${'9'.repeat(31)}`]],
  [
    'decimal',
    text.decimal({ digits: 3, places: 2 }),
    ['0', '-0.5', '999.99', '10'],
    ['', '.5', '5.', '1000', '1.234', '01', '1,5', '1e1', 'Infinity'],
  ],
  [
    'line',
    text.line({ least: 2, most: 4 }),
    ['ab', 'a b', '𝒜𝒷𝒸𝒹', '👩👩👩👩', '<b>'],
    ['', 'a', '𝒜', 'abcde', '𝒜𝒷𝒸𝒹𝑒', 'a\nb', 'a\rb', 'a\u2028b', 'a\u202eb', 'a\u2067b', 'a\0b', 'a\ud800b'],
  ],
  ['line that may be empty', text.line({ least: 0, most: 3 }), ['', 'a'], ['abcd']],
  ['lines', text.lines({ most: 10 }), ['a\nb\r\n\tc'], ['', 'a\u202eb', 'a\0b', 'a'.repeat(11)]],
  [
    'name',
    text.name({ least: 2, most: 45 }),
    [
      'Ada',
      'Ada Lovelace',
      'Zoë O’Hara-Smith',
      "D'Arcy",
      '李小龍',
      'مریم میرزاخانی',
      'Þórður',
      'Martin Luther King Jr.',
      'Elizabeth 2',
      'می\u200cخواهم',
    ],
    [
      '',
      'A',
      ' Ada',
      'Ada ',
      '42',
      '--',
      'Ada\nLovelace',
      '<script>',
      'Ada; drop',
      'Ada@example',
      'a\u202eb',
      `A${'b'.repeat(45)}`,
    ],
  ],
]

describe.each(kinds)('text.%s', (_name, schema, right, wrong) => {
  test.each(right)('takes %j as it came', (value) => {
    expect(schema['~standard'].validate(value)).toEqual({ value })
    expect(schema.is(value)).toBe(true)
  })

  test.each(wrong)('refuses %j, and does not repeat it', (value) => {
    expect(schema.is(value)).toBe(false)
    const { issues } = schema['~standard'].validate(value) as { issues: { message: string }[] }
    expect(issues).toHaveLength(1)
    expect([schema.message, ...FIXED]).toContain(issues[0]!.message)
  })

  test.each([
    [undefined],
    [null],
    [42],
    [true],
    [{}],
    [['a']],
    [Symbol('a')],
    [{ toString: () => right[0] }],
    [[right[0]]],
  ])('refuses what is no text: %o', (value) => {
    expect(schema.is(value)).toBe(false)
    expect(schema['~standard'].validate(value)).toHaveProperty('issues')
  })

  test('spends no more on a very long text than on a long one', () => {
    const seen = (hostile: string): number => {
      let characters = 0
      const exec = RegExp.prototype.exec
      vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, subject) {
        characters += String(subject).length
        return exec.call(this, subject)
      })
      const parse = vi.spyOn(JSON, 'parse')
      const decode = vi.spyOn(Buffer, 'from')
      schema.is(hostile)
      for (const [input] of [...parse.mock.calls, ...decode.mock.calls]) characters += String(input).length
      vi.restoreAllMocks()
      return characters
    }
    for (const unit of ['a', '-', '1', '.', 'a-', 'a.', ' ', 'é', '%', ':', '[', '//', '@', "'"]) {
      for (const start of ['', 'https://', 'a@', '+1', '#', '1.']) {
        expect(seen(start + unit.repeat(40_000))).toBeLessThanOrEqual(20_100)
        // Whatever is looked at, each pattern looks at it a bounded number of times.
        const most = Math.floor(2048 / unit.length)
        expect(seen(start + unit.repeat(most)), `${start}${unit}...`).toBeLessThanOrEqual(2_100 * 16)
      }
    }
  })
})

test.each<[string, () => unknown]>([
  ['text.line({ least })', () => text.line({ least: -1 })],
  ['text.line({ most })', () => text.line({ most: 0 })],
  ['text.name({ least, most })', () => text.name({ least: 5, most: 4 })],
  ['text.lines({ most })', () => text.lines({ most: Number.NaN })],
  ['text.url({ schemes })', () => text.url({ schemes: ['JavaScript'] })],
  ['text.url({ schemes })', () => text.url({ schemes: ['https:'] })],
  ['text.json({ most })', () => text.json({ most: 1.5 })],
  ['text.integer({ least })', () => text.integer({ least: 0.5 })],
  ['text.decimal({ places })', () => text.decimal({ places: -1 })],
  ['fields({ a })', () => fields({ a: {} as never })],
  ['fields({ __proto__ })', () => fields({ ['__proto__']: text.line() })],
])('bad limits keep the app from starting: %s', (at, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'BULWARK_SCHEMA_INVALID', at }))
})

/** The same person, said with the kit and with zod. */
const people: readonly (readonly [string, Schema])[] = [
  [
    'the kit',
    fields({
      name: text.name({ least: 3, most: 45 }),
      email: text.email(),
      password: text.line({ least: 6, most: 20 }),
    }),
  ],
  [
    'zod',
    z.object({
      name: z
        .string('is required')
        .refine(text.name({ least: 3, most: 45 }).is, text.name({ least: 3, most: 45 }).message),
      email: z.string('is required').refine(text.email().is, text.email().message),
      password: z
        .string('is required')
        .refine(text.line({ least: 6, most: 20 }).is, text.line({ least: 6, most: 20 }).message),
    }) as never,
  ],
]

describe.each(people)('a person, by %s', (_name, body) => {
  const ask = async (json: unknown): Promise<Input | Denial> => {
    const contract: Contract = { body }
    const guard = input({}, setup())
    guard.onRoutes!([{ method: 'POST', path: '/', at: undefined, contract }])
    const x = exchange({
      method: 'POST',
      contract,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    })
    return ((await guard.onRoute!(x)) as Denial | undefined) ?? (guard.offers!['input']!(x) as Input)
  }
  const ada = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'tea at 4' }

  test('is taken', async () => {
    expect(await ask(ada)).toMatchObject({ body: ada })
  })

  test('has three fields, all of them required', async () => {
    expect(await ask({})).toMatchObject({
      status: 422,
      errors: ['name', 'email', 'password'].map((path) => ({ path, message: 'is required' })),
    })
  })

  test('hears what is wrong with each field', async () => {
    expect(await ask({ name: 'Al', email: 'ada@', password: 'short' })).toMatchObject({
      status: 422,
      errors: [
        { path: 'name', message: 'must be a name of 3 to 45 characters' },
        { path: 'email', message: 'must be an e-mail address such as name@example.org' },
        { path: 'password', message: 'must be a line of text of 6 to 20 characters' },
      ],
    })
    expect(await ask({ ...ada, name: 'x'.repeat(46) })).toMatchObject({ status: 422 })
    expect(await ask({ ...ada, password: 'x'.repeat(21) })).toMatchObject({ status: 422 })
  })

  test('has no other fields', async () => {
    expect(await ask({ ...ada, isAdmin: true })).toMatchObject({ status: 422, risk: 'unknown-keys' })
  })
})

describe('fields', () => {
  const schema = fields(
    { title: text.line(), author: fields({ name: text.name() }) },
    { site: text.url(), rank: z.number() },
  )

  test('are typed, and those that are optional may be missing', () => {
    const result = schema['~standard'].validate({ title: 'Tea', author: { name: 'Ada' } })
    if (result instanceof Promise || !('value' in result)) throw new Error('refused')
    const title: string = (result as { value: { title: string } }).value.title
    expect([title, result]).toEqual(['Tea', { value: { title: 'Tea', author: { name: 'Ada' } } }])
  })

  test('one that is optional and there must be right', () => {
    expect(schema['~standard'].validate({ title: 'Tea', author: { name: 'Ada' }, rank: '1' })).toMatchObject({
      issues: [{ path: ['rank'] }],
    })
  })

  test('say where below them it is wrong', () => {
    expect(schema['~standard'].validate({ title: 'Tea', author: { name: 42 } })).toEqual({
      issues: [{ message: 'must be a text', path: ['author', 'name'] }],
    })
  })

  test.each([[null], ['a'], [[]], [42]])('are no %j', (value) => {
    expect(schema['~standard'].validate(value)).toEqual({ issues: [{ message: 'must be an object' }] })
  })

  test('are never taken from a prototype', () => {
    Object.defineProperty(Object.prototype, 'title', { value: 'planted', configurable: true })
    try {
      expect(schema['~standard'].validate({ author: { name: 'Ada' } })).toMatchObject({ issues: [{ path: ['title'] }] })
      const own = fields({ constructor: text.line() })
      expect(own['~standard'].validate({})).toMatchObject({ issues: [{ message: 'is required' }] })
      expect(own['~standard'].validate({ constructor: 'a' })).toEqual({ value: { constructor: 'a' } })
    } finally {
      Reflect.deleteProperty(Object.prototype, 'title')
    }
  })

  test('wait for a schema that does', async () => {
    const slow = fields({ name: z.string().refine(async (value) => value === 'free') })
    expect(await slow['~standard'].validate({ name: 'free' })).toEqual({ value: { name: 'free' } })
    expect(await slow['~standard'].validate({ name: 'taken' })).toMatchObject({ issues: [{ path: ['name'] }] })
  })
})
