import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { off, type Setup } from '../../core/policy.ts'
import type { Store } from '../../core/store.ts'
import { memoryStore } from '../../stores/memory.ts'
import { sqliteStore } from '../../stores/sqlite.ts'
import { exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { type SignInThrottleOptions, signInThrottle, type TrySignIn } from './guard.ts'

const KEYS = ['k3y-0123456789-abcdefghijklmnopqrstuvwxyz']
const NONE = off('other limits are tested here')

interface Visit {
  readonly account?: string
  readonly ip?: string
  readonly cookie?: string | undefined
  readonly right?: boolean
}

/** A sign-in as a route would do it: answers the status, and what the browser is told to keep. */
function door(options: SignInThrottleOptions = {}, parts: Partial<Setup> = {}) {
  const clock = { at: 1_000_000_000 }
  const shared = setup({ keys: KEYS, now: () => clock.at, ...parts })
  const guard = signInThrottle(options, shared)
  const events: TestExchange['events'] = []
  let checks = 0
  const visit = async ({ account = 'ada', ip = '203.0.113.7', cookie, right = false }: Visit = {}) => {
    const x = exchange({ method: 'POST', ip, headers: { cookie } })
    const trySignIn = guard.offers!['trySignIn']!(x) as TrySignIn
    const status = await trySignIn(account, () => {
      checks++
      return right
    }).then(
      (ok) => (ok ? 200 : 401),
      ({ status }: { status: number }) => status,
    )
    events.push(...x.events)
    guard.onResponse!(x)
    return { status, cookie: [x.sent.get('set-cookie') ?? []].flat().join().split(';')[0] }
  }
  const statuses = async (times: number, each: (i: number) => Visit) => {
    const found: number[] = []
    for (let i = 0; i < times; i++) found.push((await visit(each(i))).status)
    return found
  }
  return { clock, shared, guard, visit, statuses, events, checks: () => checks }
}

const many = (i: number): string => `198.51.${i >> 8}.${i % 256}`
const times = (n: number, status: number): number[] => Array.from({ length: n }, () => status)

describe('wrong passwords', () => {
  test('for one account are refused after ten, whatever addresses they come from, and come back with time', async () => {
    const { statuses, clock, checks } = door()
    expect(await statuses(12, (i) => ({ ip: many(i) }))).toEqual([...times(10, 401), 429, 429])
    expect(checks()).toBe(10)
    clock.at += 90_000
    expect(await statuses(2, (i) => ({ ip: many(100 + i) }))).toEqual([401, 429])
  })

  test('from one address for one account are refused after five, and then wait longer the more they were', async () => {
    const { statuses, clock } = door({ account: NONE })
    expect(await statuses(6, () => ({}))).toEqual([...times(5, 401), 429])
    for (let minute = 0; minute < 15; minute++) {
      clock.at += 60_000
      expect(await statuses(1, () => ({}))).toEqual([401])
    }
    clock.at += 60_000
    expect(await statuses(1, () => ({}))).toEqual([429])
    clock.at += 72 * 60_000
    expect(await statuses(2, () => ({}))).toEqual([401, 429])
  })

  test('from one address are refused after thirty accounts, and addresses of one IPv6 line are one', async () => {
    const { statuses } = door()
    const ip = (i: number): string => `2001:db8:0:1::${i.toString(16)}`
    expect(await statuses(31, (i) => ({ account: `p${i}`, ip: ip(i) }))).toEqual([...times(30, 401), 429])
    expect(await statuses(1, () => ({ account: 'p99', ip: '2001:db8:0:2::1' }))).toEqual([401])
  })

  test('in the whole app have a limit too', async () => {
    const { statuses } = door({ overall: '7/min' })
    const all = await statuses(8, (i) => ({ account: `p${i}`, ip: many(i) }))
    expect(all).toEqual([...times(7, 401), 429])
  })

  test('that one limit refuses use up nothing of the others', async () => {
    const { statuses } = door()
    expect((await statuses(40, () => ({}))).filter((status) => status === 401)).toHaveLength(5)
    expect(await statuses(6, (i) => ({ ip: many(i) }))).toEqual([...times(5, 401), 429])
  })

  test('for an account that is used up cost the address nothing', async () => {
    const { statuses } = door({ account: '1/h', address: '3/h', pair: NONE })
    expect(await statuses(5, () => ({}))).toEqual([401, ...times(4, 429)])
    expect(await statuses(3, (i) => ({ account: `p${i}` }))).toEqual([401, 401, 429])
  })

  test('of apps that share a store are counted apart', async () => {
    const store = memoryStore()
    const [one, two] = [
      door({ account: '1/h' }, { store, app: 'one' }),
      door({ account: '1/h' }, { store, app: 'two' }),
    ]
    expect(await one.statuses(2, (i) => ({ ip: many(i) }))).toEqual([401, 429])
    expect(await two.statuses(2, (i) => ({ ip: many(i) }))).toEqual([401, 429])
  })
})

test('right passwords never count', async () => {
  const { statuses } = door()
  expect(await statuses(50, () => ({ right: true }))).toEqual(times(50, 200))
})

const SPELLINGS: readonly string[] = [
  'ADA',
  ' ada ',
  'áda',
  'a\u0301da',
  'ａｄａ',
  'a\u200bda',
  'ad\u00ada',
  '\u{1d41a}da',
  'ada\0',
  'A\u0308DA',
]
test.each(SPELLINGS)('the spelling %j brings no new guesses', async (account) => {
  const { statuses } = door({ account: '1/h' })
  expect(await statuses(1, () => ({}))).toEqual([401])
  expect(await statuses(1, () => ({ account, ip: many(1) }))).toEqual([429])
})

test('other names are other accounts, empty, huge and strange ones too', async () => {
  const { statuses } = door({ account: '1/h' })
  const names = ['ada', 'adam', '', 'x'.repeat(100_000), 'constructor', '__proto__', 'ß', 'ada:0']
  expect(await statuses(names.length, (i) => ({ account: names[i] ?? '', ip: many(i) }))).toEqual(
    times(names.length, 401),
  )
})

test.each([[undefined], [null], [5], [['ada']], [{ $ne: null }]])('%j is no account: 400', async (account) => {
  const { visit, checks } = door()
  expect((await visit({ account: account as unknown as string })).status).toBe(account === undefined ? 401 : 400)
  expect(checks()).toBe(account === undefined ? 1 : 0)
})

describe('what the function answers', () => {
  const outcome = async (answer: unknown): Promise<boolean> => {
    const { guard } = door({ account: '1/h', pair: NONE })
    const attempt = () => (guard.offers!['trySignIn']!(exchange()) as TrySignIn)('ada', () => answer)
    expect(await attempt()).toBe(answer)
    return attempt().then(
      () => true,
      () => false,
    )
  }
  test.each([[undefined], [null], [false], [0], [''], [{ ok: false }]])('%j is a failure', async (answer) => {
    expect(await outcome(answer)).toBe(false)
  })
  test.each([[true], [{ id: 7 }], [{ ok: true }], [[]], ['ada']])('%j is a success', async (answer) => {
    expect(await outcome(answer)).toBe(true)
  })
  test('an error is a failure, and reaches the route', async () => {
    const { guard } = door({ account: '1/h', pair: NONE })
    const attempt = () =>
      (guard.offers!['trySignIn']!(exchange()) as TrySignIn)('ada', () => Promise.reject(new Error('database')))
    await expect(attempt()).rejects.toThrow('database')
    await expect(attempt()).rejects.toThrow('BULWARK_SIGN_IN_REFUSED')
  })
})

describe('a known device', () => {
  test('gets in while strangers use up the account, and has its own limit', async () => {
    const { visit, statuses } = door()
    const { cookie } = await visit({ right: true })
    expect(cookie).toMatch(/^__Host-app-device=[\w-]{22}\.[0-9a-z]+\.[\w-]{43}$/)
    expect((await statuses(12, (i) => ({ ip: many(i) }))).slice(-2)).toEqual([429, 429])
    expect((await visit({ right: true })).status, 'without its cookie').toBe(429)
    expect(await statuses(11, (i) => ({ ip: many(200 + i), cookie }))).toEqual([...times(10, 401), 429])
  })

  test('is known for its own account only, exactly as it was typed, and under any of the keys', async () => {
    const store = memoryStore()
    const mine = door({ account: '1/d', pair: NONE }, { store })
    const { cookie } = await mine.visit({ account: 'Ada', right: true })
    await mine.visit({ ip: many(1) })
    expect(await mine.statuses(2, (i) => ({ account: ['ada', 'Ada'][i] ?? '', cookie }))).toEqual([429, 401])
    const renewed = door({ account: '1/d' }, { store, keys: ['n3w-0123456789-abcdefghijklmnopqrstuvwxyz', ...KEYS] })
    expect((await renewed.visit({ account: 'Ada', cookie })).status).toBe(401)
    const other = door({ account: '1/d' }, { store, keys: ['0ld-0123456789-abcdefghijklmnopqrstuvwxyz'] })
    expect((await other.visit({ account: 'Ada', cookie })).status).toBe(429)
  })

  test('is forgotten after half a year, and a cookie that was changed knows nobody', async () => {
    const { visit, clock } = door({ account: '1/1000d', pair: NONE })
    const { cookie = '' } = await visit({ right: true })
    await visit({ ip: many(1) })
    const [name = '', value = ''] = cookie.split('=')
    const [id = '', expires = '', signature = ''] = value.split('.')
    const forged = [
      `${name}=${'A'.repeat(22)}.${expires}.${signature}`,
      `${name}=${id}.zzzzzzz.${signature}`,
      `${name}=${id}.${expires}.`,
      `${name}=${id}.${expires}`,
      `${name}=`,
      `device=${value}`,
    ]
    for (const wrong of forged) expect((await visit({ cookie: wrong })).status, wrong).toBe(429)
    expect((await visit({ cookie })).status).toBe(401)
    clock.at += 181 * 86_400_000
    expect((await visit({ cookie })).status).toBe(429)
  })

  test('is remembered beside the cookies of the app', async () => {
    const { guard } = door()
    const x = exchange({ response: { headers: { 'set-cookie': 'a=1' } } })
    await (guard.offers!['trySignIn']!(x) as TrySignIn)('ada', () => true)
    guard.onResponse!(x)
    expect(x.sent.get('set-cookie')).toEqual([
      'a=1',
      expect.stringMatching(/^__Host-app-device=.*; Path=\/; Max-Age=15552000; HttpOnly; Secure; SameSite=Strict$/),
    ])
    const wrong = exchange()
    await (guard.offers!['trySignIn']!(wrong) as TrySignIn)('ada', () => false)
    guard.onResponse!(wrong)
    expect(wrong.sent.has('set-cookie')).toBe(false)
  })

  test('is known in this process when the policy has no keys, which is reported once', async () => {
    const { visit, shared } = door({ account: '1/h', pair: NONE }, { keys: [] })
    const { cookie } = await visit({ right: true })
    await visit({ ip: many(1) })
    expect((await visit({ cookie })).status).toBe(401)
    expect((shared as ReturnType<typeof setup>).reports.map(({ risk }) => risk)).toEqual(['account-lockout'])
  })
})

test('a refusal carries 429 and the seconds to wait, the same for everybody, and names nobody', async () => {
  const { guard, visit, events } = door({ account: '1/h', pair: NONE })
  await visit({ account: 'secret-name' })
  await visit({ account: 'secret-name' })
  const error: unknown = await (guard.offers!['trySignIn']!(exchange()) as TrySignIn)('secret-name', () => true).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'BULWARK_SIGN_IN_REFUSED', status: 429, headers: { 'Retry-After': '3600' } })
  expect(events).toEqual([expect.objectContaining({ risk: 'password-guessing', outcome: 'denied' })])
  expect(`${JSON.stringify(events)}${error}`).not.toContain('secret-name')
})

test('only observed, it refuses nothing and says what it would have', async () => {
  const { statuses, events } = door({ mode: 'observe' })
  expect(await statuses(8, () => ({}))).toEqual(times(8, 401))
  expect(events.map(({ outcome }) => outcome)).toEqual(['observed', 'observed', 'observed'])
})

describe('a crowd of failures', () => {
  const patterns = (events: TestExchange['events']): number =>
    events.filter(({ risk, fix }) => risk === 'credential-stuffing' && fix !== undefined).length

  test('from one address at ten accounts is told once in ten minutes', async () => {
    const { statuses, events, clock } = door()
    await statuses(9, (i) => ({ account: `p${i}` }))
    await statuses(3, () => ({ account: 'p1' }))
    expect(patterns(events)).toBe(0)
    await statuses(3, () => ({ account: 'p10' }))
    await statuses(20, (i) => ({ account: `q${i}` }))
    expect(patterns(events)).toBe(1)
    clock.at += 600_000
    await statuses(20, (i) => ({ account: `r${i}` }))
    expect(patterns(events)).toBe(2)
  })

  test('from many addresses at many accounts is told once, unless most people get in', async () => {
    const attacked = door()
    await attacked.statuses(100, (i) => ({ account: `p${i}`, ip: many(i % 25) }))
    expect(patterns(attacked.events)).toBe(1)
    const busy = door()
    await busy.statuses(400, (i) => ({ account: `p${i}`, ip: many(i % 200), right: i % 3 > 0 }))
    expect(patterns(busy.events)).toBe(0)
  })
})

describe('a store that is away', () => {
  const away = (from: number): Store => {
    const memory = memoryStore()
    let asked = 0
    return {
      ...memory,
      name: 'away',
      shared: true,
      take: async (...args) => {
        if (++asked > from) throw new Error('away')
        return memory.take(...args)
      },
    }
  }
  test('is stood in for by this process, which admits half as many failures and says so', async () => {
    const { statuses, shared, clock } = door({}, { store: away(0) })
    expect(await statuses(6, (i) => ({ ip: many(i) }))).toEqual([...times(5, 401), 429])
    expect(await statuses(1, () => ({ account: 'grace', right: true }))).toEqual([200])
    const { reports } = shared as ReturnType<typeof setup>
    expect(reports.map(({ outcome }) => outcome)).toEqual(['failed'])
    clock.at += 10_000
    await statuses(1, () => ({ account: 'grace' }))
    expect(reports).toHaveLength(2)
  })
  test('does not turn away who had the right password, nor count it', async () => {
    const { statuses, events } = door({}, { store: away(6) })
    expect(await statuses(40, () => ({ right: true }))).toEqual(times(40, 200))
    expect(events).toEqual([])
  })
})

const bad: readonly [string, SignInThrottleOptions, RegExp][] = [
  ['a rate without a time', { account: '10' }, /BULWARK_LIMIT_INVALID[\s\S]*policy\.signInThrottle\.account\[0\]/],
  ['a rate of nothing', { pair: ['5/5m', '0/d'] }, /BULWARK_LIMIT_INVALID[\s\S]*pair\[1\]/],
  ['an empty list', { address: [] }, /BULWARK_LIMIT_INVALID[\s\S]*address/],
  ['a number', { overall: 1000 as unknown as string }, /BULWARK_LIMIT_INVALID[\s\S]*overall/],
]
test.each(bad)('%s is refused at start-up', (_, options, error) => {
  expect(() => signInThrottle(options, setup())).toThrow(error)
})

describe('a thousand guesses at the same moment', () => {
  const flood = async (store: Store, ip: (i: number) => string): Promise<number> => {
    const { visit, checks } = door({}, { store })
    await Promise.all(Array.from({ length: 1000 }, (_, i) => visit({ ip: ip(i) })))
    return checks()
  }
  const kinds: readonly [string, (i: number) => string, number][] = [
    ['from as many addresses', many, 10],
    ['from one address', () => '203.0.113.7', 5],
  ]
  test.each(kinds)('%s are checked up to the limit, counted in memory', async (_, ip, limit) => {
    expect(await flood(memoryStore(), ip)).toBe(limit)
  })
  test.each(kinds)(
    '%s are checked up to the limit, counted by a store that answers out of order',
    async (_, ip, limit) => {
      const memory = memoryStore()
      let turn = 0
      const take: Store['take'] = async (...args) => {
        for (let wait = (turn += 7) % 5; wait > 0; wait--) await null
        return memory.take(...args)
      }
      const checked = await flood({ ...memory, name: 'slow', shared: true, take }, ip)
      expect(checked).toBeGreaterThan(0)
      expect(checked).toBeLessThanOrEqual(limit)
    },
  )
  test.each(kinds)('%s are checked up to the limit, counted in SQLite', async (_, ip, limit) => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-'))
    const store = sqliteStore(join(folder, 'limits.db'))
    try {
      expect(await flood(store, ip)).toBe(limit)
    } finally {
      await store.close?.()
      rmSync(folder, { recursive: true })
    }
  })
})
