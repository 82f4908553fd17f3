import { expect, test } from 'vitest'
import { UsageError } from '../arguments.ts'
import { type Task, tasks } from './contestants.ts'
import { many, measure, rehearse, toText } from './measure.ts'
import { QUESTIONS } from './questions.ts'
import { runAccess } from './run.ts'

test('questions are answered with yes and with no', () => {
  expect([QUESTIONS.length, QUESTIONS.filter(({ expected }) => expected).length]).toEqual([64, 40])
})

test('every package gives the same answers, and Bulwark stands first', async () => {
  const all = await tasks()
  await rehearse(all)
  expect(all.map(({ contestants }) => contestants[0]?.title)).toEqual(['Bulwark', 'Bulwark', 'Bulwark'])
  expect(all[0]?.contestants.map(({ title }) => title)).toEqual(['Bulwark', 'CASL', 'accesscontrol', 'casbin', 'acl2'])
})

const made = (allowed: number): Task => ({
  name: 'made up',
  about: 'counting',
  contestants: [
    { title: 'Bulwark', questions: 2, allowed, run: () => 1 },
    { title: 'slow', questions: 2, allowed, run: async () => 1 },
  ],
})

test('a package that answers otherwise is no contestant', async () => {
  await expect(rehearse([made(2)])).rejects.toThrow('made up: Bulwark allowed 1, and not 2')
  await expect(measure([made(2)], 1, 1)).rejects.toThrow('other answers')
})

test('rates are told with how many times faster Bulwark is', async () => {
  const [result] = await measure([made(1)], 2, 1)
  expect(result?.rates.map(({ title }) => title)).toEqual(['Bulwark', 'slow'])
  for (const { perSecond, least, most } of result?.rates ?? [])
    expect(least <= perSecond && perSecond <= most).toBe(true)
  const rates = [
    { title: 'Bulwark', perSecond: 2e7, least: 1e7, most: 3e7 },
    { title: 'other', perSecond: 4e4, least: 1e4, most: 5e4 },
  ]
  expect(toText([{ name: 'a', about: 'b', rates }], 'here')).toContain(
    'other           40.0 k/s  (10.0 k to 50.0 k)    Bulwark x 500',
  )
  expect([many(940), many(208_000), many(17_300_000)]).toEqual(['940', '208 k', '17.3 M'])
})

test('what makes no sense is wrong usage', async () => {
  await expect(runAccess(['--access', '--fast'])).rejects.toThrow(UsageError)
})
