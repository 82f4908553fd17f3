import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Contract, KnownRoute } from '../../../core/contract.ts'
import { off } from '../../../core/policy.ts'
import { exchange } from '../../../testing/exchange.ts'
import { deserialization } from '../guard.ts'
import { Glance } from './glance.ts'
import { spellingsOf } from './spellings.ts'
import { MARKS } from './texts.ts'

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const PASSES = 'passes'

interface Sent {
  readonly body?: string | Uint8Array
  readonly type?: string
  readonly encoding?: string
  readonly url?: string
  readonly cookie?: string
  /** How many bytes arrive at once. */
  readonly slice?: number
}

function send({ body, type = JSON_TYPE, encoding, url, cookie, slice }: Sent): string {
  const guard = deserialization({})
  const headers = { 'content-type': type, 'content-encoding': encoding, cookie }
  const x = exchange({ method: 'POST', headers, ...(url && { url: `https://app.example${url}` }) })
  const early = guard.onRequest?.(x)
  if (early !== undefined && 'risk' in early) return early.risk
  if (body === undefined) return PASSES
  const judge = guard.judgeBody?.(x)
  if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
  const bytes = Buffer.from(body as string)
  const step = slice ?? Math.max(1, bytes.length)
  for (let i = 0; i < bytes.length; i += step) {
    const denial = judge.onChunk(bytes.subarray(i, i + step))
    if (denial !== undefined) return denial.risk
  }
  return judge.onEnd?.()?.risk ?? PASSES
}

const MARK = '_$$ND_FUNC$$_'
const EVIL = JSON.stringify({ name: `${MARK}function(){return 1}()` })
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const everySign = (text: string): string =>
  [...text].map((sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')
const escapes = (text: string): string =>
  [...text].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

const FUNCTION: readonly (readonly [string, Sent])[] = [
  ['a body', { body: EVIL }],
  ['a body, byte by byte', { body: EVIL, slice: 1 }],
  ['a body, in two halves of the mark', { body: EVIL, slice: 14 }],
  ['a text that is JSON in a body that is JSON', { body: JSON.stringify({ state: EVIL }) }],
  ['escapes of JSON', { body: `{"name":"${escapes(MARK)}1"}` }],
  ['a list', { body: JSON.stringify([[`${MARK}1`]]) }],
  ['a form', { body: new URLSearchParams({ a: EVIL }).toString(), type: FORM }],
  ['a form that encodes every sign', { body: `a=${everySign(EVIL)}`, type: FORM }],
  ['a form that encodes every sign, byte by byte', { body: `a=${everySign(EVIL)}`, type: FORM, slice: 1 }],
  ['a text', { body: EVIL, type: 'text/plain' }],
  ['a body without a type', { body: EVIL, type: '' }],
  ['a compressed body', { body: gzipSync(EVIL), encoding: 'gzip' }],
  ['a body that is compressed otherwise', { body: brotliCompressSync(EVIL), encoding: 'br' }],
  ['a query', { url: `/?a=${encodeURIComponent(EVIL)}` }],
  ['a query in base64', { url: `/?a=${encodeURIComponent(base64(EVIL))}` }],
  ['a query in base64, one byte on', { url: `/?a=${encodeURIComponent(base64(` ${EVIL}`))}` }],
  ['a query in base64, two bytes on', { url: `/?a=${encodeURIComponent(base64(`  ${EVIL}`))}` }],
  ['the path', { url: `/state/${base64(EVIL)}` }],
  ['a cookie', { cookie: `theme=dark; state=${base64(EVIL)}` }],
  ['a cookie, percent-encoded', { cookie: `state=${encodeURIComponent(EVIL)}` }],
  ['a cookie of Express', { cookie: `state=j%3A${encodeURIComponent(EVIL)}` }],
  ['the mark of cryo', { body: JSON.stringify({ a: '_CRYO_FUNCTION_function(){}' }) }],
  ['the key of funcster', { body: JSON.stringify({ a: { __js_function: 'function(){}' } }) }],
  ['YAML', { body: 'name: !!js/function "function(){}"', type: 'application/yaml' }],
  ['YAML in a field', { body: JSON.stringify({ rules: 'a: 1\nname: !!js/function "function(){}"' }) }],
  ['YAML in one line', { body: JSON.stringify({ rules: '{name:!!js/function    function(){}}' }) }],
  ['a block of YAML', { body: 'name: !!js/function >\n  function(){}', type: 'text/yaml' }],
  ['YAML with an arrow', { body: '- !!js/function x => x', type: 'text/yaml' }],
  ['YAML with an anchor', { body: '- !!js/function &a "x => x"', type: 'text/yaml' }],
  ['YAML with a tag in full', { body: '- !<tag:yaml.org,2002:js/function> "x => x"', type: 'text/yaml' }],
  [
    'YAML with a tag by another name',
    { body: '%TAG !e! tag:yaml.org,2002:js/\n---\n- !e!function "x"', type: 'text/yaml' },
  ],
  [
    'YAML with a tag in two pieces',
    { body: '%TAG !e! tag:ya\r\n---\n- !e!ml.org,2002:js/function "x"', type: 'text/yaml' },
  ],
]

test.each(FUNCTION)('functions are refused in %s', (_, sent) => {
  expect(send(sent)).toBe('unsafe-deserialization')
})

const article = `Some packages take "${MARK}function" for a function, as !!js/function does in YAML.
In XML it is <!ENTITY x "y">, and \`_CRYO_FUNCTION_\` somewhere else. %TAG is a directive.`

const HONEST: readonly (readonly [string, Sent])[] = [
  ['plain JSON', { body: '{"name":"Ada","function":"(a) => a"}' }],
  ['an article about it', { body: JSON.stringify({ text: article }) }],
  ['an article about it in a form', { body: new URLSearchParams({ text: article }).toString(), type: FORM }],
  ['an article in base64', { body: JSON.stringify({ text: base64(article) }) }],
  ['a search for it', { url: `/search?q=${encodeURIComponent('what is !!js/function')}` }],
  ['a search for a mark', { url: `/search?q=${encodeURIComponent(`"${MARK}" exploit`)}` }],
  ['YAML', { body: 'name: Ada\nwhen: !!timestamp 2001-12-14', type: 'application/yaml' }],
  ['YAML with names for tags', { body: '%TAG !e! tag:example.org,2002:\n---\n- !e!point [1, 2]', type: 'text/yaml' }],
  ['bytes', { body: new Uint8Array(300).map((_, i) => i), type: 'application/octet-stream' }],
  ['nothing', { body: '' }],
  ['a page of HTML in a field', { body: JSON.stringify({ page: '<!DOCTYPE html><p>!</p>' }) }],
  [
    'a page of XHTML in a field',
    { body: JSON.stringify({ page: '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd"><p>!</p>' }) },
  ],
]

test.each(HONEST)('%s passes', (_, sent) => {
  expect(send(sent)).toBe(PASSES)
  expect(send({ ...sent, slice: 1 })).toBe(PASSES)
})

const XML = 'application/xml'
const DTD = '<!DOCTYPE a [<!ENTITY b "c">]>'
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
const ebcdic = Buffer.from([0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x40])

const ENTITIES: readonly (readonly [string, Sent])[] = [
  ['an entity', { body: `<?xml version="1.0"?>${DTD}<a>&b;</a>`, type: XML }],
  ['an entity, byte by byte', { body: `<?xml version="1.0"?>\n<!-- -->${DTD}<a>&b;</a>`, type: XML, slice: 1 }],
  [
    'a document type from elsewhere',
    { body: '<!DOCTYPE a SYSTEM "http://a.example/a.dtd"><a/>', type: 'text/xml; charset=utf-8' },
  ],
  ['a public document type', { body: '<!DOCTYPE a PUBLIC "a" "b"><a/>', type: 'application/soap+xml' }],
  ['a document type with attributes', { body: '<!DOCTYPE a[<!ATTLIST a b CDATA "c">]><a/>', type: XML }],
  ['capitals in the type', { body: `${DTD}<a/>`, type: 'Application/XML' }],
  ['a document type behind comments', { body: `<!-- a --><?b c?>\n\t<!-- > -->${DTD}<a/>`, type: XML }],
  ['UTF-16', { body: utf16(`\uFEFF${DTD}<a/>`), type: XML }],
  ['UTF-16 without a mark', { body: utf16(`${DTD}<a/>`), type: XML }],
  ['UTF-16 the other way', { body: utf16(`\uFEFF${DTD}<a/>`).swap16(), type: XML }],
  ['UTF-7', { body: '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a', type: XML }],
  ['EBCDIC', { body: ebcdic, type: XML }],
  ['a beginning without end', { body: `<!--${' '.repeat(70_000)}`, type: XML, slice: 16_000 }],
  ['a document type that does not end', { body: '<!DOCTYPE a', type: XML }],
  ['a compressed body', { body: gzipSync(`${DTD}<a/>`), type: XML, encoding: 'gzip' }],
  [
    'a compressed body with nothing but an address',
    { body: gzipSync('<!DOCTYPE a SYSTEM "b"><a/>'), type: XML, encoding: 'gzip' },
  ],
  ['a field of JSON', { body: JSON.stringify({ saml: `<?xml version="1.0"?>${DTD}<a>&b;</a>` }) }],
  ['a field of a form in base64', { body: new URLSearchParams({ saml: base64(`${DTD}<a/>`) }).toString(), type: FORM }],
  ['a body of another type', { body: `${DTD}<a/>`, type: 'text/plain' }],
]

test.each(ENTITIES)('XML is refused with %s', (_, sent) => {
  expect(send(sent)).toBe('xml-entities')
})

test.each([
  ['a document', '<?xml version="1.0" encoding="utf-8"?>\n<a b="c">&lt;d&gt;</a>'],
  ['a document with a mark of its order', '\uFEFF<a/>'],
  ['a document type that is only a name', '<!DOCTYPE note><note/>'],
  ['a document that holds another one as text', '<a><![CDATA[<!DOCTYPE html PUBLIC "b" "c"><!ENTITY d "e">]]></a>'],
  ['nothing but blanks', ' \n '],
])('XML passes with %s', (_, body) => {
  expect(send({ body, type: XML })).toBe(PASSES)
  expect(send({ body, type: XML, slice: 1 })).toBe(PASSES)
})

test('a first look lets nothing pass that the search would find', () => {
  let seed = 7
  const below = (most: number): number => {
    seed = (seed * 48271) % 2147483647
    return seed % most
  }
  const spell: readonly ((sign: string) => string)[] = [(sign) => sign, (sign) => sign, everySign, escapes]
  const suspect = spellingsOf(MARKS)
  let found = 0
  for (let i = 0; i < 3000; i++) {
    const mark = MARKS[below(MARKS.length)] as string
    const spelled = [...mark].map((sign) => (spell[below(spell.length)] as (text: string) => string)(sign)).join('')
    const around = 'a word, '.repeat(below(4))
    const text =
      around + (below(2) === 0 ? spelled : base64(`{"${'ab'.slice(0, below(3))}":"${mark} and what it does"}`)) + around
    if (!suspect.test(text)) continue
    found++
    const bytes = Buffer.from(text)
    const glance = new Glance()
    const border = below(bytes.length)
    const isSeen = glance.isWorthALook(bytes.subarray(0, border)) || glance.isWorthALook(bytes.subarray(border))
    if (!isSeen) expect(text).toBe('worth a look')
  }
  expect(found).toBeGreaterThan(2900)
})

test('marks do not hide behind texts without number', () => {
  const many = Array.from({ length: 30_000 }, (_, i) => `word ${i}`)
  expect(send({ body: JSON.stringify([EVIL, ...many]) })).toBe('unsafe-deserialization')
  expect(send({ body: JSON.stringify([...many, EVIL]) })).toBe('unsafe-deserialization')
  expect(send({ body: JSON.stringify(many) })).toBe(PASSES)
})

test('marks without number cost no more than their length', () => {
  const start = process.cpuUsage()
  for (const piece of [
    '!!js/function ',
    ' !!js/function a',
    '%TAG ! t',
    '\n%TAG !',
    '<!ENTITY ',
    '_$$ND_FUNC$$_',
    '<!--',
    '<?',
  ]) {
    send({ body: piece.repeat(Math.floor(500_000 / piece.length)), type: 'text/plain' })
    send({ body: piece.repeat(Math.floor(500_000 / piece.length)), type: XML })
  }
  // A square of the length would take minutes.
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(20)
})

describe('a route that takes such texts', () => {
  const contract: Contract = { deserialization: off('they are only shown') }
  const route = (own: Contract | undefined): KnownRoute => ({ method: 'POST', path: '/', at: undefined, contract: own })
  const guard = deserialization({})
  guard.onRoutes?.([route(contract), route(undefined)])

  /** With the route known before the body, as under Fastify, or after it, as under Express. */
  function judged(own: Contract | undefined, knownBefore: boolean): unknown {
    const parts = { method: 'POST', headers: { 'content-type': JSON_TYPE }, deferred: true }
    const x = exchange(knownBefore ? { ...parts, contract: own, route: route(own) } : parts)
    const judge = guard.judgeBody?.(x)
    if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
    const early = judge.onChunk(Buffer.from(EVIL)) ?? judge.onEnd?.()
    if (early !== undefined || knownBefore) return early
    const later = Object.assign(exchange({ ...parts, contract: own, route: route(own) }), { notes: x.notes })
    return guard.onRoute?.(later)
  }

  test.each([true, false])('gets them, and no other route does (route known before the body: %s)', (known) => {
    expect(judged(contract, known)).toBeUndefined()
    expect(judged(undefined, known)).toMatchObject({ risk: 'unsafe-deserialization', status: 400 })
    expect(judged({}, known)).toMatchObject({ risk: 'unsafe-deserialization' })
  })

  test('gets them in its query as well', () => {
    const url = `https://app.example/?a=${encodeURIComponent(EVIL)}`
    const x = exchange({ url, deferred: true })
    expect(guard.onRequest?.(x)).toBeUndefined()
    const own = Object.assign(exchange({ url, deferred: true, contract, route: route(contract) }), { notes: x.notes })
    const other = Object.assign(exchange({ url, deferred: true, route: route(undefined) }), { notes: x.notes })
    expect(guard.onRoute?.(own)).toBeUndefined()
    expect(guard.onRoute?.(other)).toMatchObject({ risk: 'unsafe-deserialization' })
  })
})
