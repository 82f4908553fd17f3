import { expect, test } from 'vitest'
import { memoryStore } from '../../stores/memory.ts'
import { sharedCases } from './shared.ts'

test.each(sharedCases)('two stores that share nothing do not keep the promise: $title', async ({ run }) => {
  let now = 1_800_000_000_000
  const open = () => memoryStore({ now: () => now })
  await expect(run(open(), open(), { expect, advance: (ms) => (now += ms) })).rejects.toThrow()
})
