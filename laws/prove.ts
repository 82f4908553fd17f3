import { readFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { off } from '../library/core/policy.ts'
import type { Probe, ProbeVerdict, Route, RouteBody } from '../library/core/probe.ts'
import type { Rule } from '../library/core/rule.ts'
import type { Victim } from '../library/core/victim.ts'
import { risks } from '../library/risks.ts'
import type { Policy } from '../library/runtime/policy.ts'
import { type Account, probe as attack } from '../prober/index.ts'
import { scanText } from '../scanner/index.ts'
import { fetching } from './fetching.ts'
import { frameworks, type Running } from './frameworks.ts'

export interface Proof {
  readonly victim?: Victim
  /** The victim written with the protection's own function, where no guard can do it for the app. */
  readonly fixed?: Victim
  /** The fixed victim uses what the policy offers by `req.security`, so it is served under the policy. */
  readonly offered?: boolean
  readonly probes?: readonly Probe[]
  readonly rules?: readonly Rule[]
  /** Added to Bulwark's default policy. */
  readonly policy?: Policy
  /** Attacks that something else stops too when this protection is off, with what and why. */
  readonly alsoStoppedBy?: Readonly<Record<string, string>>
  /** Attacks that do not break the unguarded victim on a framework, with why: its own defence. */
  readonly stoppedByFramework?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What an honest client sends along, such as its credentials. */
  readonly honestHeaders?: Readonly<Record<string, string>>
  /** What an honest client learns from the app before it sends: a cookie, and the token of a form. */
  readonly before?: (origin: string) => Promise<Learned>
  /** What of an honest answer is new each time. */
  readonly renewed?: RegExp
  /** For attacks that need to be signed in, or that need to know what an account may see. */
  readonly account?: Account
  /** For attacks on somebody else. */
  readonly other?: Account
  /** The victim is served over TLS, and the attacks are on that too. */
  readonly served?: Served
  readonly holdFor?: number
  readonly burst?: number
  /** What takes time here is waiting, and nothing is judged by time: the frameworks are attacked at the same time. */
  readonly together?: boolean
  /** Source files besides `victim.ts` whose marked lines the rules must spot. */
  readonly sources?: readonly string[]
}

/** So often a probe that came to no verdict is asked for one. */
const ROUNDS = 3

/** How a victim is reached over TLS. */
export interface Served {
  /** The unguarded victim's own way. */
  readonly careless: ServerOptions
  /** The way of the victim that is guarded, or that uses the protection. */
  readonly careful: ServerOptions
  /** The authority that the careful one's certificate comes from, PEM. */
  readonly ca: string
  /** The same app is served on a plain port as well. */
  readonly plain?: boolean
}

export interface Learned {
  readonly headers: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, string>>
}

/**
 * The law of every protection, on every framework: unguarded, each of its attacks works; guarded, none does; honest requests
 * are answered as before; with only this protection off the attacks work again. And its rules spot exactly the marked lines.
 */
export function prove(name: string, proof: Proof): void {
  const { victim, fixed, probes = [], rules = [] } = proof
  if (victim !== undefined && probes.length > 0) {
    for (const framework of Object.keys(frameworks)) {
      describe(`${name} on ${framework}`, { concurrent: proof.together === true }, () => {
        const native = proof.stoppedByFramework?.[framework] ?? {}
        const open = probes.filter((each) => native[each.name] === undefined)

        test('every attack breaks the unguarded victim', async () => {
          expect(await verdicts(framework, victim, undefined, open, proof)).toEqual(all(open, 'proven'))
        }, 60_000)

        if (fixed !== undefined) {
          test('no attack breaks the victim that uses the protection', async () => {
            const policy = proof.offered === true ? guardedPolicy(proof) : undefined
            expect(await verdicts(framework, fixed, policy, open, proof)).toEqual(all(open, 'disproven'))
          }, 60_000)
          if (proof.offered === true) honestRequestsPass(framework, victim, fixed, proof)
          return
        }

        test('no attack breaks the guarded victim', async () => {
          expect(await verdicts(framework, victim, guardedPolicy(proof), probes, proof)).toEqual(
            all(probes, 'disproven'),
          )
        }, 60_000)

        const alone = open.filter((each) => proof.alsoStoppedBy?.[each.name] === undefined)
        test('with this protection off, the attacks work again', async () => {
          const policy = { ...guardedPolicy(proof), [keyOf(name)]: off('to show that nothing else stops it') }
          expect(await verdicts(framework, victim, policy, alone, proof)).toEqual(all(alone, 'proven'))
        }, 60_000)

        honestRequestsPass(framework, victim, victim, proof)
      })
    }
  }
  if (rules.length > 0) rulesSpotMarkedLines(name, rules, proof.sources ?? ['victim.ts'])
  test(`${name}: every risk that its probes and rules name is in the catalogue`, () => {
    const known = new Set(risks.map(({ id }) => id))
    for (const { name: face, risk } of [...probes, ...rules]) {
      expect.soft(known.has(risk), `${face} names the risk ${risk}`).toBe(true)
    }
    expect([...probes, ...rules].filter((face) => !face.name.startsWith(`${name}/`))).toEqual([])
  })
}

function honestRequestsPass(framework: string, victim: Victim, under: Victim, proof: Proof): void {
  describe('honest requests', () => {
    let bare: Running
    let guarded: Running
    beforeAll(async () => {
      bare = await frameworks[framework]!(victim, undefined, proof.served?.careless)
      guarded = await frameworks[framework]!(under, guardedPolicy(proof), proof.served?.careful)
    })
    afterAll(async () => {
      await bare.close()
      await guarded.close()
    })
    test('are answered under the guard as they are without', async () => {
      for (const route of bare.routes) {
        if (route.method === 'UPGRADE') continue
        const [before, after] = [await ask(bare.origin, route, proof), await ask(guarded.origin, route, proof)]
        expect({ route: `${route.method} ${route.path}`, ...after }).toEqual({
          route: `${route.method} ${route.path}`,
          ...before,
        })
      }
    }, 30_000)
  })
}

async function ask(
  origin: string,
  route: Route,
  proof: Proof,
): Promise<{ status: number; type: string | null; text: string }> {
  const query = route.query ? `?${new URLSearchParams(route.query)}` : ''
  const learned = await proof.before?.(origin)
  const body = route.body && { ...route.body, fields: { ...route.body.fields, ...learned?.fields } }
  const types = { form: 'application/x-www-form-urlencoded', json: 'application/json', text: 'text/plain' }
  const response = await fetching(origin)(`${origin}${route.path}${query}`, {
    method: route.method,
    redirect: 'manual',
    headers: {
      'sec-fetch-site': 'same-origin',
      connection: 'close',
      ...route.headers,
      ...proof.honestHeaders,
      ...learned?.headers,
      ...(route.method !== 'GET' && { origin }),
      ...(body && body.files === undefined && { 'content-type': types[body.type] }),
    },
    ...(body && {
      body: body.files
        ? formOf(body.fields, body.files)
        : body.type === 'form'
          ? new URLSearchParams(body.fields).toString()
          : body.type === 'json'
            ? JSON.stringify(body.fields)
            : Object.values(body.fields).join('\n'),
    }),
  })
  const text = (await response.text()).replaceAll(origin, 'ORIGIN').replaceAll(proof.renewed ?? /$^/g, 'RENEWED')
  // A problem document replaces what the app would have leaked; that it is one is what counts.
  if (response.status >= 400) return { status: response.status, type: null, text: '' }
  return { status: response.status, type: response.headers.get('content-type'), text }
}

function formOf(fields: Readonly<Record<string, string>>, files: NonNullable<RouteBody['files']>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const [field, { name, type, content }] of Object.entries(files)) {
    form.append(field, new Blob([Buffer.from(content, 'latin1')], { type }), name)
  }
  return form
}

async function verdicts(
  framework: string,
  victim: Victim,
  policy: Policy | undefined,
  probes: readonly Probe[],
  proof: Proof,
): Promise<Record<string, ProbeVerdict>> {
  const found = new Map<string, ProbeVerdict>()
  for (let round = 0; round < ROUNDS; round++) {
    // A busy machine may keep a probe from a verdict, and that is neither of those that are asked for here: it is asked again, alone.
    const asked = probes.filter((each) => round === 0 || found.get(each.name) === 'inconclusive')
    for (const one of round === 0 ? [asked] : asked.map((each) => [each])) {
      for (const [probe, verdict] of await verdictsOnce(framework, victim, policy, one, proof))
        found.set(probe, verdict)
    }
  }
  return Object.fromEntries(found)
}

async function verdictsOnce(
  framework: string,
  victim: Victim,
  policy: Policy | undefined,
  probes: readonly Probe[],
  proof: Proof,
): Promise<readonly (readonly [string, ProbeVerdict])[]> {
  const { served } = proof
  const isCareful = policy !== undefined || victim === proof.fixed
  const tls = isCareful ? served?.careful : served?.careless
  const app = await frameworks[framework]!(victim, policy, tls)
  const plain = served?.plain === true ? await frameworks[framework]!(victim, policy) : undefined
  try {
    const report = await attack({
      url: app.origin,
      ...(plain && { plainPort: Number(new URL(plain.origin).port) }),
      ...(served && isCareful && { ca: served.ca }),
      routes: [...app.routes],
      crawl: false,
      probes,
      ...(proof.account && { account: proof.account }),
      ...(proof.other && { other: proof.other }),
      holdFor: proof.holdFor ?? 2500,
      burst: proof.burst ?? 100,
    })
    return report.results.map(({ probe, verdict }) => [probe, verdict] as const)
  } finally {
    await app.close()
    await plain?.close()
  }
}

function guardedPolicy(proof: Proof): Policy {
  return { onEvent: () => {}, ...proof.policy }
}

function all(probes: readonly Probe[], verdict: ProbeVerdict): Record<string, ProbeVerdict> {
  return Object.fromEntries(probes.map(({ name }) => [name, verdict]))
}

function keyOf(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function rulesSpotMarkedLines(name: string, rules: readonly Rule[], sources: readonly string[]): void {
  for (const source of sources) {
    test(`the rules of ${name} spot exactly the marked lines of ${source}`, () => {
      const path = new URL(`../library/protections/${name}/${source}`, import.meta.url).pathname
      const text = readFileSync(path, 'utf8')
      const own = new Set(rules.map((rule) => rule.name))
      const marked = text.split('\n').flatMap((line, i) => {
        const names = /\/\/ spots: (.+)$/.exec(line)?.[1]?.split(',') ?? []
        return names
          .map((each) => each.trim())
          .filter((each) => own.has(each))
          .map((each) => `${i + 1} ${each}`)
      })
      const spotted = scanText(path, text, rules).findings.map(
        ({ place, foundBy }) => `${'line' in place ? place.line : 0} ${foundBy}`,
      )
      expect([...new Set(spotted)].sort()).toEqual([...new Set(marked)].sort())
    })
  }
  test(`every rule of ${name} has a marked line to spot`, () => {
    const texts = sources.map((source) =>
      readFileSync(new URL(`../library/protections/${name}/${source}`, import.meta.url), 'utf8'),
    )
    for (const rule of rules) {
      expect(
        texts.some((text) => new RegExp(`// spots: .*${rule.name.replace('/', '\\/')}\\b`).test(text)),
        rule.name,
      ).toBe(true)
    }
  })
}
