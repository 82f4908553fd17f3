import { expect, test, vi } from 'vitest'
import { type Answer, type Outcome, type Trial, tryOut } from '../library/core/probe.ts'

const found = { method: 'GET', path: '/', message: 'It works.', remedy: 'Stop it.' }
const answer = (status: number): Answer => ({ status }) as Answer

/** What becomes of answers that come one after the other, each 0 for an attack that worked. */
async function tried(statuses: readonly number[], trial: Partial<Trial> = {}): Promise<Outcome & { left: number }> {
  vi.useFakeTimers()
  try {
    const left = [...statuses]
    const next = async () => {
      const status = left.shift() ?? 200
      return { worked: status === 0, answer: answer(status || 200) }
    }
    const outcome = tryOut({ attack: next, ...trial }, found)
    await vi.runAllTimersAsync()
    return { ...(await outcome), left: left.length }
  } finally {
    vi.useRealTimers()
  }
}

test('an app that has no time for anybody has refused nothing', async () => {
  expect(await tried([503, 0, 503, 503, 0])).toMatchObject({ verdict: 'proven', repeats: 2, left: 0 })
  expect(await tried([0, 503, 503, 503, 503])).toMatchObject({ verdict: 'inconclusive', left: 0 })
})

test('one that is busy for each attack, and one that limits a client, have stopped it', async () => {
  expect(await tried([503, 503, 503, 503, 0])).toMatchObject({ verdict: 'disproven', left: 1 })
  expect(await tried([429, 0])).toMatchObject({ verdict: 'disproven', left: 1 })
})

test('an honest twin that fails is asked once more', async () => {
  const honest = [false, true, false, false]
  const control = async (): Promise<boolean> => honest.shift() ?? true
  expect(await tried([0, 0], { control })).toMatchObject({ verdict: 'proven' })
  expect(await tried([0, 0], { control })).toMatchObject({ verdict: 'inconclusive', left: 2 })
})
