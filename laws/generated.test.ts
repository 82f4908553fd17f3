import { expect, test } from 'vitest'
import { catalogue } from '../scripts/catalogue.ts'
import { ROOT } from './tree.ts'

test('the generated lists are what npm run catalogue would write', async () => {
  const { stale, problems } = await catalogue(ROOT, { check: true })
  expect(problems).toEqual([])
  expect(stale).toEqual([])
})
