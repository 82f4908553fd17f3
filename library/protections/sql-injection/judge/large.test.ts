import { describe, expect, test } from 'vitest'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { type Dialect, grammarOf } from './dialect.ts'
import { type Judgement, judge } from './judge.ts'

function sent(value: unknown): ClientTexts {
  const bytes = Buffer.from(JSON.stringify(value))
  return new ClientTexts({
    target: '/',
    rawHeaders: ['content-type', 'application/json'],
    bodyForSinks: [bytes],
    bodyBytes: bytes.length,
    client: '203.0.113.7',
    header: (name) => (name === 'content-type' ? 'application/json' : undefined),
  })
}

function judged(sql: string, value: unknown, dialect: Dialect): Judgement {
  const untrusted = sent(value)
  return judge(sql, untrusted.texts(), grammarOf(dialect), { rest: untrusted.rest(), places: [], values: [] })
}

const DIALECTS: readonly Dialect[] = ['postgres', 'mysql', 'sqlite', 'tsql']
const WORDS = [
  "it's",
  'the',
  'sea',
  '"quoted"',
  'and',
  'or',
  '(mud)',
  'a,',
  '1, 2',
  '--',
  "'twas",
  'O\\o',
  '50%',
  'id = 7;',
]
const prose = (i: number, length: number): string =>
  Array.from({ length }, (_, n) => WORDS[(i * 7 + n * n + n) % WORDS.length]).join(' ')
const quoted = (text: string, dialect: Dialect): string =>
  `'${(dialect === 'mysql' ? text.replaceAll('\\', '\\\\') : text).replaceAll("'", "''")}'`
/** What people who try send among the rest. */
const attack = "x'), ((SELECT secret FROM keys)) -- "

describe.each(DIALECTS)('%s', (dialect) => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({
    name: `name ${i}`,
    text: prose(i, 12),
    kind: i % 2 === 0 ? 'post' : 'page',
    at: `2026-01-${10 + (i % 20)}`,
  }))
  const insert = (all: readonly { name: string; text: string; kind: string; at: string }[], last: string): string => {
    const values = all.map(
      ({ name, text, kind, at }, i) =>
        `(${i}, ${[name, text, kind, at].map((one) => quoted(one, dialect)).join(', ')})`,
    )
    return `/* bulk */ INSERT INTO posts (id, name, text, kind, at) VALUES ${values.join(', ')}, (1000, '${last}')`
  }

  test('a thousand rows of what a client sent are stored, and one more that is code is stopped', () => {
    expect(judged(insert(rows, 'x'), rows, dialect)).not.toBe('injection')
    expect(judged(insert(rows, attack), [...rows, attack], dialect)).toBe('injection')
    expect(judged(insert(rows, attack), [attack, ...rows], dialect)).toBe('injection')
  })

  test('a text of a hundred thousand signs is stored', () => {
    const text = prose(1, 22_000)
    expect(text.length).toBeGreaterThan(80_000)
    const sql = `INSERT INTO posts (kind, text) VALUES ('post', ${quoted(text, dialect)})`
    expect(judged(sql, { kind: 'post', text }, dialect)).not.toBe('injection')
    expect(judged(`${sql}, ('post', '${attack}')`, { text, more: attack }, dialect)).toBe('injection')
  })

  test.each<[string, (i: number) => string]>([
    ['numbers', (i) => String(i * 37)],
    ['names', (i) => `user_${i}`],
    ['names with a quote', (i) => `O'Neil ${i}`],
    ['short codes', (i) => `${i.toString(36)}-`],
  ])('a list of five thousand %s is asked for', (_, item) => {
    const list = Array.from({ length: 5000 }, (_, i) => item(i))
    const sql = (all: readonly string[]): string =>
      `SELECT id FROM posts WHERE kind = 'post' AND name IN (${all.join(', ')}) ORDER BY id LIMIT 10`
    const escaped = list.map((text) => (/^\d+$/.test(text) ? text : quoted(text, dialect)))
    expect(judged(sql(escaped), { list }, dialect)).not.toBe('injection')
    expect(judged(sql([...escaped, `'${attack}'`]), { list, attack }, dialect)).toBe('injection')
  })
})
