import { expect, test } from 'vitest'
import { perVersion } from './per-version.ts'

test('makes once for each version, and again after a failure', () => {
  const versioned = { version: 1 }
  let made = 0
  let fails = false
  const value = perVersion(versioned, () => {
    if (fails) throw new Error('not now')
    return ++made
  })
  expect([value(), value()]).toEqual([1, 1])
  versioned.version = 2
  fails = true
  expect(value).toThrow('not now')
  fails = false
  expect([value(), value()]).toEqual([2, 2])
})
