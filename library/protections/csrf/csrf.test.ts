import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'
import { csrf } from './guard.ts'
import { probes } from './probe.ts'
import { tokenProbes } from './probe-tokens.ts'
import { rules } from './rule.ts'
import { decorated, victim } from './victim.ts'

const KEYS = 'k3y-0123456789-abcdefghijklmnopqrstuvwxyz'
const BY_TOKENS = new Set(tokenProbes)

prove('csrf', { victim, probes: probes.filter((probe) => !BY_TOKENS.has(probe)), rules, together: true })

describe('tokens, where the headers of the browser say nothing', () => {
  prove('csrf', {
    victim: decorated,
    probes: tokenProbes,
    policy: { keys: KEYS, csrf: { tokens: 'required', sessionCookie: 'bank' } },
    before: fillIn,
    renewed: /value="[\w-]{14,}"/g,
    together: true,
  })
})

/** What somebody who is signed in has: the cookies, and the token of the page. */
async function fillIn(origin: string): Promise<{ headers: Record<string, string>; fields: Record<string, string> }> {
  const jar = new Map<string, string>()
  const cookies = () => [...jar].map((pair) => pair.join('=')).join('; ')
  const go = async (path: string, form?: Record<string, string>) => {
    const response = await fetch(origin + path, {
      headers: { cookie: cookies(), connection: 'close' },
      redirect: 'manual',
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const { name, value } of response.headers.getSetCookie().map(parseSetCookie)) jar.set(name, value)
    return /name="_csrf" value="([^"]+)"/.exec(await response.text())?.[1] ?? ''
  }
  const first = await go('/sign-in')
  await go('/sign-in', { name: 'ann', password: 'Correct-horse-7', _csrf: first })
  const token = await go('/memos')
  return { headers: { cookie: cookies() }, fields: { _csrf: token } }
}

const OWN = 'https://app.example'

const cases: readonly [string, string, string | undefined, string | undefined, 'passes' | 'is denied'][] = [
  ['a form of the app itself', 'POST', 'same-origin', OWN, 'passes'],
  ['a request typed by the user', 'POST', 'none', undefined, 'passes'],
  ['a request from another site', 'POST', 'cross-site', 'https://evil.example', 'is denied'],
  ['a request from a sibling subdomain', 'POST', 'same-site', 'https://x.app.example', 'is denied'],
  ['a request from a trusted origin', 'POST', 'cross-site', 'https://pay.example', 'passes'],
  ['an old browser on the app itself', 'POST', undefined, OWN, 'passes'],
  ['an old browser on another site', 'POST', undefined, 'https://evil.example', 'is denied'],
  ['an old browser on the same host without TLS', 'POST', undefined, 'http://app.example', 'is denied'],
  ['a sandboxed frame', 'POST', undefined, 'null', 'is denied'],
  ['an unknown word in Sec-Fetch-Site', 'POST', 'galactic', undefined, 'is denied'],
  ['a program that is no browser', 'POST', undefined, undefined, 'passes'],
  ['a link from another site', 'GET', 'cross-site', undefined, 'passes'],
  ['DELETE from another site', 'DELETE', 'cross-site', 'https://evil.example', 'is denied'],
]

for (const [what, method, site, origin, verdict] of cases) {
  test(`${what} ${verdict}`, () => {
    const guard = csrf({ trustedOrigins: ['https://pay.example'] }, setup({ origins: [OWN] }))
    const x = exchange({ method, url: `${OWN}/transfers`, headers: { 'sec-fetch-site': site, origin } })
    expect(guard.onRequest!(x) === undefined ? 'passes' : 'is denied').toBe(verdict)
  })
}

test('without origins in the policy the Host header says which origin is the own one', () => {
  const guard = csrf({}, setup())
  const own = exchange({ method: 'POST', url: 'http://localhost:3000/', headers: { origin: 'http://localhost:3000' } })
  const other = exchange({
    method: 'POST',
    url: 'http://localhost:3000/',
    headers: { origin: 'http://localhost:4000' },
  })
  expect(guard.onRequest!(own)).toBeUndefined()
  expect(guard.onRequest!(other)).toMatchObject({ risk: 'csrf', status: 403 })
})

test('an exemption passes on its own route and on no other', () => {
  const guard = csrf({}, setup({ origins: [OWN] }))
  const exempt = { csrf: off('the signature is checked in the route') }
  const make = (contract: object | undefined, deferred = true) =>
    exchange({ method: 'POST', url: `${OWN}/hook`, headers: { 'sec-fetch-site': 'cross-site' }, contract, deferred })
  expect(guard.onRequest!(make(undefined))).toBeUndefined()
  expect(guard.onRoute!(make(exempt))).toBeUndefined()
  expect(guard.onRoute!(make(undefined))).toMatchObject({ risk: 'csrf' })
  expect(guard.onUnrouted!(make(undefined))).toMatchObject({ risk: 'csrf' })
  expect(guard.onRequest!(make(undefined, false))).toMatchObject({ risk: 'csrf' })
})

test('answers to state-changing requests vary by the headers that decide', () => {
  const x = exchange({ method: 'POST', url: `${OWN}/`, headers: { 'sec-fetch-site': 'same-origin' } })
  csrf({}, setup()).onRequest!(x)
  expect(x.response.getHeader('vary')).toBe('Sec-Fetch-Site, Origin')
})

test('an origin that could never match is refused at start-up', () => {
  expect(() => csrf({ trustedOrigins: ['https://pay.example/path'] }, setup())).toThrow(/BULWARK_ORIGIN_INVALID/)
})
