import http, { createServer, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import express5 from 'express'
import fastify from 'fastify'
import { type Context, Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Contract } from '../core/contract.ts'
import { off } from '../core/policy.ts'
import { knownContract } from '../known.ts'
import type { Policy } from '../runtime/policy.ts'
import * as onExpress from './express.ts'
import * as onFastify from './fastify.ts'
import * as onHono from './hono.ts'
import * as onNode from './node.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Route {
  readonly method: string
  readonly path: string
  readonly contract: Contract | undefined
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Serves these routes, and below `/loose` something that is no route of any framework: what is written there is under no contract. */
type Serve = (policy: Policy, routes: readonly Route[], answer: (url: string) => Promise<Answer>) => Promise<Server>

const adapters: Readonly<Record<string, Serve>> = {
  'node:http': async (policy, routes, answer) => {
    const placed = routes.flatMap(({ method, path, contract }) =>
      contract === undefined ? [] : [onNode.route(`${method} ${path}`, contract as never, plain(answer))],
    )
    return onNode.secure(createServer(plain(answer) as RequestListener), policy, placed)
  },
  'Express 5': async (policy, routes, answer) => createServer(expressApp(express5, policy, routes, answer)),
  'Express 4': async (policy, routes, answer) =>
    createServer(expressApp(createRequire(import.meta.url)('express4') as typeof express5, policy, routes, answer)),
  'Fastify 5': async (policy, routes, answer) => {
    const app = fastify()
    closers.push(() => app.close())
    app.register(onFastify.bulwark(policy))
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined))
    for (const { method, path, contract } of routes) {
      app.route({
        ...(contract === undefined ? {} : onFastify.secure(contract as never)),
        method,
        url: path,
        async handler(request, reply) {
          const { status = 200, headers = {} } = await answer(request.url)
          return reply.code(status).headers(headers).send('here')
        },
      } as Parameters<typeof app.route>[0])
    }
    app.setNotFoundHandler(async (request, reply) => {
      const { status = 200, headers = {} } = await answer(request.url)
      return reply.code(status).headers(headers).send('loose')
    })
    await app.ready()
    return app.server
  },
  'Hono 4': async (policy, routes, answer) => {
    const app = new Hono()
    app.use(onHono.bulwark(policy))
    app.use('/loose/*', (c, next) => (c.req.path === '/nowhere' ? next().then(() => c.res) : handle(c)))
    const handle = async (c: Context): Promise<Response> => {
      await c.req.arrayBuffer()
      const { status = 200, headers = {} } = await answer(c.req.url.replace(/^https?:\/\/[^/]*/, ''))
      return c.body('here', status as 200, headers)
    }
    for (const { method, path, contract } of routes) {
      if (contract === undefined) app.on(method, path, handle)
      else app.on(method, path, onHono.secure(contract as never) as never, handle)
    }
    return createAdaptorServer(app) as Server
  },
}

function plain(answer: (url: string) => Promise<Answer>): onNode.PlainListener {
  return async (req, res) => {
    for await (const _ of req);
    const { status = 200, headers = {} } = await answer(req.url ?? '/')
    res.writeHead(status, { 'content-type': 'text/plain', ...headers }).end('here')
  }
}

function expressApp(
  express: typeof express5,
  policy: Policy,
  routes: readonly Route[],
  answer: (url: string) => Promise<Answer>,
): RequestListener {
  const app = express()
  app.use(onExpress.bulwark(policy))
  app.use('/loose', plain(answer) as never)
  for (const { method, path, contract } of routes) {
    const declared = contract === undefined ? [] : [onExpress.secure(contract as never)]
    app[method.toLowerCase() as 'get'](path, ...(declared as never[]), plain(answer) as never)
  }
  return app
}

async function up(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(
    () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  )
  return (server.address() as AddressInfo).port
}

interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Told {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
}

function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

type Outcome = number | string | undefined

interface Case {
  readonly policy?: Policy
  readonly contract: Contract
  /** What the other route declares. @default nothing */
  readonly other?: Contract
  readonly method?: string
  /** Behind `/declared`, `/bare` and `/loose`. @default '' */
  readonly pattern?: string
  readonly path?: string
  readonly ask?: Ask
  readonly answer?: (url: string) => Answer
  /** What a request came to. @default its status */
  readonly outcome?: (port: number, path: string, how: Ask) => Promise<Outcome>
  readonly declared: Outcome
  readonly bare: Outcome
  /** Outside of every route the guard must hold as at the route that declares nothing. */
  readonly exempt?: true
}

const KEYS = 'k3yOfTheseTests-0123456789-abcdefghij'
const json = (body: unknown): Ask => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const crossSite = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }
const roles: Policy = { accessControl: { roles: { guest: [], admin: ['a:b'] }, identify: () => undefined } } as never
const foreignToken = [{ alg: 'HS256', typ: 'JWT' }, { iss: 'https://other.example' }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.')
const issuers = [{ issuer: 'https://id.example', audience: 'app', secret: KEYS }]

/** For each key that a route may declare: what it changes there, and what happens at a route that does not declare it. */
const cases: { readonly [Key in keyof Required<Contract>]: readonly Case[] } = {
  allow: [{ policy: roles, contract: { allow: 'a:b' as never }, other: { allow: 'anyone' }, declared: 401, bare: 200 }],
  object: [
    {
      policy: roles,
      contract: { allow: 'anyone', object: () => undefined },
      other: { allow: 'anyone' },
      declared: 404,
      bare: 200,
    },
  ],
  token: [
    { policy: { accessTokens: { issuers } }, contract: { token: true }, declared: 401, bare: 200 },
    {
      policy: { accessTokens: { issuers } },
      contract: { token: off('the partner has keys of its own') },
      ask: { headers: { authorization: `Bearer ${foreignToken}.c2lnbmF0dXJl` } },
      declared: 200,
      bare: 401,
      exempt: true,
    },
  ],
  bodyLimits: [
    {
      contract: { bodyLimits: { json: '300kb' } },
      ...wide(json({ text: 'x'.repeat(200_000) })),
      declared: 200,
      bare: 413,
    },
    { contract: { bodyLimits: { json: 20 } }, ...wide(json({ text: 'x'.repeat(100) })), declared: 413, bare: 200 },
  ],
  caller: [
    {
      policy: { callers: { self: 'app', known: { blog: { certificate: 'blog.internal', may: ['a:b'] } } } },
      contract: { caller: 'a:b' },
      declared: 401,
      bare: 200,
    },
  ],
  cors: [
    {
      contract: { cors: { allow: ['https://partner.example'] } },
      outcome: async (port, path) => {
        const origin = 'https://partner.example'
        const first = await ask(port, path, {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'GET' },
        })
        const then = await ask(port, path, { headers: { origin } })
        return `${first.headers['access-control-allow-origin']} ${then.headers['access-control-allow-origin']}`
      },
      declared: 'https://partner.example https://partner.example',
      // A preflight names no route that could be told from others: it lets nobody read anything.
      bare: 'https://partner.example undefined',
    },
    {
      contract: { cors: off('the partner library sets its own') },
      ask: { headers: { origin: 'https://partner.example' } },
      answer: () => ({
        headers: {
          'access-control-allow-origin': 'https://partner.example',
          'access-control-allow-credentials': 'true',
        },
      }),
      outcome: async (port, path, how) => (await ask(port, path, how)).headers['access-control-allow-origin'] as string,
      declared: 'https://partner.example',
      bare: undefined,
      exempt: true,
    },
  ],
  csrf: [
    {
      contract: { csrf: off('signed') },
      method: 'POST',
      ask: { headers: crossSite },
      declared: 200,
      bare: 403,
      exempt: true,
    },
    { policy: { keys: KEYS }, contract: { csrf: 'token' }, method: 'POST', declared: 403, bare: 200 },
  ],
  changesState: [{ contract: { changesState: true }, ask: { headers: crossSite }, declared: 403, bare: 200 }],
  deserialization: [
    {
      contract: { deserialization: off('only shown') },
      ...wide(json({ a: '_$$ND_FUNC$$_function(){}()' })),
      declared: 200,
      bare: 400,
      exempt: true,
    },
  ],
  signedLink: [{ policy: { keys: KEYS }, contract: { signedLink: 'invoices' }, declared: 403, bare: 200 }],
  responseHeaders: [
    {
      contract: { responseHeaders: { referrerPolicy: 'origin' } },
      outcome: async (port, path) => (await ask(port, path)).headers['referrer-policy'] as string,
      declared: 'origin',
      bare: 'no-referrer',
    },
  ],
  hostHeader: [
    {
      policy: { origins: ['http://app.example'] },
      contract: { hostHeader: off('asked by address') },
      ask: { headers: { host: 'other.example' } },
      declared: 200,
      bare: 421,
      exempt: true,
    },
  ],
  body: [{ contract: { body: z.object({ a: z.number() }) }, ...wide(json({ a: 'no' })), declared: 422, bare: 200 }],
  query: [{ contract: { query: z.object({ a: z.number() }) }, path: '?a=no', declared: 400, bare: 200 }],
  params: [
    { contract: { params: z.object({ id: z.number() }) }, pattern: '/:id', path: '/no', declared: 400, bare: 200 },
    { contract: { params: z.object({ id: z.number() }) }, pattern: '/:id', path: '/7', declared: 200, bare: 200 },
  ],
  headers: [{ contract: { headers: z.object({ 'x-a': z.string() }) }, declared: 400, bare: 200 }],
  files: [
    {
      contract: { files: { photo: { types: ['image/png'], size: '10kb' } } },
      method: 'POST',
      ask: {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: '--b\r\ncontent-disposition: form-data; name="photo"; filename="a.png"\r\ncontent-type: image/png\r\n\r\nno picture\r\n--b--\r\n',
      },
      declared: 422,
      bare: 200,
    },
  ],
  unicode: [
    {
      contract: { unicode: 'NFC', body: z.object({ a: z.string().max(1) }) },
      other: { body: z.object({ a: z.string().max(1) }) },
      ...wide(json({ a: 'e\u0301' })),
      declared: 200,
      bare: 422,
    },
  ],
  mayAssign: [
    {
      policy: { massAssignment: { privileged: ['role'] } },
      contract: { mayAssign: ['role'] },
      ...wide(json({ role: 'admin' })),
      declared: 200,
      bare: 422,
      exempt: true,
    },
  ],
  openRedirect: [
    {
      contract: { openRedirect: off('checked in the route') },
      path: '?to=https://evil.example/',
      answer: () => ({ status: 302, headers: { location: 'https://evil.example/' } }),
      declared: 302,
      bare: 400,
      exempt: true,
    },
  ],
  overload: [
    {
      contract: { overload: { atOnce: 1, queue: 0 } },
      outcome: async (port, path) => {
        let told = 0
        const both = [1, 2].map(() => ask(port, `${path}?hold`).finally(() => told++))
        await until(() => told + holding.length === 2)
        release()
        return (await Promise.all(both))
          .map(({ status }) => status)
          .sort()
          .join(' ')
      },
      declared: '200 503',
      bare: '200 200',
    },
    {
      policy: { overload: { atOnce: { atOnce: 1, queue: 0 } } },
      contract: { overload: 'serve' },
      outcome: async (port, path) => {
        const first = ask(port, '/bare?hold')
        await until(() => holding.length === 1)
        const { status } = await ask(port, path)
        release()
        await first
        return status
      },
      declared: 200,
      bare: 503,
      exempt: true,
    },
  ],
  path: [
    {
      contract: { path: { encodedSlash: true } },
      pattern: '/:path',
      path: '/a%2Fb',
      declared: 200,
      bare: 400,
      exempt: true,
    },
  ],
  prototypePollution: [
    {
      contract: { prototypePollution: off('a manual') },
      path: '?q=__proto__',
      declared: 200,
      bare: 400,
      exempt: true,
    },
  ],
  limit: [
    {
      contract: { limit: '2/min' },
      outcome: async (port, path) => {
        const all = []
        for (let i = 0; i < 3; i++) all.push((await ask(port, path)).status)
        return all.join(' ')
      },
      declared: '200 200 429',
      bare: '200 200 200',
    },
  ],
  fresh: [{ contract: { fresh: '10m' }, declared: 401, bare: 200 }],
  transport: [
    {
      policy: { transport: { requireHttps: 'always' } },
      contract: { transport: off('asked in the clear') },
      declared: 200,
      bare: 403,
      exempt: true,
    },
  ],
  webhook: [
    {
      policy: { webhooks: { senders: { billing: { as: 'stripe', secrets: KEYS } } } },
      contract: { webhook: 'billing' },
      method: 'POST',
      declared: 401,
      bare: 200,
    },
  ],
}

function wide(how: Ask): { readonly method: string; readonly ask: Ask } {
  return { method: how.method ?? 'GET', ask: how }
}

/** Answers that wait for the test to go on. */
const holding: (() => void)[] = []
const held = async (url: string): Promise<void> => {
  if (url.includes('hold')) await new Promise<void>((done) => holding.push(done))
}
const release = (): void => {
  for (const done of holding.splice(0)) done()
}
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((done) => setTimeout(done, 2))
}

async function serve(adapter: string, one: Case): Promise<number> {
  const { method = 'GET', pattern = '', contract, other, policy = {}, answer = () => ({}) } = one
  const routes = [
    { method, path: `/declared${pattern}`, contract },
    { method, path: `/bare${pattern}`, contract: other },
  ]
  // The bare route of the overload is asked by GET as well.
  const quiet: Policy = { onEvent: () => {}, ...policy }
  return up(
    await (adapters[adapter] as Serve)(quiet, routes, async (url) => {
      await held(url)
      return answer(url)
    }),
  )
}

async function outcome(
  port: number,
  place: string,
  { method = 'GET', path = '', ask: how = {}, outcome: own }: Case,
): Promise<Outcome> {
  const full = { method, ...how }
  if (own !== undefined) return own(port, place + path, full)
  return (await ask(port, place + path, full)).status
}

test('every key that a route may declare is tried', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(knownContract).sort())
})

describe.each(Object.keys(adapters))('on %s', (adapter) => {
  const all = Object.entries(cases).flatMap(([key, list]) => list.map((one, i) => [key, i, one] as const))

  test.each(all)('%s (%i) has its effect on its route, with the first request', async (_key, _i, one) => {
    expect(await outcome(await serve(adapter, one), '/declared', one)).toBe(one.declared)
  })

  test.each(all)('%s (%i) has none on another route, nor outside of them', async (_key, _i, one) => {
    const port = await serve(adapter, one)
    expect(await outcome(port, '/bare', one)).toBe(one.bare)
    if (one.exempt) expect(await outcome(port, '/loose', one)).toBe(one.bare)
    // Once more, when the other route has been met.
    await outcome(port, '/declared', one)
    expect(await outcome(port, '/bare', one)).toBe(one.bare)
    if (one.exempt) expect(await outcome(port, '/loose', one)).toBe(one.bare)
  })
})
