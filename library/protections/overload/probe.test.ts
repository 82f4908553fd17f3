import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

/** A desk that is slow for its first callers, as a process is while something else has the machine, and then twice as quick. */
const slowAtFirst: Victim = (app) => {
  let left = 13
  app.get('/hours', (_req, res) => res.json({ open: '9 to 5' }))
  app.get('/certificate', (_req, res) => {
    const until = performance.now() + (left-- > 0 ? 60 : 24)
    while (performance.now() < until);
    res.json({ seal: 'made' })
  })
}

test('what cost more while it was measured is asked for more often', async () => {
  expect(await attacked(slowAtFirst, probes, { holdFor: 1600 })).toEqual(['overload/heavy-flood GET /certificate'])
})
