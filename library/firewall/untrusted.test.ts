import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ClientTexts } from './untrusted.ts'

interface Parts {
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** How many bytes of the body were received, when not all of them were kept. */
  readonly received?: number
  readonly parsed?: unknown
}

function textsOf({ target = '/', headers = {}, body, received, parsed }: Parts): ClientTexts {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return new ClientTexts({
    target,
    rawHeaders: Object.entries(headers).flat(),
    bodyForSinks: bytes === undefined ? [] : [bytes],
    bodyBytes: received ?? bytes?.length ?? 0,
    client: '203.0.113.7',
    header: (name) => headers[name],
    parsedBody: parsed,
  })
}

const EVIL = "x' OR 1=1"
const BASE64 = Buffer.from(EVIL).toString('base64')
const JWT = `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ sub: EVIL })).toString('base64url')}.`
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }

const found: readonly [string, Parts][] = [
  ['a query', { target: `/a?q=${encodeURIComponent(EVIL)}` }],
  ['a query with plus signs', { target: "/a?q=x'+OR+1=1" }],
  ['a query that is encoded twice', { target: `/a?q=${encodeURIComponent(encodeURIComponent(EVIL))}` }],
  ['the name of a query', { target: `/a?${encodeURIComponent(EVIL)}=1` }],
  ['a key in brackets', { target: `/a?f[${encodeURIComponent(EVIL)}]=1` }],
  ['a segment of the path', { target: `/a/${encodeURIComponent(EVIL)}/b` }],
  ['the rest of a path', { target: "/files/x'%20OR%201=1" }],
  ['a header', { headers: { 'x-forwarded-for': EVIL } }],
  ['one of several in a header', { headers: { 'x-forwarded-for': `10.0.0.1, ${EVIL}` } }],
  ['a header that browsers fill', { headers: { 'accept-language': EVIL } }],
  ['the query of a referrer', { headers: { referer: `https://a.example/?q=${encodeURIComponent(EVIL)}` } }],
  ['a cookie', { headers: { cookie: `a=1; b=${encodeURIComponent(EVIL)}` } }],
  ['a signed cookie of Express', { headers: { cookie: `a=${encodeURIComponent(`s:${EVIL}.c2lnbmF0dXJl`)}` } }],
  ['a JSON cookie of Express', { headers: { cookie: `a=${encodeURIComponent(`j:${JSON.stringify({ a: EVIL })}`)}` } }],
  ['basic credentials', { headers: { authorization: `Basic ${Buffer.from(`${EVIL}:pw`).toString('base64')}` } }],
  ['a token', { headers: { authorization: `Bearer ${JWT}` } }],
  ['base64', { target: `/a?q=${encodeURIComponent(BASE64)}` }],
  ['hexadecimal digits', { target: `/a?q=${Buffer.from(EVIL).toString('hex')}` }],
  ['full-width quotes', { target: `/a?q=${encodeURIComponent('x＇ OR 1=1')}` }],
  ['a form', { headers: FORM, body: `a=1&b=${encodeURIComponent(EVIL)}` }],
  ['JSON', { headers: JSON_TYPE, body: JSON.stringify({ a: [{ b: EVIL }] }) }],
  ['a key of JSON', { headers: JSON_TYPE, body: JSON.stringify({ [EVIL]: 1 }) }],
  ['JSON inside of JSON', { headers: JSON_TYPE, body: JSON.stringify({ a: JSON.stringify({ b: EVIL }) }) }],
  ['JSON in a form', { headers: FORM, body: `a=${encodeURIComponent(JSON.stringify([EVIL]))}` }],
  ['JSON that calls itself a form', { headers: FORM, body: JSON.stringify({ a: EVIL }) }],
  ['plain text', { headers: { 'content-type': 'text/plain' }, body: EVIL }],
  ['deep JSON', { headers: JSON_TYPE, body: `${'['.repeat(5000)}${JSON.stringify(EVIL)}${']'.repeat(5000)}` }],
  [
    'packed JSON',
    { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: gzipSync(JSON.stringify({ a: EVIL })) },
  ],
  [
    'a field of a form with files',
    {
      headers: { 'content-type': 'multipart/form-data; boundary=AbC' },
      body: `--AbC\r\nContent-Disposition: form-data; name="a"\r\n\r\n${EVIL}\r\n--AbC--\r\n`,
    },
  ],
  [
    'the name of a file',
    {
      headers: { 'content-type': 'multipart/form-data; boundary="AbC"' },
      body: `--AbC\r\nContent-Disposition: form-data; name="a"; filename="${EVIL}"\r\n\r\nbytes\r\n--AbC--\r\n`,
    },
  ],
  ['what a parser made of a body that was too large to keep', { body: 'a', received: 9_000_000, parsed: { a: EVIL } }],
]

test.each(found)('finds a text in %s', (_what, parts) => {
  expect(textsOf(parts).structured()).toContain(EVIL)
})

test('a name that comes several times is also one list', () => {
  expect(textsOf({ target: '/?id=1%20/*&id=*/OR%201' }).structured()).toContain('1 /*,*/OR 1')
  expect(textsOf({ headers: JSON_TYPE, body: '{"id":["1 /*","*/OR 1"]}' }).structured()).toContain('1 /*,*/OR 1')
})

test('single letters and plain numbers are left out, single signs are not', () => {
  const texts = textsOf({ target: '/12?a=b&c=%27&d=34&e=word' }).texts()
  expect(texts).toEqual(expect.arrayContaining(["'", 'word']))
  expect(texts).not.toContain('34')
  expect(texts).not.toContain('b')
  expect(textsOf({ target: '/?e=word' }).structured()).not.toContain('word')
})

test('a body that arrives later is read when it is there', () => {
  const chunks: Uint8Array[] = []
  const source = {
    target: '/',
    rawHeaders: [],
    bodyForSinks: chunks,
    bodyBytes: 0,
    client: '',
    header: (name: string) => (name === 'content-type' ? 'application/json' : undefined),
  }
  const texts = new ClientTexts(source)
  expect(texts.structured()).toEqual([])
  chunks.push(Buffer.from(JSON.stringify({ a: EVIL })))
  source.bodyBytes = chunks[0]?.length ?? 0
  expect(texts.structured()).toContain(EVIL)
})

describe('what there is no room for', () => {
  test('is handed on as it came', () => {
    const many = JSON.stringify(Array.from({ length: 30_000 }, (_, i) => `text ${i}`).concat(EVIL))
    const texts = textsOf({ headers: JSON_TYPE, body: many })
    expect(texts.structured().length).toBeLessThanOrEqual(6_000)
    expect(texts.rest()).toContain('text 29999')
  })

  test('is handed on as forms and JSON would be read, too', () => {
    const many = Array.from({ length: 12_000 }, (_, i) => `a${i}=text+${i}`)
    const form = textsOf({ headers: FORM, body: [...many, 'q=%27+or%20name%3d%22%E2%82%ac'].join('&') })
    expect(form.texts()).not.toContain('\' or name="€')
    expect(form.rest()).toContain('q=\' or name="€')
    const list = JSON.stringify(many).replace(']', ',"\\u0027 or\\u0020name=\\"\\u20AC\\\\n\\n"]')
    expect(textsOf({ headers: JSON_TYPE, body: list }).rest()).toContain('\' or name="€\\n\n"]')
  })

  test('is nothing for an honest request', () => {
    expect(textsOf({ headers: JSON_TYPE, body: '{"a":"b c"}' }).rest()).toBe('')
  })

  test('is the body when it is JSON that cannot be read', () => {
    expect(textsOf({ headers: JSON_TYPE, body: `{"a": "${EVIL}",}` }).rest()).toContain(EVIL)
  })
})

test.each([
  ['broken percent-encoding', { target: '/%?%=%&a=%zz%' }],
  ['a header without a name', { headers: { cookie: '=;;=;' } }],
  ['a form without an end', { headers: { 'content-type': 'multipart/form-data' }, body: '--' }],
  ['bytes that are no gzip', { headers: { 'content-encoding': 'gzip' }, body: 'no' }],
  ['an unknown encoding', { headers: { 'content-encoding': 'zstd' }, body: 'no' }],
  ['a body of no bytes', { headers: JSON_TYPE, body: '' }],
  ['null', { headers: JSON_TYPE, body: 'null' }],
  ['text that no encoding knows', { headers: FORM, body: Buffer.from([0x61, 0x3d, 0xff, 0xfe, 0x25, 0x66, 0x66]) }],
] satisfies [string, Parts][])('%s breaks nothing', (_what, parts) => {
  expect(() => textsOf(parts).structured()).not.toThrow()
})

test('what names other machines leaves out the headers of the way here, and keeps numbers', () => {
  const client = new ClientTexts({
    target: '/?ip=2130706433&zero=0',
    rawHeaders: [
      ...['Host', 'app.example', 'Origin', 'http://app.example', 'Referer', 'http://app.example/a?b=c'],
      ...['X-Forwarded-For', '10.0.0.1', 'Forwarded', 'for=10.0.0.2', 'X-Feed', 'http://feed.example/'],
    ],
    bodyBytes: 0,
    bodyForSinks: [],
    client: 'a',
    header: (name) => (name === 'host' ? 'app.example' : undefined),
  })
  expect(client.named()).toEqual(['ip', '2130706433', 'zero', '0', 'http://feed.example/'])
  expect(client.texts()).not.toContain('2130706433')
  expect(client.host).toBe('app.example')
})

describe('values and names', () => {
  test('are what parsers make of a body, of JSON inside of texts, and of the names of fields', () => {
    const json = textsOf({ headers: JSON_TYPE, body: '{"a":"{\\"b\\":[1]}"}' })
    expect(json.values()).toEqual([{ a: '{"b":[1]}' }, { b: [1] }])
    const form = textsOf({ target: '/?a[$b][]=1&c.d=2&e=3', headers: FORM, body: 'f[g]=1' })
    expect([...form.names()].filter((name) => name !== '')).toEqual(['a', '$b', 'c', 'd', 'f', 'g'])
    expect(form.values()).toEqual([])
  })

  test('of a body that is two things at once are those of both', () => {
    const both = textsOf({ headers: FORM, body: '["&a[$b]=1&"]' })
    expect(both.values()).toEqual([['&a[$b]=1&']])
    expect(both.names().has('$b')).toBe(true)
  })

  test('hold what a parser of the app made, once it is there', () => {
    const source = {
      target: '/',
      rawHeaders: [],
      bodyForSinks: [Buffer.from('<a/>')],
      bodyBytes: 4,
      client: '',
      header: () => undefined,
    }
    const late: { parsedBody?: unknown } = {}
    const texts = new ClientTexts(Object.assign(late, source))
    expect(texts.values()).toEqual([])
    late.parsedBody = { a: '' }
    expect(texts.values()).toEqual([{ a: '' }])
    expect(texts.values()).toHaveLength(1)
  })
})

test.each([
  ['a query', { target: "/a?q=x'+OR+7%20=7+OR+'a'='%zz" }],
  ['a form', { headers: FORM, body: "b=1&q=x'+OR+7%20=7+OR+'a'='%zz" }],
] as const)(
  '%s in which one percent sign means nothing is there as it came, too, since qs hands it on like that',
  (_where, parts) => {
    expect(textsOf(parts).texts()).toEqual(
      expect.arrayContaining(["x' OR 7%20=7 OR 'a'='%zz", "x' OR 7 =7 OR 'a'='%zz"]),
    )
  },
)

test('so are bytes that are no text, and nothing comes twice where all can be decoded', () => {
  expect(textsOf({ target: "/a?q=x'+OR+7%20=7%FF" }).texts()).toContain("x' OR 7%20=7%FF")
  expect(textsOf({ target: '/a?q=x%20y+100%25' }).texts()).not.toContain('x%20y 100%25')
})

test('what a browser says it is gives every exchange the same, known or not, and whatever else holds a piece of it', () => {
  const agent = `Mozilla/5.0 (X11; Linux, ${EVIL}, ${encodeURIComponent(EVIL)} like Gecko)`
  const headers = { 'User-Agent': agent, Host: 'app.example' }
  const [first, second] = [textsOf({ headers }), textsOf({ headers })]
  expect(first.texts()).toContain(EVIL)
  expect(second.texts()).toEqual(first.texts())
  expect(second.structured()).toEqual(first.structured())
  expect(second.named()).toEqual(first.named())
  const both = textsOf({ target: `/a?q=${encodeURIComponent(EVIL)}`, headers })
  expect(both.texts().filter((text) => text === EVIL)).toHaveLength(1)
  expect(both.texts()).toEqual(expect.arrayContaining([...first.texts()]))
  // A document in it is taken apart for each exchange.
  const json = { 'User-Agent': `{"name": "${EVIL}", "more": [1, 2, 3]}` }
  for (let i = 0; i < 2; i++) expect(textsOf({ headers: json }).values()).toEqual([{ name: EVIL, more: [1, 2, 3] }])
})
