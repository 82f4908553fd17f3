import { describe, expect, onTestFinished, test } from 'vitest'
import type { Outcome, Probe, ProbeVerdict } from '../library/core/probe.ts'
import { type Attacked, attack, type Plan } from './attack.ts'
import { anOutcome, aProbe, page, reach, type Served, serve } from './lab.ts'
import type { ProbeResult } from './report.ts'
import type { Run } from './target.ts'

const home = (): Promise<Served> => serve((_, res) => page(res, 'home'))

async function attackWith(
  probes: readonly Probe[],
  origin: string,
  more: Partial<Plan> & Partial<Run> = {},
): Promise<Attacked & { run: Run }> {
  const { run } = await reach(origin, more)
  const plan: Plan = {
    probes,
    risks: new Map([['grave', { id: 'grave', title: 'Grave', severity: 'critical', cwe: 1, asvs: [] }]]),
    routes: [],
    skip: () => undefined,
    onOutcome: () => undefined,
    signal: new AbortController().signal,
    pauses: [0, 20],
    ...more,
  }
  return { ...(await attack(run, plan)), run }
}

const yielding = (...outcomes: Outcome[]): Probe['attack'] =>
  async function* () {
    yield* outcomes
  }

describe('the verdict of a probe', () => {
  test.each<[ProbeVerdict, ProbeVerdict[]]>([
    ['proven', ['disproven', 'inconclusive', 'proven']],
    ['inconclusive', ['disproven', 'inconclusive', 'not-applicable']],
    ['disproven', ['not-applicable', 'disproven', 'skipped']],
    ['skipped', ['not-applicable', 'skipped']],
    ['not-applicable', ['not-applicable']],
    ['not-applicable', []],
  ])('is %s for outcomes %j', async (verdict, outcomes) => {
    const victim = await home()
    const probe = aProbe('grave/x', 'active', yielding(...outcomes.map((one) => anOutcome(one))))
    const { results } = await attackWith([probe], victim.origin)
    expect(results[0]).toMatchObject({ probe: 'grave/x', verdict, severity: 'critical', title: 'Attack grave/x' })
    expect(results[0]?.message).toBe(outcomes.length === 0 ? results[0]?.message : `It is ${verdict}.`)
    expect(results[0]?.outcomes).toHaveLength(outcomes.length)
  })

  test('is of medium severity when nobody owns its risk', async () => {
    const { results } = await attackWith([aProbe('other/x', 'passive', yielding())], (await home()).origin)
    expect(results[0]?.severity).toBe('medium')
  })

  test('is inconclusive when the probe itself fails, whatever else it found to be safe', async () => {
    const probe = aProbe('grave/x', 'active', async function* () {
      yield anOutcome('disproven')
      throw new Error('on its own foot')
    })
    const { results, stopped } = await attackWith([probe], (await home()).origin)
    expect(results[0]).toMatchObject({ verdict: 'inconclusive', message: 'The probe itself failed: on its own foot' })
    expect(stopped).toBeUndefined()
  })

  test('stays proven when the probe fails afterwards', async () => {
    const probe = aProbe('grave/x', 'active', async function* (target) {
      yield anOutcome('proven', { answer: await target.send({ path: '/' }) })
      for (;;) await target.send({ path: '/' })
    })
    const { results } = await attackWith([probe], (await home()).origin)
    expect(results[0]?.verdict).toBe('proven')
    expect(results[0]?.requests).toBe(200)
    expect(results[0]?.outcomes[1]?.message).toBe('The 200 requests of one probe are used up.')
  })
})

test('probes run from the harmless to the disturbing, whatever order they are given in', async () => {
  const order: string[] = []
  const kinds = ['last', 'load', 'state', 'active', 'passive'] as const
  const probes = kinds.map((kind) =>
    aProbe(`x/${kind}`, kind, async function* () {
      order.push(kind)
      yield anOutcome('disproven')
    }),
  )
  await attackWith(probes, (await home()).origin)
  expect(order).toEqual(['passive', 'active', 'state', 'load', 'last'])
})

test('hold probes run beside the others, and are done before anything is sent in masses', async () => {
  const order: string[] = []
  const step = (name: string, kind: Probe['kind'], ms: number): Probe =>
    aProbe(name, kind, async function* (target) {
      order.push(`${name} begins`)
      await target.connect(1, { hold: ms })
      order.push(`${name} ends`)
      yield anOutcome('disproven')
    })
  const probes = [step('x/load', 'load', 1), step('x/active', 'active', 1), step('x/hold', 'hold', 250)]
  await attackWith(probes, (await home()).origin)
  expect(order).toEqual([
    ...['x/hold begins', 'x/active begins', 'x/active ends', 'x/hold ends'],
    ...['x/load begins', 'x/load ends'],
  ])
})

test('each probe has an address of its own', async () => {
  const victim = await home()
  const ask = (name: string): Probe =>
    aProbe(name, 'passive', async function* (target) {
      yield anOutcome('disproven', { answer: await target.send({ path: '/' }) })
    })
  await attackWith([ask('a/a'), ask('b/b')], victim.origin, { manyAddresses: true })
  expect(victim.seen.map((one) => one.from)).toEqual(['127.83.0.1', '127.83.0.2'])
})

test('a target that stopped answering is noticed, and the probes after it say why they did not run', async () => {
  const victim = await serve((seen, res) => {
    if (seen.url !== '/kill') return page(res, 'home')
    victim.server.closeAllConnections()
    victim.server.close()
  })
  const asked: string[] = []
  const send = (name: string, path: string): Probe =>
    aProbe(name, 'active', async function* (target) {
      asked.push(name)
      yield anOutcome('disproven', { answer: await target.send({ path }) })
    })
  const probes = [send('a/first', '/'), send('b/killer', '/kill'), send('c/late', '/'), send('d/later', '/')]
  const { results, stopped } = await attackWith(probes, victim.origin)
  expect(stopped).toMatchObject({ why: 'target', after: 'b/killer' })
  expect(asked).toEqual(['a/first', 'b/killer'])
  expect(results.map((result) => result.verdict)).toEqual(['disproven', 'disproven', 'skipped', 'skipped'])
  expect(results[2]?.message).toContain('since b/killer ran')
})

test('a target that answers wrongly to everybody counts as stopped, one that limits its visitors does not', async () => {
  let status = 200
  const victim = await serve((seen, res) => {
    if (seen.url !== '/') status = Number(seen.url.slice(1))
    res.writeHead(status).end()
  })
  const send = (name: string, path: string): Probe =>
    aProbe(name, 'active', async function* (target) {
      yield anOutcome('disproven', { answer: await target.send({ path }) })
    })
  const { results, stopped } = await attackWith(
    [send('a/limited', '/429'), send('b/breaks', '/500'), send('c/late', '/')],
    victim.origin,
  )
  expect(stopped).toMatchObject({ why: 'target', after: 'b/breaks' })
  expect(results.map((result) => result.verdict)).toEqual(['disproven', 'disproven', 'skipped'])
})

test('a moment without an answer is no outage', async () => {
  let down = 0
  const victim = await serve((seen, res) => {
    if (seen.url === '/shake') down = 1
    if (down-- > 0 && seen.url === '/') res.writeHead(500)
    res.end()
  })
  const probe = aProbe('a/shakes', 'active', async function* (target) {
    await target.send({ path: '/shake' })
    yield anOutcome('disproven')
    down = 1
  })
  const { stopped } = await attackWith([probe], victim.origin)
  expect(stopped).toBeUndefined()
  expect(victim.seen.filter((one) => one.url === '/')).toHaveLength(2)
})

test('the budget of requests ends the run, and what was cut is named', async () => {
  const victim = await home()
  const greedy = (name: string): Probe =>
    aProbe(name, 'passive', async function* (target) {
      for (let i = 0; i < 4; i++) await target.send({ path: '/' })
      yield anOutcome('disproven')
    })
  const { results, stopped } = await attackWith([greedy('a/a'), greedy('b/b'), greedy('c/c')], victim.origin, {
    maxRequests: 6,
  })
  expect(victim.seen).toHaveLength(6)
  expect(stopped).toEqual({ why: 'budget', message: 'The budget of 6 requests is used up.' })
  expect(results.map((result) => result.verdict)).toEqual(['disproven', 'inconclusive', 'skipped'])
})

test('a budget that is used up exactly takes nothing from anybody', async () => {
  const probe = aProbe('a/a', 'passive', async function* (target) {
    yield anOutcome('disproven', { answer: await target.send({ path: '/' }) })
  })
  const { stopped } = await attackWith([probe], (await home()).origin, { maxRequests: 1 })
  expect(stopped).toBeUndefined()
})

test('the time of the run ends a probe that waits for ever', async () => {
  const probe = aProbe('a/a', 'active', async function* () {
    yield anOutcome('disproven')
    await new Promise(() => undefined)
  })
  const { results, stopped } = await attackWith([probe], (await home()).origin, { deadline: performance.now() + 60 })
  expect(results[0]?.verdict).toBe('inconclusive')
  expect(results[0]?.message).toMatch(/^It was not done after 0(\.\d)? seconds\.$/)
  expect(stopped?.why).toBe('budget')
})

test('the caller ends a run at once and keeps what was found', async () => {
  const caller = new AbortController()
  const results: ProbeResult[] = []
  const probes = [
    aProbe('a/a', 'passive', yielding(anOutcome('proven'))),
    aProbe('b/b', 'active', async function* (target) {
      setTimeout(() => caller.abort(), 20)
      await target.send({ path: '/never', timeout: 15_000 })
      yield anOutcome('disproven')
    }),
    aProbe('c/c', 'active', yielding(anOutcome('proven'))),
  ]
  const victim = await serve((seen, res) => seen.url === '/' && res.end())
  const plan = { signal: caller.signal, onOutcome: (result: ProbeResult) => void results.push(result) }
  const { stopped } = await attackWith(probes, victim.origin, plan)
  expect(results.map((result) => [result.probe, result.verdict])).toEqual([
    ['a/a', 'proven'],
    ['b/b', 'inconclusive'],
    ['c/c', 'skipped'],
  ])
  expect(stopped).toEqual({ why: 'signal', message: 'The run was ended early.' })
})

test('a report holds evidence instead of answers', async () => {
  const probe = aProbe('a/a', 'passive', async function* (target) {
    const answer = await target.send({ path: '/', headers: { authorization: 'Bearer very-secret' } })
    yield anOutcome('proven', { answer, repeats: 2 })
    yield anOutcome('disproven', { answer })
  })
  const { results } = await attackWith([probe], (await home()).origin)
  expect(results[0]?.evidence).toMatchObject({ repeats: 2, response: expect.stringContaining('home') })
  expect(results[0]?.outcomes.map((outcome) => [outcome.answer, outcome.evidence?.repeats])).toEqual([
    [undefined, 2],
    [undefined, undefined],
  ])
  expect(JSON.stringify(results)).not.toContain('very-secret')
})

test('a burst of requests at once makes no noise', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error): unknown => warnings.push(warning)
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  const probe = aProbe('a/a', 'load', async function* (target) {
    const answers = await Promise.all(Array.from({ length: 60 }, () => target.send({ path: '/' })))
    await Promise.all(Array.from({ length: 20 }, () => target.raw({ parts: ['x'], hold: 5 })))
    yield anOutcome(answers.every((answer) => answer.status === 200) ? 'proven' : 'disproven')
  })
  const { results } = await attackWith([probe], (await home()).origin)
  await new Promise((resolve) => setImmediate(resolve))
  expect([results[0]?.verdict, warnings]).toEqual(['proven', []])
})

describe('a target that goes down', () => {
  const asking = (name: string, path: string, more: Partial<Probe> = {}): Probe => ({
    ...aProbe(name, 'active', async function* (target) {
      const answer = await target.send({ path })
      yield anOutcome('disproven', { answer })
    }),
    ...more,
  })
  const teller: Probe = {
    ...aProbe('grave/teller', 'last', yielding(anOutcome('disproven'))),
    onOutage: (answer) => anOutcome('proven', { answer, path: answer.ask.path }),
  }
  const fragile = (): Promise<Served> => {
    const served = serve((seen, res, req) => {
      if (seen.url !== '/bad') return page(res, 'home')
      void served.then(({ server }) => server.close())
      req.socket.destroy()
    })
    return served
  }

  test('is told of, with the request that it did not finish, and once', async () => {
    const victim = await fragile()
    const { results, stopped } = await attackWith(
      [asking('x/bad', '/bad'), teller, asking('x/late', '/')],
      victim.origin,
    )
    expect(stopped).toMatchObject({ why: 'target', after: 'x/bad' })
    const told = results.filter((result) => result.probe === 'grave/teller')
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ verdict: 'proven', outcomes: [{ path: '/bad' }] })
    expect(told[0]?.evidence?.curl).toContain('/bad')
  })

  test('goes down last: what is rough runs after everything else', async () => {
    const victim = await fragile()
    const probes = [
      asking('x/bad', '/bad', { isRough: true }),
      asking('x/late', '/'),
      aProbe('x/last', 'last', yielding()),
    ]
    const { results } = await attackWith(probes, victim.origin)
    expect(results.map((result) => result.probe)).toEqual(['x/late', 'x/last', 'x/bad'])
  })
})
