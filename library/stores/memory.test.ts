import { expect, test } from 'vitest'
import { testStore } from '../testing/store.ts'
import { memoryStore } from './memory.ts'

testStore('memory', (clock) => memoryStore({ now: clock }), { test, expect })

test('the memory store answers at once, and says that nobody shares it', () => {
  const store = memoryStore()
  expect(store.put('k', 'v', { ttl: 1000 })).toBeTypeOf('number')
  expect(store.get('k')).toMatchObject({ value: 'v' })
  expect(store.take('k', { burst: 1, period: 1000 })).toMatchObject({ allowed: true })
  expect(store).toMatchObject({ name: 'memory', shared: false })
})

test('a flood of values cannot grow the memory store, and pushes out what expires soon before what lives long', async () => {
  const store = memoryStore({ max: 100, now: () => 0 })
  for (let index = 0; index < 50; index++) await store.put(`long${index}`, 'v', { ttl: 1_000_000, owner: 'ann' })
  for (let index = 0; index < 5000; index++) await store.put(`flood${index}`, 'v', { ttl: 1000, owner: 'flood' })
  const [long, flood] = [await store.keysOf('ann'), await store.keysOf('flood')]
  expect(long.length + flood.length).toBe(100)
  expect(long.length).toBeGreaterThanOrEqual(45)
})

test('a flood of values that live as long as any cannot grow the memory store either', async () => {
  const store = memoryStore({ max: 10, now: () => 0 })
  for (let index = 0; index < 1000; index++) await store.put(`k${index}`, 'v', { ttl: 1000, owner: 'ann' })
  expect((await store.keysOf('ann')).length).toBe(10)
  expect(await store.get('k999')).toBeDefined()
})

test('what has expired makes room before anything that lives', async () => {
  let now = 0
  const store = memoryStore({ max: 100, now: () => now })
  for (let index = 0; index < 50; index++) await store.put(`old${index}`, 'v', { ttl: 1000 })
  now = 2000
  for (let index = 0; index < 100; index++) await store.put(`new${index}`, 'v', { ttl: 1000, owner: 'ann' })
  expect((await store.keysOf('ann')).length).toBe(100)
})

test('what was shortened makes room when its new time is over', async () => {
  let now = 0
  const store = memoryStore({ max: 100, now: () => now })
  await store.put('short', 'v', { ttl: 1_000_000 })
  await store.put('short', 'v', { ttl: 10 })
  for (let index = 0; index < 99; index++) await store.put(`k${index}`, 'v', { ttl: 1000, owner: 'ann' })
  now = 20
  await store.put('new', 'v', { ttl: 1000, owner: 'ann' })
  expect((await store.keysOf('ann')).length).toBe(100)
})

test('what was prolonged stays for as long, and makes room after that', async () => {
  let now = 0
  const store = memoryStore({ max: 10, now: () => now })
  const fill = async (name: string, ttl: number): Promise<void> => {
    for (let index = 0; index < 10; index++) await store.put(`${name}${index}`, 'v', { ttl, owner: name })
  }
  await fill('old', 10)
  await fill('old', 1000)
  now = 20
  await fill('short', 5)
  expect((await store.keysOf('old')).length).toBe(9)
  now = 2000
  await fill('new', 1000)
  await fill('newer', 2000)
  expect(await store.keysOf('new')).toEqual([])
  expect((await store.keysOf('newer')).length).toBe(10)
})

test('of very many that were prolonged, the soonest of those looked at makes room', async () => {
  const store = memoryStore({ max: 200, now: () => 0 })
  const prolonged = (index: number): number => 1000 + ((index * 7919 + 77) % 200)
  for (let index = 0; index < 200; index++) await store.put(`k${index}`, 'v', { ttl: 10 + index })
  for (let index = 0; index < 200; index++) await store.put(`k${index}`, 'v', { ttl: prolonged(index) })
  await store.put('new', 'v', { ttl: 5000 })
  const gone: string[] = []
  for (let index = 0; index < 200; index++) if (!(await store.get(`k${index}`))) gone.push(`k${index}`)
  const looked = Array.from({ length: 64 }, (_, index) => index).sort((a, b) => prolonged(a) - prolonged(b))
  expect(gone).toEqual([`k${looked[0]}`])
})

test('what is put without time to live pushes nothing out', async () => {
  const store = memoryStore({ max: 2, now: () => 0 })
  await store.put('a', 'v', { ttl: 1000, owner: 'ann' })
  await store.put('b', 'v', { ttl: 1000, owner: 'ann' })
  await store.put('c', 'v', { ttl: 0 })
  expect((await store.keysOf('ann')).length).toBe(2)
})

test('a flood of limits forgets neither a limit in use nor any value', async () => {
  const rate = { burst: 3, period: 3_600_000 }
  const store = memoryStore({ max: 100, now: () => 0 })
  await store.put('session', 'v', { ttl: 1000 })
  for (let index = 0; index < 3; index++) await store.take('attacker', rate)
  for (let index = 0; index < 5000; index++) {
    await store.take(`other${index}`, rate)
    expect(await store.take('attacker', rate)).toMatchObject({ allowed: false })
  }
  expect(await store.get('session')).toBeDefined()
})

test.each([0, 1, -5, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a bound of %d is refused', (max) => {
  expect(() => memoryStore({ max })).toThrow(expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }))
})
