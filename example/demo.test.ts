import { type ProbeReport, probe, probes } from '@bulwark/prober'
import { off } from 'bulwark'
import { factories } from 'bulwark/guards'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBlog } from './blog/app.ts'
import { ALSO_STOPPED } from './demo/also.ts'
import { readDemoConfig } from './demo/config.ts'
import { duel } from './demo/duel.ts'
import { tryHonestly } from './demo/honest.ts'
import { countLines } from './demo/lines.ts'
import { type Attack, BY_TIME, type DemoResult, failuresOf, toJson, totalsOf } from './demo/result.ts'
import { attackLine } from './demo/screen.ts'
import { startTwin, type Twin } from './demo/twins.ts'

const twins: Twin[] = []
let result: DemoResult

beforeAll(async () => {
  const fought = await fight()
  // A busy machine may keep an attack from being done in time. That is no verdict, and both blogs are asked for one again, by this attack alone.
  const unclear = fought.attacks.filter(({ unsafe, protected: at }) => {
    return unsafe.verdict === 'inconclusive' || (unsafe.verdict === 'proven' && at.verdict === 'inconclusive')
  })
  const only = unclear.map(({ id }) => id).filter((id) => !BY_TIME.test(id))
  const again = only.length === 0 ? [] : (await fight(only)).attacks
  const attacks = fought.attacks.map((attack) => again.find(({ id }) => id === attack.id) ?? attack)
  result = { ...fought, attacks, lines: await countLines(), ms: 0 }
}, 700_000)

async function fight(only: readonly string[] = []): Promise<Omit<DemoResult, 'lines' | 'ms'>> {
  const [unsafe, blog] = await Promise.all([startTwin('unsafe'), startTwin('protected')])
  twins.push(unsafe, blog)
  const config = await readDemoConfig()
  const fought = await duel({ unsafe, protected: blog, config, only })
  const origins = { unsafe: unsafe.origin, protected: blog.origin }
  const honest = await tryHonestly(fought.attacks, origins, fought.protected.routes, config.account)
  const attacks = fought.attacks.map((attack) => ({
    ...attack,
    ...(honest.get(attack.id) ?? { honest: 'untried' as const, requests: [] }),
  }))
  return { ...fought, attacks }
}

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

/** These hand something to the blog's own code, so they cannot just be gone: they look on, and refuse nothing. */
const LOOK_ON: Readonly<Record<string, string>> = {
  'access-control': 'routes ask who is behind a request with req.security.person',
  'sign-in-throttle': 'passwords are checked inside req.security.trySignIn()',
}

/** The blog is nothing without them: what is left turns everybody away. */
const NEEDED: Readonly<Record<string, string>> = {
  sessions: 'who is signed in is kept in req.security.session',
}

/** Attacks on the time of a process, which the other blogs of this one would take. */
const ALONE: ReadonlySet<string> = new Set(['overload'])

/** Signing in is slow by design: attacks that do it again and again are repeated only where they must work. */
const SLOW = 300

/** Each of them takes seconds; but five of them are attacked at once, and the machine may have something else to do. */
const MOST_MS = 240_000

describe('with one protection off', () => {
  const attacked = factories.filter(({ name }) => probes.some((one) => one.name.startsWith(`${name}/`)))

  test.concurrent.each(attacked.filter(({ name }) => !ALONE.has(name)))(
    '$name: exactly its own attacks get through',
    ({ name, key }) => exactlyItsOwn(name, key),
    MOST_MS,
  )

  test.each(attacked.filter(({ name }) => ALONE.has(name)))(
    '$name, by itself: exactly its own attacks get through',
    ({ name, key }) => exactlyItsOwn(name, key),
    MOST_MS,
  )

  async function exactlyItsOwn(name: string, key: string): Promise<void> {
    const broken = result.attacks.filter(({ unsafe }) => unsafe.verdict === 'proven')
    const own = broken.filter(({ stoppedBy, id }) => stoppedBy === name || id.startsWith(`${name}/`))
    const expected = NEEDED[name]
      ? []
      : own.filter(({ id, stoppedBy }) => stoppedBy === name && !ALSO_STOPPED[id]).map(({ id }) => id)
    const report = await attackWithout(name, key, [...own, ...controlsOf(broken, name)])
    const isUnclear = new Set(report.results.flatMap((one) => (one.verdict === 'inconclusive' ? one.probe : [])))
    const unclear = own.filter(({ id }) => isUnclear.has(id) && expected.includes(id))
    // No verdict is neither of the two: it is asked for again, by these attacks alone.
    const again = unclear.length === 0 ? [] : (await attackWithout(name, key, unclear)).results
    const results = [...report.results.filter(({ probe }) => !again.some((one) => one.probe === probe)), ...again]
    const proven = results.filter(({ verdict }) => verdict === 'proven').map((one) => one.probe)
    const table = results.map((one) => `${one.probe} ${one.verdict} ${one.message}`).join('\n')
    expect(proven.sort(), table).toEqual(expected.sort())
    expect(report.stopped).toBeUndefined()
  }

  test('what the demo calls a second line of defence is there', () => {
    const stoppers = new Map(result.attacks.map(({ id, stoppedBy }) => [id, stoppedBy]))
    const names = factories.map(({ name }) => name)
    // What is judged by milliseconds may have no verdict on a busy machine.
    const judged = Object.keys(ALSO_STOPPED).filter((id) => stoppers.get(id) !== undefined || !BY_TIME.test(id))
    for (const id of judged) expect(names, id).toContain(stoppers.get(id))
  })
})

/** The quickest attack that each other protection stops. */
function controlsOf(broken: readonly Attack[], name: string): Attack[] {
  const quickest = new Map<string, Attack>()
  for (const attack of broken) {
    const { stoppedBy, protected: at } = attack
    if (!stoppedBy || stoppedBy === name || attack.id.startsWith(`${name}/`)) continue
    const isQuick = at.kind !== 'hold' && at.kind !== 'load' && at.kind !== 'last' && at.ms < SLOW
    if (isQuick && at.ms < (quickest.get(stoppedBy)?.protected.ms ?? SLOW)) quickest.set(stoppedBy, attack)
  }
  return [...quickest.values()]
}

async function attackWithout(name: string, key: string, attacks: readonly Attack[]): Promise<ProbeReport> {
  const blog = await startBlog({
    onEvent: () => {},
    policy: (own) => ({
      ...own,
      overload: off('all these blogs share one event loop with their attackers'),
      [key]: LOOK_ON[name]
        ? { ...(own as Record<string, object>)[key], mode: 'observe' }
        : off('to show what it alone stops'),
    }),
  })
  try {
    const budget = { requests: 6000, ms: MOST_MS / 3 }
    const only = attacks.map(({ id }) => id)
    const { account, other, routes = [] } = await readDemoConfig()
    // One way in is enough: each of its passwords costs a hash on both sides.
    const places = routes.filter(({ path }) => path !== '/api/sign-in')
    return await probe({
      account,
      ...(other && { other }),
      routes: places,
      url: blog.origin,
      only,
      holdFor: 2500,
      budget,
    })
  } finally {
    await blog.close()
  }
}
