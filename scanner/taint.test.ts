import { describe, expect, test } from 'vitest'
import type { Harmless, Taint } from '../library/core/rule.ts'
import { taintsIn } from './lab.ts'

const inHandler = (body: string): string =>
  `import express from 'express'; const app = express(); app.post('/x', async (req, res, next) => { ${body} })`

const said = (taint: Taint | undefined): string => (taint ? `${taint.source} ${taint.control}` : 'safe')

describe('what the client decides', () => {
  test.each([
    ['the query', `sink(req.query.a)`, 'req.query.a whole'],
    ['a parameter', `sink(req.params.id)`, 'req.params.id whole'],
    ['the body deep down', `sink(req.body.a.b)`, 'req.body.a.b whole'],
    ['a header by name', `sink(req.headers['x-forwarded-host'])`, 'req.headers.x-forwarded-host whole'],
    ['a header by call', `sink(req.get('host'))`, `req.get('host') whole`],
    ['a cookie', `sink(req.cookies.theme)`, 'req.cookies.theme whole'],
    ['the target', `sink(req.originalUrl)`, 'req.originalUrl whole'],
    ['the name of an uploaded file', `sink(req.file.originalname)`, 'req.file.originalname whole'],
    ['the query of a parsed URL', `sink(new URL(req.url, 'http://a').searchParams.get('x'))`, 'req.url whole'],
    [
      'the bytes of the body',
      `let text = ''; req.on('data', (chunk) => { text += chunk }); req.on('end', () => sink(text))`,
      'req body whole',
    ],
    ['chunks of the body', `for await (const chunk of req) sink(chunk)`, 'req body whole'],
    ['the address, which the policy judges', `sink(req.ip)`, 'safe'],
    ['the method', `sink(req.method)`, 'safe'],
    ['the environment', `sink(process.env.NAME)`, 'safe'],
    ['the command line', `sink(process.argv[2])`, 'safe'],
    ['the request itself', `sink(req)`, 'safe'],
  ])('%s', (_, body, expected) => expect(said(taintsIn(inHandler(body))[0])).toBe(expected))
})

describe('how it flows', () => {
  test.each([
    ['a constant', `const a = req.query.a; sink(a)`, 'whole'],
    ['a later assignment', `let a; a = req.query.a; sink(a)`, 'whole'],
    ['destructuring', `const { a: { b: c } } = req.body; sink(c)`, 'whole'],
    ['a default', `const { a = '/' } = req.query; sink(a)`, 'whole'],
    ['the rest of an object', `const { a, ...rest } = req.body; sink(rest.b)`, 'whole'],
    ['an array pattern', `const [, b] = req.body.list; sink(b)`, 'whole'],
    ['a template behind text', `sink(\`/go/\${req.query.a}\`)`, 'prefixed'],
    ['a template in front of text', `sink(\`\${req.query.a}/go\`)`, 'whole'],
    ['joined behind text', `sink('https://a/' + req.query.a)`, 'prefixed'],
    ['joined behind what is not known', `sink(base + req.query.a)`, 'prefixed'],
    ['joined to an empty text', `sink('' + req.query.a)`, 'whole'],
    ['an encoded part', `sink('/go?to=' + encodeURIComponent(req.query.a))`, 'part'],
    ['text methods', `sink(req.query.a.trim().toLowerCase().slice(1))`, 'whole'],
    ['a replacement, which cleans nothing', `sink(req.query.a.replace('../', ''))`, 'whole'],
    ['put in by a replacement', `sink('<b>x</b>'.replace('x', req.query.a))`, 'part'],
    ['split and joined', `sink(req.query.a.split(',').join(' '))`, 'part'],
    ['JSON', `sink(JSON.parse(req.body.a).b)`, 'whole'],
    ['JSON written', `sink(JSON.stringify({ a: req.body.a }))`, 'part'],
    ['String and decoding', `sink(String(decodeURIComponent(req.query.a)))`, 'whole'],
    ['either or', `sink(ok ? req.query.a : '/')`, 'whole'],
    ['or a default', `sink(req.query.a || '/')`, 'whole'],
    ['an optional chain', `sink(req.query?.a?.b)`, 'whole'],
    ['a cast', `sink((req.query.a as string)!)`, 'whole'],
    ['a property of an object', `const o = { a: { b: req.query.a } }; sink(o.a.b)`, 'whole'],
    ['a whole object', `sink({ a: req.query.a })`, 'part'],
    ['a spread', `const o = { x: 1, ...req.body }; sink(o.y)`, 'whole'],
    ['a property set later', `const o = {}; o.a = req.query.a; sink(o.a)`, 'whole'],
    ['an element', `const [a] = [req.query.a]; sink(a)`, 'whole'],
    ['a setter', `class B { set v(w) { this.w = w } } const b = new B(); b.v = req.query.a; sink(b.w)`, 'whole'],
    ['a generator', `function* g(x) { yield x } sink([...g(req.query.a)][0])`, 'whole'],
    ['bound arguments', `const two = (a, b) => sink(b); const one = two.bind(null, 'x'); one(req.query.a)`, 'whole'],
    [
      'a list of a class',
      `class B { p = []; add(v) { this.p.push(v); return this } all() { return this.p.join(' ') } } sink(new B().add(req.query.a).all())`,
      'part',
    ],
    [
      'a getter',
      `class B { constructor(v) { this.v = v } get w() { return this.v } } sink(new B(req.query.a).w)`,
      'whole',
    ],
    [
      'a field of a base class',
      `class A { constructor(v) { this.v = v } } class B extends A { w() { return this.v } } const b = new B(req.query.a); sink(b.w())`,
      'whole',
    ],
    [
      'a template tag',
      `const sh = (s, ...v) => s.reduce((all, t, i) => all + t + (v[i] ?? ''), ''); sink(sh\`a \${req.query.a}\`)`,
      'prefixed',
    ],
    [
      'an event',
      `const bus = new (require('events'))(); bus.on('a', (v) => sink(v)); bus.emit('a', req.query.a)`,
      'whole',
    ],
    [
      'a map of functions',
      `const m = new Map(); m.set('f', (v) => sink(v)); m.get(req.params.f)(req.query.a)`,
      'whole',
    ],
    [
      'text in a safely parsed object',
      `const { z } = require('zod'); const r = z.object({ a: z.string() }).safeParse(req.body); sink(r.data.a)`,
      'whole',
    ],
    ['a property that has the name of a measure', `sink(req.query.size)`, 'whole'],
    ['an element put in later', `const l = []; l.push(req.query.a); sink(l[0])`, 'whole'],
    ['a loop', `for (const item of req.body.items) sink(item.name)`, 'whole'],
    ['the names of properties', `for (const key in req.body) sink(key)`, 'whole'],
    ['what a loop adds to', `let s = ''; for (const i of req.body.items) { s += i } sink(s)`, 'whole'],
    ['map', `sink(req.body.ids.map((id) => 'x' + id)[0])`, 'prefixed'],
    ['forEach', `req.body.ids.forEach((id) => sink(id))`, 'whole'],
    ['reduce', `sink(req.body.ids.reduce((all, id) => all + id, ''))`, 'whole'],
    ['a function that is mapped', `sink([req.query.a].map(String)[0])`, 'whole'],
    ['await', `sink(await Promise.resolve(req.query.a))`, 'whole'],
    ['then', `Promise.resolve(req.query.a).then((a) => sink(a))`, 'whole'],
    ['Promise.all', `const [, b] = await Promise.all([x(), req.query.a]); sink(b)`, 'whole'],
    ["a promise of one's own", `sink(await new Promise((done) => { done(req.query.a) }))`, 'whole'],
    ['path.join', `import('x'); sink(require('path').join(__dirname, req.query.a))`, 'prefixed'],
    ['path.basename', `sink(require('path').basename(req.query.a))`, 'part'],
    ['an assignment inside', `let a; sink(a = req.query.a)`, 'whole'],
    ['a local function', `const up = (x) => x.toUpperCase(); sink(up(req.query.a))`, 'whole'],
    [
      'a function of functions',
      `const one = (x) => x; const two = (x) => one(one(x)); sink(two(req.query.a))`,
      'whole',
    ],
    ['rest parameters', `const last = (...all) => all[1]; sink(last('a', req.query.a))`, 'whole'],
    [
      'a callback',
      `const load = (x, cb) => { setImmediate(() => cb(null, x)) }; load(req.query.a, (e, v) => sink(v))`,
      'whole',
    ],
    [
      'an options object',
      `const run = ({ filter: { name } }) => sink(name); run({ filter: { name: req.query.a } })`,
      'whole',
    ],
    [
      'an instance',
      `class Box { constructor(v) { this.v = v } get() { return this.v } } sink(new Box(req.query.a).v)`,
      'whole',
    ],
  ])('%s', (_, body, control) => expect(taintsIn(inHandler(body))[0]?.control).toBe(control))
})

describe('what ends it', () => {
  test.each([
    ['Number', `sink(Number(req.query.a))`],
    ['parseInt', `sink(parseInt(req.query.a, 10) || 0)`],
    ['a unary plus', `sink(+req.query.a)`],
    ['a comparison', `sink(req.query.a === 'x')`],
    ['a length', `sink(req.query.a.length)`],
    ['a test', `sink(req.query.a.startsWith('/'))`],
    ['escaped for HTML by a package', `const esc = require('escape-html'); sink('<b>' + esc(req.query.a))`],
    ['escaped for HTML by a function of that name', `sink(escapeHtml(req.query.a))`],
    ['a tagged template, which decides itself', `sink(html\`<b>\${req.query.a}</b>\`)`],
    ['looked up in a constant table', `const T = { a: '/a', b: '/b' }; sink(T[req.query.a])`],
    ['an enum schema', `const { z } = require('zod'); sink(z.enum(['a', 'b']).parse(req.query.a))`],
    ['overwritten', `let a = req.query.a; a = 'x'; sink(a)`],
    ['overwritten in both branches', `let a; if (req.query.a) { a = 'x' } else { a = 'y' } sink(a)`],
    ['replaced but for letters', `sink(req.query.a.replace(/[^a-z0-9_-]/gi, ''))`],
    [
      'all marks of markup replaced',
      `sink(req.query.a.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;'))`,
    ],
    [
      'an enum in a schema of an object',
      `const { z } = require('zod'); sink(z.object({ a: z.enum(['x']) }).parse(req.body).a)`,
    ],
    [
      'an enum in a safely parsed object',
      `const { z } = require('zod'); const s = z.object({ a: z.string().uuid() }); const r = s.safeParse(req.body); sink(r.data.a)`,
    ],
    [
      'a refined text',
      `const { z } = require('zod'); sink(z.string().refine((v) => ['a'].includes(v)).parse(req.body.a))`,
    ],
    ['a key of a map', `const m = new Map([['a', '/a']]); sink(m.get(req.query.a))`],
    ["a page under the request's own address", `sink(new URL('/home', req.url))`],
    ['where an upload was put', `sink(req.file.path)`],
    ['an argument that was bound', `const two = (a, b) => sink(a); const one = two.bind(null, 'x'); one(req.query.a)`],
    ['another event', `bus.on('b', (v) => sink(v)); bus.emit('a', req.query.a)`],
    [
      'a tag that keeps values apart',
      `const sql = (s, ...v) => ({ text: s.join('?'), v }); sink(sql\`a = \${req.query.a}\`.text)`,
    ],
    ['another property', `const o = { a: req.query.a, b: 'x' }; sink(o.b)`],
    ['another element', `const l = [req.query.a, 'x']; sink(l[1])`],
    ['another argument', `const first = (a, b) => a; sink(first('x', req.query.a))`],
    ['another call of the same function', `const same = (x) => x; same(req.query.a); sink(same('x'))`],
    ['a property that a later spread replaces', `sink({ ...req.body, a: 'x' }.a)`],
    ['a module that is loaded by a name from the client', `sink((await import(req.query.a)).x)`],
    ['an unknown query', `const row = await db.find(req.params.id); sink(row.name)`],
  ])('%s', (_, body) => expect(taintsIn(inHandler(body))).toEqual([undefined]))

  test('but a string schema lets text pass', () => {
    expect(said(taintsIn(inHandler(`const { z } = require('zod'); sink(z.string().parse(req.query.a))`))[0])).toBe(
      'req.query.a whole',
    )
  })
})

describe('across files', () => {
  const APP = `import express from 'express'; const app = express();`

  test('from a handler through a service into the function that uses it, with the whole way told', () => {
    const [taint] = taintsIn(
      `${APP} import { show } from './service.js'; app.get('/x', (req, res) => {\n  const id = req.query.id\n  show(id)\n}); look(1)`,
      {
        'service.ts': `import { run } from './dao'\nexport function show(id) {\n  return run('x', id)\n}`,
        'dao.ts': `export const run = (a, b) => {\n  sink(b)\n}`,
      },
    )
    expect(taint?.source).toBe('req.query.id')
    expect(taint?.trace.map(({ file, line, text, note }) => `${file}:${line} ${text} (${note})`)).toEqual([
      "app.ts:2 const id = req.query.id (req.query.id is the client's)",
      'app.ts:3 show(id) (handed over)',
      "service.ts:3 return run('x', id) (handed over)",
      'dao.ts:2 sink(b) (ends here)',
    ])
    expect(taint?.trace[0]?.column).toBe(14)
  })

  test.each([
    [
      'a value that comes back',
      { 'pick.js': `async function pick(r) { const raw = r.query.a; return raw } module.exports = { pick }` },
      `const { pick } = require('./pick'); app.get('/x', async (req, res) => sink(await pick(req)))`,
    ],
    [
      'what middleware hangs on the request',
      { 'mw.js': `exports.mw = (req, res, next) => { req.item = req.query.a; next() }` },
      `app.use(require('./mw').mw); app.get('/x', (req, res) => sink(req.item))`,
    ],
    [
      'what middleware hangs on the response',
      { 'mw.js': `exports.mw = (req, res, next) => { res.locals.item = req.query.a; next() }` },
      `app.use(require('./mw').mw); app.get('/x', (req, res) => sink(res.locals.item))`,
    ],
    [
      'a method of a class',
      { 'repo.ts': `export class Repo { find(a) { sink(a) } }` },
      `import { Repo } from './repo'; const repo = new Repo(); app.get('/x', (req, res) => repo.find(req.query.a))`,
    ],
    [
      'a method set in a constructor function',
      { 'repo.js': `function Repo() { this.find = (a) => { sink(a) } } module.exports = { Repo }` },
      `const { Repo } = require('./repo'); const repo = new Repo(); app.get('/x', (req, res) => repo.find(req.query.a))`,
    ],
    [
      'a prototype',
      { 'repo.js': `function Repo() {} Repo.prototype.find = function (a) { sink(a) }; module.exports = Repo` },
      `const Repo = require('./repo'); const repo = new Repo(); app.get('/x', (req, res) => repo.find(req.query.a))`,
    ],
    [
      'a factory that is handed its parts',
      {
        'repo.js': `exports.run = (a) => sink(a)`,
        'make.js': `exports.make = ({ repo }) => (req, res) => repo.run(req.query.a)`,
      },
      `const repo = require('./repo'); const { make } = require('./make'); app.get('/x', make({ repo }))`,
    ],
  ])('%s', (_, files, text) => expect(taintsIn(`${APP} ${text}`, files).map(said)).toContain('req.query.a whole'))

  test('Nest hands its parameters over by decorators and its services by type', () => {
    const controller = `import { Controller, Get, Query } from '@nestjs/common'; import { Items } from './items'
      @Controller('x') export class C { constructor(private readonly items: Items) {} @Get() f(@Query('a') a: string) { return this.items.find(a) } }`
    expect(
      taintsIn(controller, { 'items.ts': `export class Items { find(a: string) { sink(a) } }` }).map(said),
    ).toEqual(['req.query.a whole'])
  })

  test('a number pipe of Nest leaves nothing to the client', () => {
    const controller = `import { Param, ParseIntPipe } from '@nestjs/common'; class C { f(@Param('id', ParseIntPipe) id: number) { sink(id) } }`
    expect(taintsIn(controller)).toEqual([undefined])
  })
})

describe('what is harmless at one sink', () => {
  const answers = (body: string, harmless: Harmless): (string | undefined)[] =>
    taintsIn(inHandler(body), {}, harmless).map((taint) => taint?.source)

  test('a function that the rule names ends that way only', () => {
    const calls = /(?:^|\.)(?:basename|own)$/
    const body = `const own = (x) => x; const { basename } = require('node:path')
      sink(basename(req.query.a)); sink(own(req.query.a)); sink(basename(req.query.a) + req.query.b)`
    expect(answers(body, { calls })).toEqual([undefined, undefined, 'req.query.b'])
  })

  test('a text, where only objects do harm', () => {
    const body = `const { a } = req.body; sink(a); sink(\`\${a}\`); sink(a.trim()); sink({ b: a }); if (typeof a !== 'string') return; sink(a)`
    expect(answers(body, { when: 'text' })).toEqual(['req.body.a', undefined, undefined, 'req.body.a', undefined])
  })

  test('a path on the own site, where only other sites do harm', () => {
    const go = (test: string): string => `{ const a = req.query.a; if (!(${test})) return; sink(a) }`
    const tests = [
      `a.startsWith('/')`,
      `a.startsWith('/') && !a.startsWith('//')`,
      `a[0] === '/' && a[1] !== '/'`,
      `/^\\/(?!\\/)/.test(a)`,
      `!a.startsWith('//')`,
    ]
    expect(tests.map((each) => answers(go(each), { when: 'local' })[0])).toEqual([
      'req.query.a',
      undefined,
      undefined,
      undefined,
      'req.query.a',
    ])
  })

  test('the own site, where only other sites do harm', () => {
    const go = (test: string): string =>
      `{ const to = new URL(String(req.query.a), req.url); if (${test}) return; sink(to) }`
    const tests = [
      'to.origin !== req.nextUrl.origin',
      'to.origin !== new URL(req.url).origin',
      'req.headers.host !== to.host',
      "to.host !== req.get('host')",
      'to.origin === req.nextUrl.origin',
      'to.origin !== req.query.b',
    ]
    expect(tests.map((each) => answers(go(each), { when: 'local' })[0])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'req.query.a',
      'req.query.a',
    ])
    // The sender of the request chooses its host, so a fetch goes wherever they like.
    expect(answers(go(tests[0] ?? ''), {})).toEqual(['req.query.a'])
  })

  test('a path with its root taken as the top, where paths do harm', () => {
    const paths: Harmless = { calls: /(?:^|[.:/])(?:basename|resolveInside)$/ }
    const from = (code: string): string => `import path from 'node:path'; import express from 'express';
      express().get('/', (req) => sink(${code}))`
    const found = (code: string, harmless: Harmless): string | undefined =>
      taintsIn(from(code), {}, harmless)[0]?.source
    const inside = "path.join('/srv', path.normalize('/' + req.query.a))"
    expect(found(inside, paths)).toBe(undefined)
    expect(found("path.join('/srv', path.posix.join('/', req.query.a), 'x.txt')", paths)).toBe(undefined)
    expect(found(inside, {})).toBe('req.query.a')
    expect(found("path.join('/srv', path.normalize(req.query.a))", paths)).toBe('req.query.a')
    expect(found("path.resolve('/srv', path.normalize('/' + req.query.a))", paths)).toBe('req.query.a')
    expect(found("path.normalize('/' + req.query.a)", paths)).toBe('req.query.a')
  })

  test('a property that the rule names', () => {
    expect(answers(`sink({ $set: req.body.a }); sink({ a: req.body.a })`, { keys: /^\$set$/ })).toEqual([
      undefined,
      'req.body.a',
    ])
  })
})

describe('what was checked before the handler runs', () => {
  test.each([
    [
      'by Fastify',
      `fastify().get('/', { schema: { params: { type: 'object', properties: { a: { enum: ['x'] } } } } }, (req) => sink(req.params.a))`,
    ],
    [
      'by express-validator',
      `const { query } = require('express-validator'); app.get('/', query('a').isInt(), (req, res) => sink(req.query.a))`,
    ],
    [
      'by Hono',
      `new Hono().get('/', zValidator('query', z.object({ a: z.uuid() })), (c) => sink(c.req.valid('query').a))`,
    ],
    ['by the class of Nest', `class Dto { @IsInt() a: number } class C { f(@Body() dto: Dto) { sink(dto.a) } }`],
  ])('%s', (_, text) => {
    const head = `import express from 'express'; import fastify from 'fastify'; import { Hono } from 'hono'; import { z } from 'zod'
      import { zValidator } from '@hono/zod-validator'; import { Body } from '@nestjs/common'; const app = express();`
    expect(taintsIn(head + text)).toEqual([undefined])
    const open = text
      .replace(`enum: ['x']`, `type: 'string'`)
      .replace('isInt()', 'notEmpty()')
      .replace('z.uuid()', 'z.string()')
      .replace('IsInt', 'IsString')
    expect(taintsIn(head + open)[0]?.control).toBe('whole')
  })
})

describe('functions that run one after the other', () => {
  const pipe = `const pipe = (...fns) => (x) => fns.reduce((value, fn) => fn(value), x); const trim = (s) => s.trim();
    const shout = (s) => s + '!'; const none = () => 'x';`

  test.each([
    [`sink(pipe(trim, shout)(req.query.a))`, 'req.query.a whole'],
    [`const clean = pipe(trim, none); const loud = pipe(trim, shout); clean(req.query.a); sink(loud('b'))`, 'safe'],
    [`const loud = pipe(trim, shout); sink(loud(req.query.a))`, 'req.query.a whole'],
    [`const steps = [trim, shout]; sink(pipe(...steps)(req.query.a))`, 'req.query.a whole'],
    [`sink(pipe(trim, encodeURIComponent)(req.query.a))`, 'req.query.a part'],
    [`sink(pipe(trim, Number)(req.query.a))`, 'safe'],
    [`sink(pipe(trim, none, shout)(req.query.a))`, 'safe'],
    [`sink(require('lodash').flow(trim, shout)(req.query.a))`, 'req.query.a whole'],
    [`const run = (s) => sink(s); pipe(trim, run)(req.query.a)`, 'req.query.a whole'],
    [`const run = (s) => sink(s); pipe(trim, run)('b'); pipe(trim, shout)(req.query.a)`, 'safe'],
  ])('%s: %s', (body, expected) => expect(said(taintsIn(inHandler(pipe + body))[0])).toBe(expected))
})

describe('what other parts of the app put in', () => {
  const heirs = (source: string): string =>
    `class Page { show(x) { sink(this.source(x)) } }
     class Badge extends Page { source(x) { return ${source} } }
     class Loud extends Badge {} ; new Loud().show(req.query.a)`

  test('a class below decides what a method above calls', () => {
    expect(said(taintsIn(inHandler(heirs('x')))[0])).toBe('req.query.a whole')
    expect(taintsIn(inHandler(heirs(`'p'`)))).toEqual([undefined])
  })

  test('a class above reads the fields that a class below fills', () => {
    const text = `class A { run() { sink(this.sql) } } class B extends A { constructor(x) { super(); this.sql = x } }
      app.get('/', (req) => new B(req.query.a).run())`
    expect(said(taintsIn(inHandler(text))[0])).toBe('req.query.a whole')
  })

  test.each([
    [`f.decorate('run', (x) => sink(x)); f.get('/', (request) => f.run(request.query.a))`],
    [`f.decorate('run', (x) => sink(x)); f.get('/', (request) => request.server.run(request.query.a))`],
    [`f.decorate('tools', { run: (x) => sink(x) }); f.get('/', (request) => f.tools.run(request.query.a))`],
    [`f.decorateRequest('run', (x) => sink(x)); f.get('/', (request) => request.run(request.query.a))`],
    [`e.set('tools', { run: (x) => sink(x) }); e.get('/', (req, res) => req.app.get('tools').run(req.query.a))`],
    [`e.locals.run = (x) => sink(x); e.get('/', (req, res) => req.app.locals.run(req.query.a))`],
    [`k.context.run = (x) => sink(x); k.use((ctx) => ctx.run(ctx.query.a))`],
  ])('what hangs on the server is called: %s', (text) => {
    const head = `const f = require('fastify')(); const e = require('express')(); const k = new (require('koa'))();`
    expect(taintsIn(head + text)[0]?.source).toContain('query.a')
  })
})

describe('it always ends', () => {
  test.each([
    ['methods that every object has', `x.toString('a', 1); x.constructor('b', 2); x.__proto__('c', 3); sink(x)`],
    ['recursion', `const f = (x) => (x ? f(x.next) : x); sink(f(req))`],
    ['functions that call each other', `const f = (x) => g(x); const g = (x) => f(x); sink(f(1))`],
    [
      'a linked list',
      `let at = list; while (at) { at = at.next ?? at.other.next; if (at.next) at = at.a.b.c } sink(at)`,
    ],
    ['a value made from itself', `let a = a + a; a += a; sink(a)`],
  ])('with %s', (_, body) => expect(taintsIn(inHandler(body))).toEqual([undefined]))

  test('with text joined from thousands of pieces', () => {
    const sum = Array.from({ length: 3000 }, (_, index) => `'${index}'`).join(' + ')
    expect(taintsIn(inHandler(`sink(${sum})`))).toEqual([undefined])
  })

  test.each([
    ['forwards', (index: number) => [`const n${index + 1} = n${index};`, 'n3000']],
    ['through calls', (index: number) => [`const n${index + 1} = () => n${index}();`, 'n3000()']],
  ] as const)('with thousands of names that lead to one another, %s', (_, link) => {
    const links = Array.from({ length: 3000 }, (_, index) => link(index)[0])
    const body = `const n0 = () => req.query.a; ${links.reverse().join(' ')} sink(${link(0)[1]})`
    expect(taintsIn(inHandler(body))).toHaveLength(1)
  })

  test('and finds the client at the front of a long sum', () => {
    const sum = Array.from({ length: 500 }, (_, index) => `'${index}'`).join(' + ')
    expect(said(taintsIn(inHandler(`sink(req.query.a + ${sum})`))[0])).toBe('req.query.a whole')
  })

  test('with functions that each call the next one twice', () => {
    const chain = Array.from({ length: 40 }, (_, i) => `const f${i} = (x) => f${i + 1}(x) + f${i + 1}(x);`).join(' ')
    expect(taintsIn(inHandler(`${chain} const f40 = (x) => 'x'; sink(f0(req.query.a))`))).toEqual([undefined])
  })
})
