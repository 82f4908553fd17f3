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
