import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { secure, securityOf } from '../../adapters/node.ts'
import { off } from '../../core/policy.ts'
import type { Policy } from '../../runtime/policy.ts'
import { type ExchangeParts, exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { hostHeader } from './guard.ts'
import { forwardedHosts, isHost } from './host.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('host-header', { victim, probes, rules, policy: { origins: ['http://own.example'] } })

const ORIGINS = ['https://app.example', 'http://legacy.example:8080']

function asked(host: string | undefined, parts: ExchangeParts = {}): TestExchange {
  return exchange({ ...parts, headers: { host, ...parts.headers } })
}

const hosts: readonly [string, number | undefined][] = [
  ['app.example', undefined],
  ['APP.Example', undefined],
  ['app.example:443', undefined],
  ['legacy.example:8080', undefined],
  ['localhost:3000', undefined],
  ['127.0.0.1:3000', undefined],
  ['[::1]:3000', undefined],
  ['app.example:80', 421],
  ['app.example:8443', 421],
  ['legacy.example', 421],
  ['evil.example', 421],
  ['app.example.evil.example', 421],
  ['evilapp.example', 421],
  ['app.example.', 421],
  ['localhost.evil.example', 421],
  ['127.0.0.1.evil.example', 421],
  ['10.0.0.1', 421],
  ['', 400],
  ['app.example@evil.example', 400],
  ['app.example, evil.example', 400],
  ['app.example evil.example', 400],
  ['app.example/evil', 400],
  ['app.example?', 400],
  ['app.example#', 400],
  ['app.example\\evil', 400],
  ['app.example\0', 400],
  ['app.example:', 400],
  ['app.example:x', 400],
  ['app.example:443:443', 400],
  ['app.example:1234567', 400],
  [':443', 400],
  ['.app.example', 400],
  ['äpp.example', 400],
  ['%61pp.example', 400],
  ['[::1', 400],
  ['[]', 400],
  ['[::1]x', 400],
  ['a'.repeat(300), 400],
]
test.each(hosts)('asked as %j the answer is %j', (host, status) => {
  const guard = hostHeader({}, setup({ origins: ORIGINS }))
  const verdicts = [
    guard.onRequest!(asked(host)),
    guard.onRequest!(asked('app.example')),
    guard.onRequest!(asked(host)),
  ]
  expect(verdicts).toMatchObject(
    status === undefined ? [undefined, undefined, undefined] : [{ status }, undefined, { status }],
  )
})

test('in production no loopback host is asked for', () => {
  const guard = hostHeader({}, setup({ origins: ORIGINS, production: true }))
  expect(guard.onRequest!(asked('localhost'))).toMatchObject({ status: 421 })
  expect(guard.onRequest!(asked('app.example'))).toBeUndefined()
})

test('without origins any well-written host passes, and production is told so at start-up', () => {
  const facts = setup({ production: true })
  const guard = hostHeader({}, facts)
  expect(facts.reports).toMatchObject([
    { risk: 'host-header-injection', fix: expect.stringContaining('origins') as string },
  ])
  expect(guard.onRequest!(asked('any.example'))).toBeUndefined()
  expect(guard.onRequest!(asked('a@b'))).toMatchObject({ status: 400 })
  const listed = setup({ production: true, origins: ORIGINS })
  hostHeader({}, listed)
  expect(listed.reports).toEqual([])
})

test('hosts for the inside may be asked for', () => {
  const guard = hostHeader({ alsoAllow: ['App.internal:8080'] }, setup({ origins: ORIGINS, production: true }))
  expect(guard.onRequest!(asked('app.internal:8080'))).toBeUndefined()
  expect(guard.onRequest!(asked('app.internal'))).toMatchObject({ status: 421 })
})

test('two Host lines are one too many, even when they agree', () => {
  const guard = hostHeader({}, setup())
  for (const second of ['Host', 'host', 'HOST']) {
    const x = exchange()
    const request = { ...x.request, rawHeaders: ['Host', 'app.example', 'Accept', '*/*', second, 'app.example'] }
    expect(guard.onRequest!({ ...x, request }), second).toMatchObject({ status: 400, close: true })
  }
})

test('an HTTP/2 authority and a Host line must agree', () => {
  const guard = hostHeader({}, setup())
  const x = exchange()
  const make = (authority: string) => ({
    ...x,
    request: { ...x.request, rawHeaders: [':authority', authority, 'host', 'app.example'] },
  })
  expect(guard.onRequest!(make('app.example'))).toBeUndefined()
  expect(guard.onRequest!(make('evil.example'))).toMatchObject({ status: 400 })
})

test.each([
  ['/', undefined],
  ['/a//evil.example', undefined],
  ['*', undefined],
  ['http://app.example/a', undefined],
  ['HTTP://APP.example', undefined],
  ['http://evil.example/', 400],
  ['http://app.example@evil.example/', 400],
  ['http://app.example:81/', 400],
  ['ftp://app.example/', 400],
  ['evil.example:443', 400],
  ['a', 400],
  ['', 400],
])('the target %j is answered %j', (target, status) => {
  const verdict = hostHeader({}, setup()).onRequest!(exchange({ target }))
  expect(verdict).toEqual(status === undefined ? undefined : expect.objectContaining({ status }))
})

test('a request without any Host header is HTTP/1.0, and builds links with the policy', () => {
  const guard = hostHeader({}, setup({ origins: ORIGINS }))
  const made = exchange()
  const request = { ...made.request, host: '', rawHeaders: [], header: () => undefined }
  expect(guard.onRequest!({ ...made, request })).toBeUndefined()
  expect(guard.offers!['origin']!({ ...made, request })).toBe('https://app.example')
})

const forwarded: readonly [Record<string, string>, number | undefined][] = [
  [{ 'x-forwarded-host': 'app.example' }, undefined],
  [{ 'x-forwarded-host': 'APP.example:443' }, undefined],
  [{ 'x-forwarded-host': 'evil.example' }, 421],
  [{ 'x-forwarded-host': 'app.example, evil.example' }, 421],
  [{ 'x-forwarded-host': 'evil.example, app.example' }, 421],
  [{ 'x-forwarded-host': '' }, undefined],
  [{ 'x-forwarded-host': 'app.example@evil.example' }, 421],
  [{ forwarded: 'for=192.0.2.1;host=app.example' }, undefined],
  [{ forwarded: 'for=192.0.2.1' }, undefined],
  [{ forwarded: 'for=192.0.2.1;HOST="evil.example"' }, 421],
  [{ forwarded: 'host=app.example, for=x;host = evil.example' }, 421],
]
test.each(forwarded)('a forwarded host %j is answered %j', (headers, status) => {
  const verdict = hostHeader({}, setup({ origins: ORIGINS })).onRequest!(exchange({ headers }))
  expect(verdict).toEqual(status === undefined ? undefined : expect.objectContaining({ status }))
})

test('without origins a forwarded host that differs is told once', () => {
  const guard = hostHeader({}, setup())
  const make = (host: string) => exchange({ headers: { 'x-forwarded-host': host } })
  const [same, first, second] = [make('app.example'), make('evil.example'), make('evil.example')]
  for (const x of [same, first, second]) expect(guard.onRequest!(x)).toBeUndefined()
  expect([same, first, second].map(({ events }) => events.length)).toEqual([0, 1, 0])
})

test('a route that is exempt is asked under any host, and no other route is', () => {
  const guard = hostHeader({}, setup({ origins: ORIGINS }))
  const contract = { hostHeader: off('the orchestrator asks by address') }
  const make = (own: object | undefined, parts: ExchangeParts = {}) =>
    asked('10.1.2.3:8080', { deferred: parts.upgrade !== true, ...parts, contract: own })
  expect(guard.onRequest!(make(undefined))).toBeUndefined()
  expect(guard.onRoute!(make(contract))).toBeUndefined()
  expect(guard.onRoute!(make(undefined))).toMatchObject({ status: 421 })
  expect(guard.onRequest!(make(undefined, { upgrade: true }))).toMatchObject({ status: 421 })
  expect(guard.onUnrouted!(make(undefined))).toMatchObject({ status: 421 })
  expect(guard.onRequest!(asked('a b', { contract, deferred: true }))).toMatchObject({ status: 400 })
})

test('links lead to an origin of the policy, whatever was asked for', () => {
  const guard = hostHeader({ alsoAllow: ['app.internal'] }, setup({ origins: ORIGINS, production: true }))
  const originFor = (host: string) => guard.offers!['origin']!(asked(host))
  expect(originFor('app.example')).toBe('https://app.example')
  expect(originFor('LEGACY.example:8080')).toBe('http://legacy.example:8080')
  for (const host of ['app.internal', 'evil.example', 'localhost:3000', 'a@b']) {
    expect(originFor(host), host).toBe('https://app.example')
  }
})

test('the encrypted one of two origins is the one to link to', () => {
  const both = ['http://app.example', 'https://app.example']
  for (const origins of [both, [...both].reverse()]) {
    const guard = hostHeader({}, setup({ origins }))
    expect(guard.offers!['origin']!(asked('app.example'))).toBe('https://app.example')
  }
})

test('on a development machine links lead back to it', () => {
  const guard = hostHeader({}, setup({ origins: ORIGINS }))
  const x = exchange({ url: 'http://localhost:3000/' })
  expect(guard.offers!['origin']!(x)).toBe('http://localhost:3000')
  expect(hostHeader({}, setup()).offers!['origin']!(x)).toBe('http://localhost:3000')
})

test('a pattern among the hosts is refused at start-up', () => {
  expect(() => hostHeader({ alsoAllow: ['a.example', '*.example'] }, setup())).toThrow(
    /policy\.hostHeader\.alsoAllow\[1\]/,
  )
})

test('hosts are read as they stand', () => {
  expect(['a', 'a.b-c_d', '1.2.3.4:1', '[2001:db8::1]', '[::ffff:1.2.3.4]:80'].filter((host) => !isHost(host))).toEqual(
    [],
  )
  expect(forwardedHosts('for=1;host="a.example:80";proto=http, HOST=b')).toEqual(['a.example:80', 'b'])
})

test('a proxy of the policy says which host was asked for, and nobody else does', async () => {
  const origins = ['https://app.example', 'https://second.example']
  const ask = async (policy: Policy, headers: Record<string, string>): Promise<string> => {
    const server = secure(
      createServer((req, res) => res.end(securityOf(req).origin)),
      { onEvent: () => undefined, ...policy },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const path = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const answer = await new Promise<string>((resolve, reject) => {
      get(path, { agent: false, headers }, (res) => {
        let text = ''
        res.on('data', (chunk) => (text += String(chunk)))
        res.on('end', () => resolve(res.statusCode === 200 ? text : String(res.statusCode)))
      }).on('error', reject)
    })
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    return answer
  }
  const second = { host: 'app.example', 'x-forwarded-host': 'second.example' }
  const evil = { host: 'app.example', 'x-forwarded-host': 'evil.example' }
  const inner = { host: 'backend:8080', 'x-forwarded-host': 'second.example' }
  expect(await ask({ origins, proxies: 'loopback' }, second)).toBe('https://second.example')
  expect(await ask({ origins, proxies: 'loopback' }, inner)).toBe('https://second.example')
  expect(await ask({ origins, proxies: 'none' }, second)).toBe('https://app.example')
  expect(await ask({ origins, proxies: 'none' }, inner)).toBe('421')
  expect(await ask({ origins, proxies: 'loopback' }, evil)).toBe('421')
  expect(await ask({ origins, proxies: 'none' }, evil)).toBe('421')
  expect(await ask({ proxies: 'loopback' }, second)).toBe('http://app.example')
})
