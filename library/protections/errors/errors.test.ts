import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import type { KnownRoute } from '../../core/contract.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { failureOf } from './failures.ts'
import { type ErrorsOptions, errors } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

const BY_RUNTIME = 'the runtime answers every failure itself, whichever guards there are'

prove('errors', {
  victim,
  probes,
  rules,
  sources: ['fixtures/errors.js'],
  alsoStoppedBy: {
    'errors/stack-trace': BY_RUNTIME,
    'errors/internal-message': BY_RUNTIME,
    'errors/async-crash': BY_RUNTIME,
  },
  stoppedByFramework: {
    'node:http': {
      'errors/stack-trace': 'a process that ends says nothing',
      'errors/internal-message': 'a process that ends says nothing',
    },
    'Express 4': {
      'errors/stack-trace': 'the route is asynchronous, and Express 4 never hears of its failure',
      'errors/internal-message': 'the route is asynchronous, and Express 4 never hears of its failure',
    },
    'Express 5': { 'errors/async-crash': 'Express 5 catches what a route rejects with' },
    'Hono 4': {
      'errors/async-crash': 'Hono catches what a route rejects with',
      'errors/internal-message': 'Hono answers "Internal Server Error" and nothing of the error',
      'errors/stack-trace': 'Hono answers "Internal Server Error" and nothing of the error',
    },
    'Fastify 5': {
      'errors/async-crash': 'Fastify catches what a route rejects with',
      'errors/stack-trace': 'Fastify sends messages and no stacks',
    },
  },
})

const ROUTE: KnownRoute = { method: 'GET', path: '/items/:id', at: undefined, contract: undefined }
const broken = (): Error => new TypeError('secret words of the client')
const SAME = broken()

function lab(options: ErrorsOptions = {}) {
  const clock = { at: 1_000_000 }
  const guard = errors(options, setup({ now: () => clock.at }))
  const make = (ip = '203.0.113.7', path = '/items/1', route: KnownRoute | undefined = ROUTE) =>
    exchange({ url: `https://app.example${path}`, ip, ...(route && { route }) })
  const fail = (error: unknown = SAME, ...about: Parameters<typeof make>) => {
    const x = make(...about)
    guard.onError!(x, error, 500)
    return x
  }
  const ask = (...about: Parameters<typeof make>) => {
    const verdict = guard.onRoute!(make(...about))
    return verdict === undefined ? 'passes' : (verdict as { headers?: Record<string, string> }).headers?.['Retry-After']
  }
  return { clock, guard, make, fail, ask }
}

test('a client that causes the same failure five times within a minute has to pause, longer each time', () => {
  const { clock, fail, ask } = lab()
  for (let i = 0; i < 4; i++) fail()
  expect(ask()).toBe('passes')
  fail()
  expect(ask()).toBe('10')
  clock.at += 9_001
  expect(ask()).toBe('1')
  clock.at += 999
  expect(ask()).toBe('passes')
  fail()
  expect(ask()).toBe('20')
  clock.at += 20_000
  fail()
  expect(ask()).toBe('40')
  for (let i = 0; i < 12; i++) {
    clock.at += 10 * 60_000
    fail()
  }
  expect(ask(), 'the longest pause').toBe('600')
  clock.at += 2 * 60 * 60_000
  fail()
  expect(ask(), 'after two good hours').toBe('passes')
})

test('failures that come slowly, or that differ, are no repetition', () => {
  const { clock, fail, ask } = lab()
  for (let i = 0; i < 20; i++) {
    fail()
    clock.at += 16_000
  }
  expect(ask()).toBe('passes')
  for (let i = 0; i < 20; i++)
    fail(Object.assign(new Error('one of many'), { stack: `Error: x\n    at place${i} (file.js:${i}:1)` }))
  expect(ask()).toBe('passes')
})

test('the pause is for that client and that route alone', () => {
  const { fail, ask } = lab()
  for (let i = 0; i < 5; i++) fail(SAME, '203.0.113.7', `/items/${i}`)
  expect(ask('203.0.113.7', '/items/99'), 'another path of the same route').toBe('10')
  expect(ask('203.0.113.8')).toBe('passes')
  expect(ask('203.0.113.7', '/other', { ...ROUTE, path: '/other' })).toBe('passes')
})

test('without a route layer the path counts, before anything of the app runs', () => {
  const { guard, make } = lab()
  const here = () => exchange({ url: 'https://app.example/items/1' })
  for (let i = 0; i < 5; i++) guard.onError!(here(), SAME, 500)
  expect(guard.onRequest!(here())).toMatchObject({ status: 429, risk: 'repeated-failure' })
  expect(guard.onRequest!(exchange({ url: 'https://app.example/items/2' }))).toBeUndefined()
  expect(guard.onRequest!(make())).toBeUndefined()
})

test('failures that the app answers itself count by their status, and each failure counts once', () => {
  const { guard, ask } = lab()
  const answer = (status: number, failed = false) => {
    const x = exchange({ url: 'https://app.example/items/1', route: ROUTE, response: { status } })
    if (failed) guard.onError!(x, SAME, status)
    guard.onResponse!(x)
  }
  for (let i = 0; i < 4; i++) answer(500, true)
  expect(ask()).toBe('passes')
  for (let i = 0; i < 10; i++) answer(503)
  for (let i = 0; i < 10; i++) answer(404)
  expect(ask()).toBe('passes')
  for (let i = 0; i < 5; i++) answer(502)
  expect(ask()).toBe('10')
})

test('what is the client’s own fault is no failure', () => {
  const { guard, make, ask } = lab()
  for (let i = 0; i < 20; i++) guard.onError!(make(), SAME, 400)
  expect(ask()).toBe('passes')
})

test('an error that says "not now" slows nobody down', () => {
  const { guard, make, ask } = lab()
  for (let i = 0; i < 20; i++) guard.onError!(make(), SAME, 503)
  expect(ask()).toBe('passes')
})

test('each distinct failure is reported with its error, once a minute', () => {
  const { clock, fail } = lab()
  expect(fail().events).toMatchObject([{ guard: 'errors', risk: 'unhandled-failure', error: SAME }])
  expect(fail().events).toEqual([])
  expect(fail(new RangeError('another')).events).toHaveLength(1)
  expect(fail().events[0]?.reason ?? '').not.toContain('secret')
  clock.at += 60_000
  expect(fail().events).toHaveLength(1)
})

test('a failure is told by its kind and its place, whatever was thrown', () => {
  expect(failureOf(SAME)).toMatch(/^TypeError broken .*errors\.test\.ts/)
  expect(failureOf(SAME)).not.toContain('secret')
  expect(failureOf('text')).toBe('string')
  expect(failureOf(undefined)).toBe('undefined')
  expect(failureOf(Object.assign(new RangeError('x'), { stack: undefined }))).toBe('RangeError')
})

/** A process of its own: what is tested ends it. */
async function crash(code: string): Promise<{ exit: number | null; out: string; err: string }> {
  const base = new URL('../..', import.meta.url).href
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `import { secure } from '${base}adapters/node.ts'\nimport http from 'node:http'\n${code}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: new URL('../../..', import.meta.url) },
  )
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const timer = setTimeout(() => child.kill('SIGKILL'), 25_000)
  const [exit] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return { exit, out, err }
}

const SERVER = (policy: string): string => `
  const server = http.createServer((req, res) => {
    if (req.url === '/slow') setTimeout(() => res.end('slow', () => console.log('done in time')), 300)
    else if (req.url === '/later') { setTimeout(() => { throw new Error('nobody catches me') }, 20); res.end('ok') }
    else if (req.url === '/rejects') { void Promise.reject(new Error('nobody awaits me')); res.end('ok') }
    else res.end('alive')
  })
  secure(server, ${policy})
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const ask = (path) => fetch('http://127.0.0.1:' + server.address().port + path, { headers: { connection: 'close' } }).then((answer) => answer.text())
`

test('an error that nobody caught ends the process with an event, after running exchanges have finished', async () => {
  const { exit, out, err } = await crash(`${SERVER('{ errors: { drain: 2000 } }')}
    const slow = ask('/slow')
    await ask('/later')
    await slow
    await new Promise((done) => setTimeout(done, 20000))
    console.log('still here')`)
  expect(exit).toBe(1)
  expect(out).toContain('done in time')
  expect(out).not.toContain('still here')
  expect(err).toContain('an error that nobody caught; the process ends')
  expect(err).toContain('nobody catches me')
}, 40_000)

test('the process goes on where the policy says so, and where the app listens itself', async () => {
  const { exit, out, err } = await crash(`${SERVER('{ errors: { exitOnUncaught: false } }')}
    await ask('/rejects')
    await new Promise((done) => setTimeout(done, 100))
    console.log(await ask('/'))
    process.exit(0)`)
  expect({ exit, out: out.trim() }).toEqual({ exit: 0, out: 'alive' })
  expect(err).toContain('a rejected promise that nobody awaited; the process goes on')

  const own = await crash(`process.on('unhandledRejection', () => console.log('mine'))
    ${SERVER('{}')}
    await ask('/rejects')
    await new Promise((done) => setTimeout(done, 100))
    console.log(await ask('/'))
    process.exit(0)`)
  expect({ exit: own.exit, out: own.out.trim().split('\n') }).toEqual({ exit: 0, out: ['mine', 'alive'] })
  expect(own.err).not.toContain('nobody awaited')
}, 60_000)

const bad: readonly [string, ErrorsOptions, RegExp][] = [
  ['no repeats', { repeats: 0 }, /BULWARK_LIMIT_INVALID[\s\S]*policy\.errors\.repeats/],
  ['a window without a unit', { window: '60' }, /BULWARK_DURATION_INVALID[\s\S]*policy\.errors\.window/],
  ['an endless drain', { drain: 'for ever' }, /BULWARK_DURATION_INVALID[\s\S]*policy\.errors\.drain/],
]
for (const [what, options, error] of bad) {
  test(`${what}: refused at start-up`, () => {
    expect(() => errors(options, setup())).toThrow(error)
  })
}
