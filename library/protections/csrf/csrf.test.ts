import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { csrf } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('csrf', { victim, probes, rules })

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
  guard.onRoutes!([{ method: 'POST', path: '/hook', at: undefined, contract: exempt }])
  const make = (contract: object | undefined) =>
    exchange({ method: 'POST', url: `${OWN}/hook`, headers: { 'sec-fetch-site': 'cross-site' }, contract })
  expect(guard.onRequest!(make(undefined))).toBeUndefined()
  expect(guard.onRoute!(make(exempt))).toBeUndefined()
  expect(guard.onRoute!(make(undefined))).toMatchObject({ risk: 'csrf' })
})

test('answers to state-changing requests vary by the headers that decide', () => {
  const x = exchange({ method: 'POST', url: `${OWN}/`, headers: { 'sec-fetch-site': 'same-origin' } })
  csrf({}, setup()).onRequest!(x)
  expect(x.response.getHeader('vary')).toBe('Sec-Fetch-Site, Origin')
})

test('an origin that could never match is refused at start-up', () => {
  expect(() => csrf({ trustedOrigins: ['https://pay.example/path'] }, setup())).toThrow(/BULWARK_ORIGIN_INVALID/)
})
