import dns from 'node:dns'
import { Socket } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Probe } from '../library/core/probe.ts'
import { exitCodeOf, probe } from './index.ts'
import { anOutcome, aProbe, page, serve } from './lab.ts'
import { probeAt } from './run.ts'
import { findGround, PROOF_PATH, proofOf } from './safety.ts'

/** Proven when the page repeats the query as markup. */
const reflects: Probe = aProbe('echo/markup', 'active', async function* (target) {
  for (const route of target.routes.filter((one) => one.query)) {
    const mark = `<${target.nonce()}>`
    const answer = await target.send({ path: `${route.path}?q=${encodeURIComponent(mark)}` })
    const verdict = answer.text.includes(mark) ? 'proven' : 'disproven'
    yield anOutcome(verdict, { path: route.path, answer, message: 'Markup comes back.' })
  }
})
const quiet: Probe = aProbe('quiet/nothing', 'passive', async function* () {})
const risks = [{ id: 'echo', title: 'Echo', severity: 'high', cwe: 79, asvs: [] }] as const

const echoing = () =>
  serve((seen, res) => {
    const q = new URLSearchParams(seen.url.split('?')[1]).get('q')
    page(res, q === null ? '<a href="/search?q=a">search</a>' : `You asked for ${q}`)
  })

test('a run finds the places, attacks them, and reports what got through', async () => {
  const victim = await echoing()
  const told: string[] = []
  const report = await probe({
    url: victim.origin,
    probes: [quiet, reflects],
    risks,
    onOutcome: (result) => told.push(result.probe),
  })
  expect(report).toMatchObject({
    target: victim.origin,
    totals: { proven: 1, disproven: 0, inconclusive: 0, 'not-applicable': 1, skipped: 0 },
    grade: { letter: 'C' },
    notes: [],
  })
  expect(report.stopped).toBeUndefined()
  expect(report.requests).toBe(victim.seen.length)
  expect(told).toEqual(['quiet/nothing', 'echo/markup'])
  expect(report.findings).toEqual([
    {
      risk: 'echo',
      severity: 'high',
      foundBy: 'echo/markup',
      message: 'Markup comes back.',
      remedy: 'Repair it.',
      place: { method: 'GET', path: '/search' },
      evidence: expect.objectContaining({ response: expect.stringMatching(/You asked for <bw[a-z]{10}>/) }),
    },
  ])
  expect([exitCodeOf(report, 'high'), exitCodeOf(report, 'critical')]).toEqual([1, 0])
})

test('no socket leaves this machine and no name is looked up, wherever the target points', async () => {
  const connected: string[] = []
  const connect = Socket.prototype.connect
  const spy = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const options = [args[0]].flat()[0] as { host?: string }
    connected.push(String(options.host))
    return Reflect.apply(connect, this, args)
  })
  const lookup = vi.spyOn(dns, 'lookup')
  onTestFinished(() => {
    spy.mockRestore()
    lookup.mockRestore()
  })
  const away = 'http://10.255.255.1:81/x'
  const victim = await serve((seen, res) => {
    if (seen.url === '/away') res.writeHead(302, { location: away, refresh: `0;url=${away}` }).end()
    else
      page(
        res,
        `<base href="${away}"><a href="${away}">x</a><a href="//evil.example/">y</a><iframe src="${away}"></iframe>
      <a href="${victim.origin}/away">z</a><form action="${away}"><input name=a></form><form method=post action="//evil.example"></form>`,
      )
  })
  lookup.mockClear()
  const report = await probe({
    url: victim.origin.replace('127.0.0.1', 'localhost'),
    probes: [
      reflects,
      aProbe('raw/x', 'active', async function* (target) {
        yield anOutcome('disproven', {
          answer: await target.raw({ parts: [`GET ${away} HTTP/1.1\r\n\r\n`], hold: 20 }),
        })
        await target.send({ path: away })
        await target.connect(1, { hold: 1 })
      }),
    ],
    routes: [{ method: 'GET', path: '/away' }],
  })
  expect(victim.seen.map((one) => one.url)).toEqual(expect.arrayContaining(['/', '/away', away]))
  expect(report.routes.map((route) => route.path)).toEqual(['/away', '/'])
  expect(connected.length).toBeGreaterThan(6)
  expect(new Set(connected)).toEqual(new Set(['127.0.0.1']))
  expect(lookup).not.toHaveBeenCalled()
})

test('localhost is where somebody listens, also when that is IPv6 only', async () => {
  const victim = await serve((_, res) => page(res, 'six'), '::1')
  const probes = [
    aProbe('x/x', 'active', async function* (target) {
      const answer = await target.send({ path: '/', from: '127.0.0.5' })
      yield anOutcome(answer.text === 'six' ? 'proven' : 'disproven')
    }),
  ]
  for (const url of [victim.origin, `http://localhost:${victim.port}`]) {
    expect((await probe({ url, probes, risks })).totals.proven).toBe(1)
  }
})

describe('the choice of probes', () => {
  const probes = [reflects, quiet, aProbe('echo/other', 'state', async function* () {})]
  const ran = async (options: object): Promise<string[]> => {
    const victim = await echoing()
    const report = await probe({ url: victim.origin, probes, risks, crawl: false, ...options })
    return report.results.map((result) => `${result.probe} ${result.verdict}`)
  }

  test('is by name, by protection or by kind', async () => {
    expect(await ran({ only: ['echo/markup'] })).toEqual(['echo/markup not-applicable'])
    expect(await ran({ only: ['echo'] })).toEqual(['echo/markup not-applicable', 'echo/other not-applicable'])
    expect(await ran({ kinds: ['passive'] })).toEqual(['quiet/nothing not-applicable'])
  })

  test('names what was left out on request', async () => {
    const all = ['echo/markup skipped', 'echo/other skipped', 'quiet/nothing not-applicable']
    expect((await ran({ skip: ['echo'] })).sort()).toEqual(all)
  })

  test('refuses names that stand for nothing, before anything is sent', async () => {
    for (const options of [{ only: ['ech'] }, { skip: ['echo/mark'] }]) {
      await expect(ran(options)).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
    }
  })

  test('refuses limits that make no sense', async () => {
    await expect(ran({ holdFor: 0 })).rejects.toThrow('holdFor must be a number above 0')
    await expect(ran({ budget: { requests: Number.NaN } })).rejects.toThrow('budget.requests')
  })
})

test('a target that is not there ends in a report that no check can take for a pass', async () => {
  const report = await probe({ url: 'http://127.0.0.1:1', probes: [reflects, quiet], risks })
  expect(report.totals.skipped).toBe(2)
  expect(report.stopped).toMatchObject({ why: 'target', message: 'The target gave no answer to GET / (refused).' })
  expect([exitCodeOf(report, 'low'), report.grade.letter]).toEqual([3, '?'])
})

test('a run that was given up before it began sends nothing', async () => {
  const victim = await echoing()
  const report = await probe({ url: victim.origin, probes: [reflects], risks, signal: AbortSignal.abort() })
  expect([report.stopped?.why, report.totals.skipped, victim.seen.length]).toEqual(['signal', 1, 0])
})

test('a first page that does not work is pointed out', async () => {
  const victim = await serve((_, res) => res.writeHead(404).end())
  const report = await probe({ url: `${victim.origin}/app`, probes: [quiet], risks })
  expect(report.notes).toEqual(['GET /app answers 404: give the address of a page that works.'])
})

describe('an account', () => {
  const account = {
    signIn: { path: '/sign-in', type: 'form', fields: { user: 'ada', password: 'pass-phrase-1' } },
  } as const
  const app = () =>
    serve((seen, res) => {
      const known = seen.headers.cookie === 'sid=abcd1234'
      if (seen.method === 'POST' && seen.body.includes('pass-phrase-1'))
        res.setHeader('set-cookie', 'sid=abcd1234; Path=/')
      if (seen.url === '/secret' && !known) return res.writeHead(403).end()
      page(res, known ? '<a href="/secret">secret</a>' : 'stranger')
    })

  test('opens the places behind the sign-in, and its password is in no report', async () => {
    const victim = await app()
    const shows = aProbe('x/x', 'active', async function* (target) {
      const signIn = target.routes.find((route) => route.signIn)
      const answer = await target.send({
        method: 'POST',
        path: '/sign-in',
        form: signIn?.body?.fields ?? {},
        signedIn: true,
      })
      yield anOutcome('proven', { answer, message: `It is ${signIn?.body?.fields['password']} and sid=abcd1234.` })
    })
    const report = await probe({ url: victim.origin, probes: [shows], risks, account })
    expect(report.routes).toContainEqual({ method: 'GET', path: '/secret', html: true, signedIn: true, crawled: true })
    expect(report.routes.find((route) => route.signIn)?.body?.fields).toEqual({ user: 'ada', password: '[redacted]' })
    expect(report.results[0]?.verdict).toBe('proven')
    expect(JSON.stringify(report)).not.toMatch(/pass-phrase-1|abcd1234/)
  })

  test('is needed for the routes that say so', async () => {
    const victim = await app()
    const routes = [
      { method: 'GET', path: '/secret', signedIn: true },
      { method: 'GET', path: '/' },
    ]
    const report = await probe({ url: victim.origin, probes: [quiet], risks, routes, crawl: false })
    expect(report.routes.map((route) => route.path)).toEqual(['/'])
    expect(report.notes).toEqual(['1 of the given routes need an account and were left out.'])
  })

  test('that does not work is pointed out, and makes what needs it inconclusive', async () => {
    const victim = await serve((_, res) => page(res, 'stranger'))
    const needs = aProbe('x/x', 'active', async function* (target) {
      yield anOutcome('disproven', { answer: await target.send({ path: '/', signedIn: true }) })
    })
    const report = await probe({ url: victim.origin, probes: [needs], risks, account })
    expect(report.notes).toEqual([
      'Not every page was read. Signing in at POST /sign-in did not work: no cookie was set, and no token given.',
    ])
    expect(report.results[0]).toMatchObject({
      verdict: 'inconclusive',
      message: expect.stringContaining('Signing in at'),
    })
    expect(exitCodeOf(report, 'low')).toBe(3)
  })
})

describe('a public target', () => {
  const ask = aProbe('x/asks', 'passive', async function* (target) {
    yield anOutcome('disproven', { answer: await target.send({ path: '/' }) })
  })

  const probePublic = async (proof: string) => {
    const victim = await serve((seen, res) => res.end(seen.url === PROOF_PATH ? proof : 'home'))
    // The address stays on this machine; only what the run believes about it is changed.
    const ground = { ...(await findGround(victim.origin)), hostname: 'app.example', place: 'public' as const }
    const run = probeAt(ground, [ask, reflects], { url: victim.origin, risks })
    return { run, seen: victim.seen }
  }

  test('is not touched without the proof', async () => {
    const { run, seen } = await probePublic('something else')
    await expect(run).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      fix: expect.stringContaining(proofOf('app.example')),
    })
    expect(seen.map((one) => one.url)).toEqual([PROOF_PATH])
  })

  test('is looked at and not attacked with it', async () => {
    const { run } = await probePublic(`${proofOf('app.example')}\n`)
    const report = await run
    expect(report.results.map((result) => [result.probe, result.verdict])).toEqual([
      ['x/asks', 'disproven'],
      ['echo/markup', 'skipped'],
    ])
  })
})
