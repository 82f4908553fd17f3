import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Policy } from '../runtime/policy.ts'
import * as onExpress from './express.ts'
import * as onFastify from './fastify.ts'
import * as onHono from './hono.ts'
import * as onNode from './node.ts'

const policy: Policy = { onEvent: () => {} }
const params = z.object({ id: z.number().int() })
const query = z.object({ draft: z.boolean().optional() })
const body = z.object({ title: z.string().min(3), tags: z.array(z.string()), rank: z.number() })
const bodyLimits = { json: '200kb' }

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Each handler answers what it got, by the types that the compiler knows: what is marked would not compile. */
const apps: Record<string, () => Promise<number>> = {
  async 'Express with its parser in front'() {
    const app = express()
    app.use(onExpress.bulwark(policy))
    app.use(express.json({ limit: '200kb' }))
    app.use(express.urlencoded({ extended: false }))
    app.post('/posts/:id', onExpress.secure({ params, query, body, bodyLimits }), (req, res) => {
      const { input } = req.security
      const id: number = input.params.id
      const title: string = input.body.title
      const draft: boolean | undefined = input.query.draft
      // @ts-expect-error the schema makes it a number
      const wrong: string = input.body.rank
      // @ts-expect-error nobody declared it
      const none = input.body.isAdmin
      const path: string = req.params.id
      res.json({
        id,
        title: title.length > 60_000 ? title.length : title,
        draft,
        rank: wrong,
        tags: input.body.tags,
        none,
        path,
      })
    })
    const server = app.listen(0, '127.0.0.1')
    closers.push(() => server.close())
    await new Promise((done) => server.once('listening', done))
    return (server.address() as AddressInfo).port
  },
  async Fastify() {
    const app = Fastify({ bodyLimit: 300_000 })
    app.register(onFastify.bulwark(policy))
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_req, text, done) =>
      done(null, text),
    )
    app.post('/posts/:id', onFastify.secure({ params, query, body, bodyLimits }), async (request) => {
      const { input } = request.security
      const id: number = input.params.id
      const title: string = input.body.title
      const draft: boolean | undefined = input.query.draft
      // @ts-expect-error the schema makes it a number
      const wrong: string = input.body.rank
      const path = (request.params as { id: string }).id
      return {
        id,
        title: title.length > 60_000 ? title.length : title,
        draft,
        rank: wrong,
        tags: input.body.tags,
        path,
      }
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    closers.push(() => app.close())
    return (app.server.address() as AddressInfo).port
  },
  async Hono() {
    const app = new Hono()
    app.use(onHono.bulwark(policy))
    app.post('/posts/:id', onHono.secure({ params, query, body, bodyLimits }), (c) => {
      const { input } = c.get('security')
      const id: number = input.params.id
      const title: string = input.body.title
      const draft: boolean | undefined = input.query.draft
      // @ts-expect-error the schema makes it a number
      const wrong: string = input.body.rank
      const path: string = c.req.param('id')
      return c.json({
        id,
        title: title.length > 60_000 ? title.length : title,
        draft,
        rank: wrong,
        tags: input.body.tags,
        path,
      })
    })
    return new Promise((done) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => done(port))
      closers.push(() => server.close())
    })
  },
  async 'node:http'() {
    const listener = onNode.secure({ query, body, bodyLimits }, (req, res) => {
      const { input } = onNode.securityOf(req)
      const title: string = input.body.title
      const draft: boolean | undefined = input.query.draft
      // @ts-expect-error the schema makes it a number
      const wrong: string = input.body.rank
      const none: undefined = input.params
      const path = req.url?.split('/')[2]?.split('?')[0]
      res.setHeader('Content-Type', 'application/json')
      res.end(
        JSON.stringify({
          id: Number(path),
          title: title.length > 60_000 ? title.length : title,
          draft,
          rank: wrong,
          tags: input.body.tags,
          none,
          path,
        }),
      )
    })
    const server = onNode.secure(createServer(listener), policy)
    closers.push(() => server.close())
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return (server.address() as AddressInfo).port
  },
}

test('a plain listener that declares named parts of a path does not start, and does not compile', () => {
  // @ts-expect-error nobody takes its path apart
  const start = () => onNode.secure({ params }, () => {})
  expect(start).toThrow(/named parts[\s\S]*secure\(\)\.params \(library\/adapters\/input\.test\.ts:\d+\)[\s\S]*route\(/)
  expect(start).toThrow(expect.objectContaining({ code: 'BULWARK_ADAPTER_MISUSED' }) as Error)
})

test('a misspelt key of a declaration does not compile', () => {
  const starts = [
    // @ts-expect-error it is allow
    () => onExpress.secure({ alow: 'anyone', body }),
    // @ts-expect-error it is allow
    () => onFastify.secure({ alow: 'anyone', body }),
    // @ts-expect-error it is allow
    () => onHono.secure({ alow: 'anyone', body }),
    // @ts-expect-error it is allow
    () => onNode.secure({ alow: 'anyone', body }, () => {}),
  ]
  for (const start of starts) expect(start).toThrow(/did you mean "allow"/)
})

describe.each(Object.entries(apps))('on %s', (name, start) => {
  const post = (port: number, path: string, json: unknown) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    })
  const note = { title: 'Tea', tags: ['a', 'b'], rank: 2 }

  test('a handler gets what its contract declares, typed', async () => {
    const port = await start()
    const answer = await post(port, '/posts/7?draft=true&utm_source=x', note)
    expect(await answer.json()).toEqual({ id: 7, path: '7', draft: true, ...note })
  })

  test('what is wrong is told field by field', async () => {
    const port = await start()
    const answer = await post(port, '/posts/7', { title: 'T', tags: 'a', rank: '2', isAdmin: true })
    expect(answer.status).toBe(422)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await answer.json()) as { errors: { path: string }[]; incident: string }
    expect(problem.errors.map(({ path }) => path).sort()).toEqual(['rank', 'tags', 'title'])
    expect(problem.incident).toMatch(/^[0-9a-f]{16}$/)
    expect((await post(port, '/posts/7', { ...note, isAdmin: true })).status).toBe(422)
    if (name !== 'node:http') expect((await post(port, '/posts/7abc', note)).status).toBe(400)
    expect((await post(port, '/posts/7?draft=yes', note)).status).toBe(400)
  })

  test('a form is read by the same schema, and its connection stays open after a refusal', async () => {
    const port = await start()
    const form = (text: string) =>
      fetch(`http://127.0.0.1:${port}/posts/7`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: text,
      })
    expect(await (await form('title=Tea&tags=a&rank=2')).json()).toMatchObject({ title: 'Tea', tags: ['a'], rank: 2 })
    const refused = await form('title=Tea&tags=a&rank=2x')
    expect([refused.status, refused.headers.get('connection')]).toEqual([422, 'keep-alive'])
  })

  test('a body that the route allows to be large is checked to its end', async () => {
    const port = await start()
    const large = { ...note, title: 'x'.repeat(150_000) }
    expect(await (await post(port, '/posts/7', large)).json()).toMatchObject({ title: 150_000 })
    expect((await post(port, '/posts/7', { ...large, zzz: 1 })).status).toBe(422)
  })
})
