import { expect, test } from 'vitest'
import type { Answer, Ask, Target } from '../../core/probe.ts'
import { probes } from './probe.ts'

/** A page that answers everybody, but for the requests that the test names by their number. */
function targetThatFails(fails: (n: number) => boolean): Target {
  let n = 0
  const send = async (_: Ask): Promise<Answer> => {
    const status = fails(++n) ? 503 : 200
    return { status, text: '', headers: {}, ms: 1 } as unknown as Answer
  }
  return { origin: 'http://127.0.0.1', routes: [{ method: 'GET', path: '/' }], burst: 350, send } as unknown as Target
}

async function verdictsOf(target: Target): Promise<string[]> {
  const verdicts: string[] = []
  const probe = probes.find(({ name }) => name === 'rate-limit/forged-address')
  for await (const { verdict } of probe?.attack(target) ?? []) verdicts.push(verdict)
  return verdicts
}

test('an app that fails once has no limit that could be got past', async () => {
  expect(await verdictsOf(targetThatFails((n) => n === 20))).toEqual(['inconclusive'])
})

test('an app that never fails has none either', async () => {
  expect(await verdictsOf(targetThatFails(() => false))).toEqual([])
})
