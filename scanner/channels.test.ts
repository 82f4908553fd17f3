import { describe, expect, test } from 'vitest'
import { taintsIn } from './lab.ts'

const taints = (...of: Parameters<typeof taintsIn>): string[] =>
  taintsIn(...of).map((taint) => (taint ? `${taint.source} ${taint.control}` : 'safe'))

const inHandler = (body: string): string =>
  `import express from 'express'; import { z } from 'zod'; const app = express(); app.post('/x', async (req, res, next) => { ${body} })`

describe('messages between threads and processes', () => {
  const threads = `import { Worker } from 'node:worker_threads'; import { fork } from 'node:child_process'; import express from 'express'`
  const child = `import { parentPort, workerData } from 'node:worker_threads'`

  test.each([
    [
      'a worker listens',
      `const w = new Worker('./w.js'); express().get('/', (req) => w.postMessage({ a: req.query.a }))`,
      `parentPort.on('message', ({ a, b }) => { sink(a); sink(b) })`,
      ['req.query.a whole', 'safe'],
    ],
    [
      'a worker is made with data',
      `express().get('/', (req) => new Worker('./w.js', { workerData: { a: req.query.a, b: 1 } }))`,
      `sink(workerData.a); sink(workerData.b)`,
      ['req.query.a whole', 'safe'],
    ],
    [
      'a worker is handed an event',
      `const w = new Worker('./w.js'); express().get('/', (req) => w.postMessage(req.query.a))`,
      `parentPort.addEventListener('message', (event) => sink(event.data))`,
      ['req.query.a whole'],
    ],
    [
      'a child process listens',
      `const c = fork('./w.js'); express().get('/', (req) => c.send({ a: req.query.a }))`,
      `process.on('message', (m) => sink(m.a))`,
      ['req.query.a whole'],
    ],
    [
      'a child process listens to nobody in sight',
      `const c = fork('./w.js'); express().get('/', (req) => c.send({ a: 1, b: req.query.a }))`,
      `process.on('message', (m) => sink(m.a))`,
      ['safe'],
    ],
    [
      'the answer of a worker that hands back what it gets',
      `const w = new Worker('./w.js'); express().get('/', (req) => { w.on('message', (m) => sink(m)); w.postMessage(req.query.a) })`,
      `parentPort.on('message', (m) => parentPort.postMessage(m))`,
      ['req.query.a whole'],
    ],
  ])('%s', (_, app, worker, expected) => {
    expect(taints(`${threads}; ${app}`, { 'w.js': `${child}; ${worker}` })).toEqual(expected)
  })
})

describe('what comes with uploads and contexts', () => {
  test('the names of files that Fastify reads one by one', () => {
    const text = `const f = require('fastify')(); f.post('/', async (request) => {
      for await (const part of request.files()) sink(part.filename)
      const data = await request.file(); sink(data.filename) })`
    expect(taints(text)).toEqual(['req.files() whole', 'req.file() whole'])
  })

  test("Koa's parsed address", () => {
    const text = `const k = new (require('koa'))(); k.use((ctx) => sink(ctx.URL.searchParams.get('q')))`
    expect(taints(text)).toEqual(['req.URL.searchParams whole'])
  })

  test('a handler under a name that a function of a package has made', () => {
    const head = `import { Hono } from 'hono'; const app = new Hono();`
    const made = `import { createMiddleware } from 'hono/factory'
      export const keep = createMiddleware(async (c, next) => { c.set('to', c.req.query('to')); await next() })`
    const text = `import { keep } from './keep'; app.use(keep); app.get('/', (c) => sink(c.get('to')))`
    expect(taints(head + text, { 'keep.ts': made })).toEqual([`req.query('to') whole`])
  })
})

describe("Nest's pipes", () => {
  const nest = (transform: string, use = 'Own'): string =>
    `import { z } from 'zod'; import { Query, Body } from '@nestjs/common'
      class Own { constructor(private schema) {} transform(value) { ${transform} } }
      class Page { show(@Query('a', ${use}) a) { sink(a) } }`

  test.each([
    [`if (!/^[a-z]+$/.test(value)) throw new Error(); return value`, 'Own', 'safe'],
    [`if (!/^[a-z]+$/.test(value)) throw new Error(); return value`, 'new Own()', 'safe'],
    [`return Number(value)`, 'Own', 'safe'],
    [`if (!value) throw new Error(); return value`, 'Own', 'req.query.a whole'],
    [`if (!/^[a-z]+$/.test(value)) return value; throw new Error()`, 'Own', 'req.query.a whole'],
    [`return this.schema.parse(value)`, 'new Own(z.enum(["a"]))', 'safe'],
    [`return this.schema.parse(value)`, 'new Own(z.string())', 'req.query.a whole'],
    [`return value.trim()`, 'Other', 'req.query.a whole'],
  ])('%s by %s', (transform, use, expected) => expect(taints(nest(transform, use))).toEqual([expected]))

  test('may check a part of the whole', () => {
    const text = nest(`return this.schema.parse(value)`, '')
      .replace(`@Query('a', ) a`, `@Body(new Own(z.object({ a: z.number(), b: z.string() }))) dto`)
      .replace('sink(a)', 'sink(dto.a); sink(dto.b)')
    expect(taints(text)).toEqual(['safe', 'req.body.b whole'])
  })
})

describe('schemas', () => {
  const checked = (schema: string): string =>
    `import Joi from 'joi'; import { z } from 'zod'; import express from 'express'; import * as all from './schemas'
      const own = { user: { body: z.object({ a: z.enum(['x']) }) } }
      const validate = (schema) => (req, res, next) => { req.valid = schema.parse(req.body); next() }
      const among = ({ body }) => (req, res, next) => { req.valid = body.parse(req.body); next() }
      express().post('/', ${schema}, (req, res) => sink(req.valid.a))`
  const files = {
    'schemas.ts': `import { z } from 'zod'; export const tight = z.object({ a: z.uuid() }); export const loose = z.object({ a: z.string() })`,
  }

  test.each([
    [`validate(z.object({ a: z.number() }))`, 'safe'],
    [`validate(z.object({ a: z.string() }))`, 'req.body.a whole'],
    [`validate(z.object({ a: z.number() })), validate(z.object({ a: z.string() }))`, 'req.body.a whole'],
    [`among({ body: z.object({ a: z.number() }) })`, 'safe'],
    [`among({ body: z.object({ a: z.string() }), query: z.object({ a: z.number() }) })`, 'req.body.a whole'],
    [`validate(all.tight)`, 'safe'],
    [`validate(all.loose)`, 'req.body.a whole'],
    [`among(own.user)`, 'safe'],
    [`validate(own.user.body)`, 'safe'],
  ])('that a function is handed: %s', (schema, expected) => {
    expect(taints(checked(schema), files)).toEqual([expected])
  })
})

describe('objects that are put together or checked as a whole', () => {
  test.each([
    ['the values', `Object.fromEntries(Object.entries(req.body).map(([k, v]) => [k, v]))`, 'req.body whole'],
    ['texts made of them', `Object.fromEntries(Object.entries(req.body).map(([k, v]) => [k, String(v)]))`, 'safe'],
    ['fixed values', `Object.fromEntries(Object.keys(req.body).map((k) => [k, 1]))`, 'safe'],
    ['a schema of numbers', `z.object({ a: z.number(), b: z.object({ c: z.boolean() }) }).parse(req.body)`, 'safe'],
    ['a schema of texts', `z.object({ a: z.string() }).strict().parse(req.body)`, 'safe'],
    ['a schema of anything', `z.object({ a: z.any() }).parse(req.body)`, 'req.body whole'],
    ['an open schema', `z.object({ a: z.number() }).passthrough().parse(req.body)`, 'req.body whole'],
    ['JSON in a text', `JSON.parse(String(req.body.a))`, 'req.body.a whole'],
  ])('where only objects do harm: %s', (_, expression, expected) => {
    expect(taints(inHandler(`sink(${expression})`), {}, { when: 'text' })).toEqual([expected])
  })

  test('where texts do harm, a schema of texts lets them pass', () => {
    expect(taints(inHandler(`sink(z.object({ a: z.string() }).parse(req.body))`))).toEqual(['req.body whole'])
  })
})
