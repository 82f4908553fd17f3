// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the rules read code that is text here

import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import { type HtmlValue, html, insecureHtml, json, safeUrl } from './index.ts'
import { MarkupReader } from './markup.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixedVictim, victim } from './victim.ts'

prove('xss', { victim, fixed: fixedVictim, probes, rules })

const EVIL = `"'><script>alert(1)</script>&`
const SAFE = '&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;'

describe('html', () => {
  test('escapes text and attributes in either quotes', () => {
    expect(String(html`<p>${EVIL}</p>`)).toBe(`<p>${SAFE}</p>`)
    expect(String(html`<p title="${EVIL}" lang='${EVIL}'>`)).toBe(`<p title="${SAFE}" lang='${SAFE}'>`)
    expect(String(html`<title>${EVIL}</title>`)).toBe(`<title>${SAFE}</title>`)
  })

  const values: readonly [HtmlValue, string][] = [
    [null, ''],
    [undefined, ''],
    [false, ''],
    [true, 'true'],
    [0, '0'],
    [12n, '12'],
    [[], ''],
    [['<', html`<b>${'>'}</b>`, [1, null]], '&lt;<b>&gt;</b>1'],
    [insecureHtml('<hr>', 'written in this test'), '<hr>'],
    [json({ a: '</p>' }), '{&quot;a&quot;:&quot;\\u003c/p\\u003e&quot;}'],
  ]
  values.forEach(([value, text], i) => {
    test(`renders value ${i} as ${text === '' ? 'nothing' : text}`, () =>
      expect(String(html`<p>${value}</p>`)).toBe(`<p>${text}</p>`))
  })

  test('is the same template in a loop with other values', () => {
    const row = (text: string) => html`<li>${text}`
    expect(['<', '>'].map((text) => String(row(text)))).toEqual(['<li>&lt;', '<li>&gt;'])
  })

  test('markup in an attribute is text, and a list is words', () => {
    expect(String(html`<p title="${html`<b title="x">`}">`)).toBe('<p title="&lt;b title=&quot;x&quot;&gt;">')
    expect(String(html`<p class="${['a', false, 'b"']}">`)).toBe('<p class="a b&quot;">')
  })

  test('an attribute that is there or not', () => {
    const field = (isFull: HtmlValue) => String(html`<input ?disabled=${isFull} name="a"><input ?checked=${!isFull}>`)
    expect(field(true)).toBe('<input disabled name="a"><input >')
    expect(field('')).toBe('<input  name="a"><input checked>')
  })

  test('data for scripts cannot end its element', () => {
    const data = json({ text: '</script><!--\u2028', n: 1 })
    expect(String(html`<script type="application/json">${data}</script>`)).toBe(
      '<script type="application/json">{"text":"\\u003c/script\\u003e\\u003c!--\\u2028","n":1}</script>',
    )
    expect(JSON.parse(String(data))).toEqual({ text: '</script><!--\u2028', n: 1 })
    expect(() => html`<script type="application/json">${'1'}</script>`).toThrow(
      /BULWARK_MARKUP_UNSAFE[\s\S]*json\(value\)/,
    )
    expect(String(json(undefined))).toBe('null')
  })
})

const links: readonly [string, string][] = [
  ['/posts/1?a=b&c', '/posts/1?a=b&amp;c'],
  ['https://ann.example/', 'https://ann.example/'],
  ['mailto:ann@a.example', 'mailto:ann@a.example'],
  ['a:b', 'about:invalid#blocked'],
  ['javascript:alert(1)', 'about:invalid#blocked'],
  ['JaVaScRiPt:alert(1)', 'about:invalid#blocked'],
  [' \u0001javascript:alert(1)', 'about:invalid#blocked'],
  ['java\nscript:alert(1)', 'about:invalid#blocked'],
  ['javascript&colon;alert(1)', 'javascript&amp;colon;alert(1)'],
  ['data:text/html,<script>', 'about:invalid#blocked'],
  ['vbscript:x', 'about:invalid#blocked'],
  ['', ''],
]
for (const [link, written] of links) {
  test(`the link ${JSON.stringify(link)} is written as ${JSON.stringify(written)}`, () => {
    expect(String(html`<a href="${link}">`)).toBe(`<a href="${written}">`)
  })
}

test('what stands around a value in a link counts', () => {
  expect(String(html`<a href="java${'script:alert(1)'}">`)).toBe('<a href="java">')
  expect(String(html`<a href="${'java'}script:alert(1)">`)).toBe('<a href="script:alert(1)">')
  expect(String(html`<a href="/go/${'javascript:alert(1)'}">`)).toBe('<a href="/go/javascript:alert(1)">')
  expect(String(html`<a href="https://${'a.example'}/${'b'}">`)).toBe('<a href="https://a.example/b">')
  expect(String(html`<a href="${'javascript:'}/x/${'b'}">`)).toBe('<a href="/x/b">')
})

test('an image may be inline data, a frame may not', () => {
  const data = 'data:image/png;base64,iVBORw0='
  expect(String(html`<img src="${data}">`)).toBe(`<img src="${data}">`)
  expect(String(html`<img src="${'data:image/svg+xml;base64,AAAA'}">`)).toBe('<img src="about:invalid#blocked">')
  expect(String(html`<iframe src="${data}"></iframe>`)).toBe('<iframe src="about:invalid#blocked"></iframe>')
})

const v = 'x'
const refused: readonly [string, () => unknown][] = [
  ['an attribute without quotes', () => html`<p title=${v}>`],
  ['part of an attribute without quotes', () => html`<p title=a${v}>`],
  ['blanks before a value without quotes', () => html`<p title = ${v}>`],
  ['a script', () => html`<script>${v}</script>`],
  ['JSON in a script that runs', () => html`<script>let a = ${json(v)}</script>`],
  ['a script of another case', () => html`<SCRIPT >${v}</SCRIPT>`],
  ['a style', () => html`<style>${v}</style>`],
  ['an event', () => html`<p onclick="${v}">`],
  ['an event in capitals', () => html`<p OnClick="f('${v}')">`],
  ['an event behind a slash', () => html`<p/onclick="${v}">`],
  ['a style attribute', () => html`<p style="color: ${v}">`],
  ['a document in an attribute', () => html`<iframe srcdoc="${v}"></iframe>`],
  ['the name of a tag', () => html`<${v}>`],
  ['the end of the name of a tag', () => html`<h${v}>`],
  ['the name of a closing tag', () => html`</${v}>`],
  ['the name of an attribute', () => html`<p ${v}>`],
  ['the end of the name of an attribute', () => html`<p data-${v}="a">`],
  ['a comment', () => html`<!-- ${v} -->`],
  ['a doctype', () => html`<!doctype ${v}>`],
  ['the end of a text element', () => html`<title></titl${v}`],
  ['a fallback frame', () => html`<noscript>${v}</noscript>`],
  ['a link in two parts', () => html`<a href="${v}${v}">`],
  ['a link that runs a script', () => html`<a href="javascript:f('/${v}')">`],
  ['a refresh', () => html`<meta http-equiv="refresh" content="0;url=${v}">`],
  ['an animated link', () => html`<svg><animate attributeName="href" to="${v}"/></svg>`],
  ['an event that is there or not', () => html`<p ?onclick=${v}>`],
  ['a condition in quotes', () => html`<p ?hidden="${v}">`],
  ['a condition with more behind it', () => html`<p ?hidden=${v}x>`],
  ['a tag that does not end', () => html`<p title="${v}"`],
  ['an attribute that does not end', () => html`<p title="${v}>`],
  ['a script that does not end', () => html`<p>${v}<script>`],
  ['a call with a list', () => html(['<p>', '</p>'] as unknown as TemplateStringsArray, v)],
  ['insecureHtml without a reason', () => insecureHtml('<b>', ' ')],
]
for (const [what, make] of refused) {
  test(`${what} is refused, each time`, () => {
    expect(make).toThrow(/^BULWARK_MARKUP_UNSAFE/)
    expect(make).toThrow(/^BULWARK_MARKUP_UNSAFE/)
  })
}

test('a refusal shows the template and never the value', () => {
  expect(() => html`<p>${'first secret'}</p><b onclick="${'second secret'}">`).toThrow(
    expect.objectContaining({
      message: expect.not.stringContaining('secret'),
      at: expect.stringContaining('<b onclick="'),
    }),
  )
})

test('safeUrl answers the link, or a link to nowhere', () => {
  expect(safeUrl('/a')).toBe('/a')
  expect(safeUrl('javascript:alert(1)')).toBe('about:invalid#blocked')
})

const read: readonly [string, string][] = [
  ['a < b', 'text'],
  ['<', 'open'],
  ['<!--', 'comment'],
  ['<!-->', 'text'],
  ['<!--->', 'text'],
  ['<!-- > --', 'comment'],
  ['<!-- > -->', 'text'],
  ['<!-- --!>', 'text'],
  ['<?php', 'other'],
  ['</>', 'text'],
  ['</ p', 'other'],
  ['<p', 'tag'],
  ['<p ', 'space'],
  ['<p a', 'name'],
  ['<p a b', 'name'],
  ['<p a =', 'before'],
  ['<p a= "', 'double'],
  ["<p a='", 'single'],
  ['<p a=b', 'bare'],
  ['<p a="b"c', 'name'],
  ['<p a=">', 'double'],
  ['<p a=b>', 'text'],
  ['<p/a>', 'text'],
  ['<script><p>', 'raw'],
  ['<script></scripty>', 'raw'],
  ['<script>"</script>', 'text'],
  ['<script><</script >', 'text'],
  ['<textarea><p>', 'quiet'],
  ['<textarea></TEXTAREA/>', 'text'],
]
for (const [text, place] of read) {
  test(`after ${text} a parser stands at "${place}", read at once or by single characters`, () => {
    const [atOnce, bySingles] = [new MarkupReader(), new MarkupReader()]
    atOnce.read(text)
    for (const character of text) bySingles.read(character)
    expect([atOnce.place, bySingles.place]).toEqual([place, place])
  })
}

test('reading a long page takes time in proportion to its length', () => {
  const reader = new MarkupReader()
  reader.read(
    `${'<'.repeat(200_000)}<script>${'</scrip'.repeat(30_000)}</script>${'<!--'.repeat(50_000)}--><p ${'a '.repeat(50_000)}>`,
  )
  expect(reader.place).toBe('text')
})

const sources: readonly [string, string, readonly string[]][] = [
  ['a page with a value', "app.get('/', (req, res) => res.send(`<p>${req.query.a}`))", ['xss/unescaped-output']],
  [
    'a helper that writes markup',
    "const p = (a) => `<p>${a}`\napp.get('/', (req, res) => res.send(p(req.query.a)))",
    ['xss/unescaped-output'],
  ],
  ['a bare value in Express', "app.get('/', (req, res) => { res.send(req.query.a) })", ['xss/unescaped-output']],
  ['what a function makes of a body', "app.post('/', (req, res) => { res.send(accept(req.body.title)) })", []],
  ['plain text in Fastify', "fastify.get('/', (request, reply) => { reply.send(request.query.a) })", []],
  ['a value as JSON', "app.get('/', (req, res) => res.json({ a: req.query.a }))", []],
  ['a value as plain text', "app.get('/', (req, res) => res.type('text').send(`<p>${req.query.a}`))", []],
  ['an escaped value', "app.get('/', (req, res) => res.send(`<p>${escapeHtml(req.query.a)}`))", []],
  ['a number', "app.get('/', (req, res) => res.send(`<p>${Number(req.query.a)}`))", []],
]

test.each([
  [`import { html, raw } from 'hono/html'`, 'html`<p>${raw(VALUE)}</p>`', true],
  [`import { html, raw } from 'hono/html'`, 'html`<p>${VALUE}</p>`', false],
  [`import Handlebars from 'handlebars'`, 'page({ text: new Handlebars.SafeString(VALUE) })', true],
  [`import { raw } from './own.ts'`, 'raw(VALUE)', false],
])('%s: what is declared to be markup in %s', (head, expression, isSpotted) => {
  const text = `${head}; import { Hono } from 'hono'
    new Hono().get('/', (c) => c.html(${expression.replace('VALUE', `c.req.query('a')`)}))`
  const found = scanText('app.ts', text, rules).findings.map(({ foundBy }) => foundBy)
  expect(found.includes('xss/insecure-markup')).toBe(isSpotted)
})

describe('pages that are returned', () => {
  const nest = (decorators: string, answer: string): string =>
    `import { Controller, Get, Header, Query } from '@nestjs/common'
    @Controller() export class Page { page(a) { return ['<!doctype html>', a].join('') }
      ${decorators} show(@Query('name') name: string) { return ${answer} } }`
  const fastify = (answer: string): string => `import fastify from 'fastify'; const app = fastify()
    app.get('/', (request, reply) => { const { name } = request.query; ${answer} })`

  test.each([
    ['by Nest, with markup', nest(`@Get('a')`, 'this.page(`<p>${name}</p>`)'), true],
    ['by Nest, declared as a page', nest(`@Get() @Header('Content-Type', 'text/html')`, '`Hello ${name}`'), true],
    ['by Nest, declared as text', nest(`@Get() @Header('content-type', 'text/plain')`, '`<p>${name}</p>`'), false],
    ['by Nest, as data', nest('@Get()', '{ html: `<p>${name}</p>` }'), false],
    ['by a method that answers nobody', nest('', '`<p>${name}</p>`'), false],
    ['by Fastify, declared as a page', fastify("reply.type('text/html'); return `<p>${name}</p>`"), true],
    ['by Fastify, which sends text', fastify('return `<p>${name}</p>`'), false],
    [
      'inside of a function in it',
      fastify("reply.type('html'); const f = () => { return `<p>${name}` }; return ''"),
      false,
    ],
  ])('%s', (_, text, isSpotted) => {
    const { findings } = scanText('app.ts', text, rules)
    expect(findings.map(({ foundBy }) => foundBy)).toEqual(isSpotted ? ['xss/unescaped-output'] : [])
  })
})

for (const [what, text, names] of sources) {
  test(`the rules read ${what}`, () => {
    const { findings } = scanText('app.js', `import express from 'express'\nconst app = express()\n${text}\n`, rules)
    expect(findings.map(({ foundBy }) => foundBy)).toEqual(names)
  })
}
