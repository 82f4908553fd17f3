import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otherNodes } from '../../scripts/nodes.ts'
import { type Desk, startDesk } from './desks.ts'
import { type Fight, failuresOf, fight, SINKS } from './fight.ts'
import { HOLES } from './holes.ts'
import { honestAnswers } from './honest.ts'

const { nodes } = await otherNodes()

let plain: Desk
let kept: Desk
let fought: Fight

beforeAll(async () => {
  ;[plain, kept] = await Promise.all([startDesk('plain'), startDesk('kept')])
  fought = await fight({ plain, kept, only: SINKS })
}, 60_000)
afterAll(() => Promise.all([plain?.close(), kept?.close()]))

describe('an app of 2016, alone and under the preload', () => {
  test('probes break it in every way that it is open to, and under the preload in none', () => {
    const proven = (side: 'unsafe' | 'protected'): string[] =>
      fought.attacks.filter((attack) => attack[side].verdict === 'proven').map(({ id }) => id)
    expect(proven('unsafe').sort()).toEqual([
      'code-injection/expression',
      'code-injection/module',
      'code-injection/template',
      'command-injection/execute',
      'command-injection/option',
      'path-traversal/read',
      'path-traversal/write',
      'sql-injection/boolean',
      'sql-injection/error-based',
      'sql-injection/second-order',
      'sql-injection/union',
      'ssrf/disguised-address',
      'ssrf/inner-page',
      'ssrf/open-ports',
    ])
    expect(proven('protected')).toEqual([])
    expect(failuresOf(fought)).toEqual([])
  })

  test('each hole of it works, and under the preload its sink says that it stopped it', async () => {
    expect(fought.uses.filter((use) => !use.plain).map(({ hole }) => hole.name)).toEqual([])
    expect(fought.uses.filter((use) => use.kept).map(({ hole }) => hole.name)).toEqual([])
    await kept.settled()
    for (const { hole } of fought.uses) {
      const path = /^\w+ (\/[\w-]+)/.exec(hole.name)?.[1] ?? ''
      const stopped = kept.events.filter(({ guard, request }) => guard === hole.sink && request?.path.startsWith(path))
      expect(
        stopped.map(({ outcome }) => outcome),
        hole.name,
      ).toContain('denied')
    }
  })

  test('honest people are answered as before, before and after the attacks', () => {
    expect(fought.changed).toEqual([])
    expect(fought.honest).toBeGreaterThan(80)
  })

  test('nothing but sinks is at work: no limit, no header, no check of origins', async () => {
    await kept.settled()
    expect([...new Set(kept.events.map(({ guard }) => guard))].filter((guard) => !SINKS.includes(guard))).toEqual([])
    const answers = await Promise.all([plain, kept].map(({ origin }) => fetch(origin)))
    const [one, other] = answers.map(({ headers }) => [...headers].filter(([name]) => !['date', 'etag'].includes(name)))
    expect(other).toEqual(one)
  })
})

test('with the baseline, attacks that no sink can see are stopped as well, and the desk still sells tickets', async () => {
  const alone = await startDesk('plain')
  const guarded = await startDesk('kept', { preload: 'baseline' })
  try {
    const only = [
      'csrf/cross-site-form',
      'headers/framed-by-other-site',
      'cookies/no-http-only',
      'body-limits/proto-key',
    ]
    const both = await fight({ plain: alone, kept: guarded, only })
    expect(both.changed).toEqual([])
    expect(both.uses.filter((use) => use.kept)).toEqual([])
    const verdicts = both.attacks.map(({ id, unsafe, protected: kept }) => [id, unsafe.verdict, kept.verdict])
    expect(verdicts.sort()).toEqual([...only].sort().map((id) => [id, 'proven', 'disproven']))
  } finally {
    await Promise.all([alone.close(), guarded.close()])
  }
}, 40_000)

test.each([...nodes])('no hole of it can be used under the preload on Node.js $version', async ({ path: node }) => {
  const desk = await startDesk('kept', { node })
  try {
    const before = await honestAnswers(desk.origin)
    expect([...before].filter(([, answer]) => answer.startsWith('403'))).toEqual([])
    for (const hole of HOLES) expect(await hole.use(desk), hole.name).toBe(false)
    expect(before.size).toBeGreaterThan(40)
  } finally {
    await desk.close()
  }
})
