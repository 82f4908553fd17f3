import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TwoGenerations } from './two-generations.ts'

test('what was put is found, replaced and deleted', () => {
  const map = new TwoGenerations<number>(10)
  map.set('a', 1)
  map.set('a', 2)
  expect(map.get('a')).toBe(2)
  expect(map.size).toBe(1)
  expect(map.delete('a')).toBe(true)
  expect(map.delete('a')).toBe(false)
  expect(map.get('a')).toBeUndefined()
  expect(map.size).toBe(0)
})

test('a hot key outlives any number of others', () => {
  const map = new TwoGenerations<number>(10)
  map.set('hot', 1)
  for (let index = 0; index < 1000; index++) {
    map.set(`cold${index}`, index)
    expect(map.get('hot')).toBe(1)
  }
})

test('a key that nobody asks for is forgotten', () => {
  const map = new TwoGenerations<number>(10)
  map.set('cold', 1)
  for (let index = 0; index < 10; index++) map.set(`k${index}`, index)
  expect(map.get('cold')).toBeUndefined()
})

test('a value replaced in the old generation does not come back', () => {
  const map = new TwoGenerations<number>(4)
  map.set('a', 1)
  map.set('b', 1)
  map.set('c', 1)
  map.set('a', 2)
  expect(map.get('a')).toBe(2)
  map.delete('a')
  expect(map.get('a')).toBeUndefined()
})

test('it never holds more than its bound, and always the half used last', () => {
  const key = fc.integer({ min: 0, max: 12 }).map((value) => `k${value}`)
  const step = fc.tuple(fc.constantFrom('get', 'set', 'delete'), key)
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
      const map = new TwoGenerations<string>(max)
      let recent: string[] = []
      for (const [verb, k] of steps) {
        if (verb === 'set') map.set(k, `value of ${k}`)
        const found = verb === 'delete' ? undefined : map.get(k)
        if (verb === 'delete') map.delete(k)
        expect([undefined, `value of ${k}`]).toContain(found)
        if (recent.includes(k) && verb === 'get') expect(found).toBeDefined()
        recent = recent.filter((other) => other !== k)
        if (found !== undefined) recent = [k, ...recent].slice(0, Math.floor(max / 2))
        expect(map.size).toBeLessThanOrEqual(max)
      }
    }),
  )
})

test.each([1, 0, -1, Number.NaN])('a bound of %d is refused', (max) => {
  expect(() => new TwoGenerations(max)).toThrow(RangeError)
})
