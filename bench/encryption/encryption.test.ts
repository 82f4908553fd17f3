import { expect, test } from 'vitest'
import { rehearse } from '../access/measure.ts'
import { tasks } from './contestants.ts'

test('every package gives back what it was given', async () => {
  const contest = await tasks()
  await rehearse(contest)
  expect(contest.map(({ contestants }) => contestants[0]?.title)).toEqual(['Bulwark', 'Bulwark', 'Bulwark'])
  expect(contest.flatMap(({ contestants }) => contestants.map(({ title }) => title))).toEqual(
    expect.arrayContaining(['iron-webcrypto', 'libsodium', 'cookie-signature', 'node:crypto']),
  )
})
