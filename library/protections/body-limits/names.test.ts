import { expect, test } from 'vitest'
import { Names } from './names.ts'

test('each name is new once, in objects of any size', () => {
  for (const size of [1, 2, 11, 12, 13, 14, 500]) {
    const names = new Names()
    const all = Array.from({ length: size }, (_, i) => `name ${i}`)
    expect(all.map((name) => names.add(name))).toEqual(all.map(() => true))
    expect(all.map((name) => names.add(name))).toEqual(all.map(() => false))
  }
})

test('the next object begins without names', () => {
  const names = new Names()
  for (let i = 0; i < 30; i++) names.add(`name ${i}`)
  names.clear()
  expect(names.add('name 3')).toBe(true)
  expect(names.add('name 20')).toBe(true)
  expect(names.add('name 3')).toBe(false)
})
