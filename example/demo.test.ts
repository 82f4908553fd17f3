import { type ProbeReport, probe, probes } from '@bulwark/prober'
import { factories } from 'bulwark/guards'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALSO_STOPPED } from './demo/also.ts'
import { readDemoConfig } from './demo/config.ts'
import { duel } from './demo/duel.ts'
import { tryHonestly } from './demo/honest.ts'
import { countLines } from './demo/lines.ts'
import { type DemoResult, failuresOf, toJson, totalsOf } from './demo/result.ts'
import { attackLine } from './demo/screen.ts'
import { startTwin, type Twin } from './demo/twins.ts'

const twins: Twin[] = []
let result: DemoResult

beforeAll(async () => {
  const [unsafe, blog] = await Promise.all([startTwin('unsafe'), startTwin('protected')])
  twins.push(unsafe, blog)
  const config = await readDemoConfig()
  const fought = await duel({ unsafe, protected: blog, config })
  const origins = { unsafe: unsafe.origin, protected: blog.origin }
  const honest = await tryHonestly(fought.attacks, origins, fought.protected.routes, config.account)
  const attacks = fought.attacks.map((attack) => ({
    ...attack,
    ...(honest.get(attack.id) ?? { honest: 'untried' as const, requests: [] }),
  }))
  result = { ...fought, attacks, lines: await countLines(), ms: 0 }
}, 140_000)
afterAll(() => Promise.all(twins.map((twin) => twin.close())))

describe('all attacks on both blogs', () => {
  test('break the unsafe one in many ways and the protected one in none, and honest people notice nothing', () => {
    const table = result.attacks.map((attack) => `${attackLine(attack, { colour: false })}  honest ${attack.honest}`)
    expect(failuresOf(result), table.join('\n')).toEqual([])
    expect(totalsOf(result).provenOnUnsafe).toBeGreaterThanOrEqual(20)
  })

  test('were tried with every probe of the catalogue', () => {
    expect(result.attacks.map(({ id }) => id).sort()).toEqual(probes.map(({ name }) => name).sort())
  })

  test('are told to programs: one entry for each attack, and the totals', () => {
    const json = JSON.parse(JSON.stringify(toJson(result)))
    expect(json.attacks).toHaveLength(probes.length)
    for (const attack of json.attacks) {
      expect(attack).toMatchObject({ id: expect.any(String), risk: expect.any(String), honest: 'passes' })
      expect(['proven', 'disproven', 'inconclusive', 'not-applicable']).toContain(attack.unsafe)
      expect(['disproven', 'not-applicable', 'inconclusive']).toContain(attack.protected)
      expect(attack.stoppedBy === null).toBe(attack.protected !== 'disproven')
    }
    expect(json.totals).toMatchObject({ attacks: probes.length, provenOnProtected: 0, honestFailures: 0 })
  })
})

/** Without these the blog itself does not work, so nothing could be learned. */
const NEEDED: Readonly<Record<string, string>> = {
  cookies: 'who is signed in is kept with req.security.cookies',
  'sign-in-throttle': 'passwords are checked inside req.security.trySignIn()',
}

/** Protections with at least one attack that nothing else stops. */
const STANDS_ALONE: readonly string[] = ['body-limits', 'csrf', 'headers', 'rate-limit', 'slow-clients']

/** Signing in is slow by design: attacks that do it again and again are repeated only where they must work. */
const SLOW = 1500

describe('with a protection off', () => {
  const tried = factories.filter(({ name }) => NEEDED[name] === undefined)

  test.each(tried.filter(({ name }) => STANDS_ALONE.includes(name)))(
    '$name: exactly what nothing else stops works again',
    ({ name, key }) => flip([name], [key]),
    60_000,
  )

  // Less protection never stops more: what has no effect with all of them off has none with any one off.
  test('all others at once: nothing works again', async () => {
    const others = tried.filter(({ name }) => !STANDS_ALONE.includes(name))
    await flip(
      others.map(({ name }) => name),
      others.map(({ key }) => key),
    )
  }, 60_000)

  test('the list of what stands alone is what the run showed', () => {
    const alone = result.attacks.filter(
      (attack) => attack.unsafe.verdict === 'proven' && attack.stoppedBy && !ALSO_STOPPED[attack.id],
    )
    const names = new Set(alone.map(({ stoppedBy }) => stoppedBy ?? ''))
    expect([...names].filter((name) => tried.some((one) => one.name === name)).sort()).toEqual([...STANDS_ALONE].sort())
  })

  test('what the demo calls a second line of defence is there', () => {
    const stoppers = new Map(result.attacks.map(({ id, stoppedBy }) => [id, stoppedBy]))
    const names = factories.map(({ name }) => name)
    for (const id of Object.keys(ALSO_STOPPED)) expect(names, id).toContain(stoppers.get(id))
  })
})

/** Attacks the blog without some protections: what they alone stopped must work, and nothing else. */
async function flip(names: readonly string[], keys: readonly string[]): Promise<void> {
  const broken = result.attacks.filter(({ unsafe }) => unsafe.verdict === 'proven')
  const stopped = broken.filter(({ stoppedBy }) => stoppedBy !== undefined && names.includes(stoppedBy))
  const only = broken.filter((attack) => stopped.includes(attack) || isQuick(attack.protected)).map(({ id }) => id)
  const report = await attackWithout(keys, only)
  const proven = report.results.filter(({ verdict }) => verdict === 'proven').map((one) => one.probe)
  const expected = stopped.map(({ id }) => id).filter((id) => ALSO_STOPPED[id] === undefined)
  const table = report.results.map((one) => `${one.probe} ${one.verdict} ${one.message}`).join('\n')
  expect(proven.sort(), table).toEqual(expected.sort())
  expect(report.stopped).toBeUndefined()
}

function isQuick({ kind, ms }: { readonly kind: string; readonly ms: number }): boolean {
  return kind !== 'hold' && kind !== 'load' && kind !== 'last' && ms < SLOW
}

async function attackWithout(without: readonly string[], only: readonly string[]): Promise<ProbeReport> {
  const twin = await startTwin('protected', { without })
  try {
    const budget = { requests: 6000, ms: 50_000 }
    return await probe({ ...(await readDemoConfig()), url: twin.origin, only, holdFor: 2500, budget })
  } finally {
    await twin.close()
  }
}
