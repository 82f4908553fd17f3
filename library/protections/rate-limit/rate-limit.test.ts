import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { prove } from '../../../laws/prove.ts'
import type { Contract } from '../../core/contract.ts'
import { off } from '../../core/policy.ts'
import type { Store, Taken } from '../../core/store.ts'
import { memoryStore } from '../../stores/memory.ts'
import { sqliteStore } from '../../stores/sqlite.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { type RateLimitOptions, rateLimit } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('rate-limit', {
  victim,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/limits.js'],
  policy: { rateLimit: { global: '60/min' } },
})

const clock = { at: 1_000_000, now: () => clock.at }
const about = (contract: Contract, path = '/a') => ({ method: 'GET', path, at: undefined, contract })

test('as many requests as the burst pass, the next hears when to come back, and time brings them back', () => {
  const guard = rateLimit({ global: '3/30s' }, setup({ now: clock.now }))
  const ask = (ip?: string) => guard.onRequest!(exchange(ip === undefined ? {} : { ip }))
  expect([ask(), ask(), ask()]).toEqual([undefined, undefined, undefined])
  expect(ask()).toMatchObject({
    status: 429,
    headers: { 'Retry-After': '10', 'RateLimit-Policy': '"app";q=3;w=30', RateLimit: '"app";r=0;t=30' },
  })
  clock.at += 9_999
  expect(ask()).toMatchObject({ status: 429, headers: { 'Retry-After': '1' } })
  clock.at += 1
  expect(ask()).toBeUndefined()
  expect(ask('203.0.113.8'), 'another client').toBeUndefined()
})

test('addresses of one IPv6 line are one client', () => {
  const guard = rateLimit({ global: '1/min' }, setup())
  const ask = (ip: string) => guard.onRequest!(exchange({ ip }))
  expect(ask('2001:db8:0:1::1')).toBeUndefined()
  expect(ask('2001:db8:0:1:ffff::2')).toMatchObject({ status: 429 })
  expect(ask('2001:db8:0:2::1')).toBeUndefined()
})

test('the limit of the app tells what is left only when less than a quarter is', () => {
  const guard = rateLimit({ global: '8/min' }, setup())
  const headers = Array.from({ length: 8 }, () => {
    const x = exchange()
    guard.onRequest!(x)
    return x.sent.get('ratelimit')
  })
  expect(headers.slice(0, 6)).toEqual(Array.from({ length: 6 }))
  expect(headers[6]).toMatch(/^"app";r=1;t=\d+$/)
})

test('a limit of a route counts for that route alone, and always tells what is left', () => {
  const guard = rateLimit({ global: off('only the routes are tested here') }, setup({ now: clock.now }))
  const contract = { limit: '2/min' }
  const ask = (path: string) => {
    const x = exchange({ contract, route: about(contract, path) })
    const verdict = guard.onRoute!(x) as { status: number } | undefined
    return [verdict?.status, x.sent.get('ratelimit')]
  }
  expect(ask('/a')).toEqual([undefined, '"route";r=1;t=30'])
  expect(ask('/a')).toEqual([undefined, '"route";r=0;t=60'])
  expect(ask('/a')).toEqual([429, undefined])
  expect(ask('/b')).toEqual([undefined, '"route";r=1;t=30'])
  expect(guard.onRequest!(exchange())).toBeUndefined()
  expect(guard.onRoute!(exchange()), 'a route without a limit').toBeUndefined()
})

test('a route may count by something else than the address, and by the address where there is nothing else', () => {
  const guard = rateLimit({}, setup())
  const contract: Contract = { limit: { rate: '1/min', by: (x) => x.request.header('x-api-key') } }
  const ask = (key: string | undefined, ip: string) =>
    guard.onRoute!(exchange({ contract, route: about(contract), ip, headers: { 'x-api-key': key } })) ?? 'passes'
  expect(ask('one', '203.0.113.1')).toBe('passes')
  expect(ask('one', '203.0.113.2')).toMatchObject({ status: 429 })
  expect(ask('two', '203.0.113.1')).toBe('passes')
  expect(ask(undefined, '203.0.113.1')).toBe('passes')
  expect(ask(undefined, '203.0.113.1')).toMatchObject({ status: 429 })
  expect(ask('k'.repeat(5000), '203.0.113.1')).toBe('passes')
  expect(ask('k'.repeat(5000), '203.0.113.3')).toMatchObject({ status: 429 })
  expect(ask('203.0.113.1', '203.0.113.4'), 'a key that looks like an address').toBe('passes')
})

test('apps that share a store do not share limits', () => {
  const store = memoryStore()
  const [one, two] = ['one', 'two'].map((app) => rateLimit({ global: '1/min' }, setup({ app, store })))
  expect(one!.onRequest!(exchange())).toBeUndefined()
  expect(two!.onRequest!(exchange())).toBeUndefined()
  expect(one!.onRequest!(exchange())).toMatchObject({ status: 429 })
})

describe('a store that answers later', () => {
  const slow = (answers: (Taken | Error)[]) => {
    let asked = 0
    const store: Store = {
      ...memoryStore(),
      name: 'slow',
      shared: true,
      take: async () => {
        const answer = answers[asked++]
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often')
        return answer
      },
    }
    return { store, asked: () => asked }
  }
  const refusal: Taken = { allowed: false, remaining: 0, retryAfter: 5000, resetAfter: 9000 }
  const pass: Taken = { allowed: true, remaining: 9, retryAfter: 0, resetAfter: 1000 }

  test('is waited for', async () => {
    const { store } = slow([pass, refusal])
    const guard = rateLimit({}, setup({ store }))
    expect(await guard.onRequest!(exchange())).toBeUndefined()
    expect(await guard.onRequest!(exchange())).toMatchObject({ status: 429 })
  })
  test('is not asked again about a client that it has refused, until its time has come', async () => {
    const { store, asked } = slow([refusal, pass])
    const guard = rateLimit({}, setup({ store, now: clock.now }))
    await guard.onRequest!(exchange())
    clock.at += 4999
    expect(guard.onRequest!(exchange())).toMatchObject({ status: 429, headers: { 'Retry-After': '1' } })
    expect(asked()).toBe(1)
    clock.at += 1
    expect(await guard.onRequest!(exchange())).toBeUndefined()
    expect(asked()).toBe(2)
  })
  test('while it is away, half as much is admitted, and the event says so once', async () => {
    const away = (): never => {
      throw new Error('away')
    }
    const later = (): Promise<never> => Promise.reject(new Error('away'))
    for (const take of [away, later]) {
      const clock = { at: 0 }
      const store = { ...memoryStore(), take } as Store
      const guard = rateLimit({ global: '10/10s' }, setup({ store, now: () => clock.at }))
      const x = exchange()
      const verdicts: unknown[] = []
      for (let i = 0; i < 8; i++) verdicts.push(await guard.onRequest!(x))
      expect(verdicts.map((verdict) => (verdict === undefined ? 'passes' : 'is denied'))).toEqual([
        ...Array(5).fill('passes'),
        ...Array(3).fill('is denied'),
      ])
      expect(x.events).toMatchObject([{ outcome: 'failed', error: expect.any(Error) }])
      clock.at = 10_000
      expect(await guard.onRequest!(x)).toBeUndefined()
    }
  })
})

describe('a thousand requests at the same time', () => {
  const BURST = 50
  const flood = async (store: Store): Promise<number[]> => {
    const app = await frameworks['Express 5']!(
      (routes) => routes.get('/page', (_req, res) => res.send('here'), { contract: { limit: `${BURST}/d` } }),
      { onEvent: () => {}, store, rateLimit: { global: '5000/h' } },
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 50 })
    const { port } = new URL(app.origin)
    const one = (): Promise<number> =>
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/page', agent }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
        })
          .on('error', reject)
          .end()
      })
    try {
      return await Promise.all(Array.from({ length: 1000 }, one))
    } finally {
      agent.destroy()
      await app.close()
    }
  }
  const count = (statuses: readonly number[]) => ({
    passed: statuses.filter((status) => status === 200).length,
    refused: statuses.filter((status) => status === 429).length,
  })

  test('let exactly the burst through, counted in memory', async () => {
    expect(count(await flood(memoryStore()))).toEqual({ passed: BURST, refused: 1000 - BURST })
  })
  test('let exactly the burst through, counted in SQLite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-'))
    const store = sqliteStore(join(folder, 'limits.db'))
    try {
      expect(count(await flood(store))).toEqual({ passed: BURST, refused: 1000 - BURST })
    } finally {
      await store.close?.()
      rmSync(folder, { recursive: true })
    }
  })
})

const bad: readonly [string, RateLimitOptions, RegExp][] = [
  ['a rate without a time', { global: '100' }, /BULWARK_LIMIT_INVALID[\s\S]*policy\.rateLimit\.global/],
  ['a rate of nothing', { global: '0/min' }, /BULWARK_LIMIT_INVALID/],
  ['a number', { global: 100 as unknown as string }, /BULWARK_LIMIT_INVALID/],
]
for (const [what, options, error] of bad) {
  test(`${what} is refused at start-up`, () => {
    expect(() => rateLimit(options, setup())).toThrow(error)
  })
}

test('a bad limit on a route keeps the app from starting, and is named', () => {
  const guard = rateLimit({}, setup())
  expect(() => guard.onRoutes!([about({ limit: 'often' }, '/export')])).toThrow(
    /BULWARK_LIMIT_INVALID[\s\S]*GET \/export/,
  )
  const by = 'ip' as unknown as 'client'
  expect(() => guard.onRoutes!([about({ limit: { rate: '1/s', by } })])).toThrow(/BULWARK_LIMIT_INVALID[\s\S]*by/)
})
