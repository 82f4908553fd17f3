import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { probe } from '../../../prober/index.ts'
import { secure } from '../../adapters/node.ts'
import { off } from '../../core/policy.ts'
import { type ExchangeParts, exchange, setup } from '../../testing/exchange.ts'
import { type PathFirewallOptions, pathFirewall } from './guard.ts'
import { probes } from './probe.ts'
import { scanPath } from './scan.ts'
import { victim } from './victim.ts'

// No framework lets a route answer TRACE, so that attack has a victim of its own below.
prove('path-firewall', {
  victim,
  probes: probes.filter(({ name }) => name !== 'path-firewall/trace'),
  alsoStoppedBy: { 'path-firewall/traversal': 'path-traversal judges the path again where the file is read.' },
})

function judge(target: string, options: PathFirewallOptions = {}, parts: ExchangeParts = {}): string {
  const verdict = pathFirewall(options, setup()).onRequest!(exchange({ ...parts, target }))
  if (verdict === undefined) return 'passes'
  return 'status' in verdict ? `${verdict.status} ${verdict.risk}` : 'replies'
}

test.each([
  '/',
  '/a/b.css',
  '/.well-known/security.txt',
  '/...',
  '/a/.../b',
  '/..a/b..',
  '/a..b/c.',
  '/file%2etxt',
  '/%61dmin',
  '/a%20b',
  '/100%25',
  '/100%25%20off',
  '/a%25zz',
  '/gr%C3%BC%C3%9Fe/%F0%9F%94%91',
  '/a//b',
  '/proxy/https://x.example/y',
  '/a;v=1/b',
  '/a%3bb',
  "/~user/!$&'()*+,:@=[]|^`{}",
  '/?q=../../etc/passwd',
  '/?q=%00%0d%0a%2f%5c\\#',
  '/?q=100%',
  '/?q=a?..',
  '/?a=_method=DELETE',
  '*',
  'http://app.example/a',
  'http://app.example',
  'http://app.example?x',
  'http://app.example?x=/../y',
])('%j is an honest path', (target) => {
  expect(judge(target)).toBe('passes')
})

const TRAVERSAL = [
  '/..',
  '/.',
  '/a/../b',
  '/a/./b',
  '/a/..',
  '/a/..?x',
  '/%2e%2e/a',
  '/%2E./a',
  '/.%2e',
  '/a/%2e',
  '/..%2fa',
  '/..%2Fa',
  '/a%2f..',
  '/a%2f..%2fb',
  '/a%2fb',
  '/a%2F',
  '/..;/a',
  '/..;x=1/a',
  '/..%3b/a',
  'http://app.example\\a',
  '/a/.;/b',
  '/a\\b',
  '/..\\a',
  '/a%5cb',
  '/a%5Cb',
  '/%252e%252e/a',
  '/%252E',
  '/a%252fb',
  '/a%255cb',
  '/a%25252fb',
  '/a%2500',
  '/a%250d',
  'http://app.example/../a',
  'http://app.example/a%2fb',
  '..',
  '../a',
]
test.each(TRAVERSAL)('%j leads somewhere else for somebody', (target) => {
  expect(judge(target)).toBe('400 path-traversal')
})

test.each([
  '/a\0',
  '/a%00',
  '/a%00.png',
  '/a%0d%0aSet-Cookie:x',
  '/a%0A',
  '/a%09',
  '/a%7f',
  '/a\x7f',
  '/a b',
  '/a\tb',
  '/ä',
  '/\u2025/',
  '/%',
  '/%2',
  '/%zz',
  '/a%2',
  '/%u002e/',
  '/%c0%af',
  '/%c0%ae%c0%ae/',
  '/%e0%80%af',
  '/%ff',
  '/%C3',
  '/%ed%a0%80',
  '/a#b',
])('%j is no path that an honest client sends', (target) => {
  expect(judge(target)).toBe('400 malformed-target')
})

test('two slashes at the beginning are denied, unless the policy lets them in', () => {
  for (const target of ['//admin', '//', '//evil.example/', 'http://app.example//admin']) {
    expect(judge(target), target).toBe('400 path-confusion')
    expect(judge(target, { doubleSlash: true }), target).toBe('passes')
  }
  expect(judge('/\\evil.example', { doubleSlash: true })).toBe('400 path-traversal')
})

test('path parameters are denied when the policy says so', () => {
  expect(judge('/a;b', { refuseParameters: true })).toBe('400 path-confusion')
  expect(judge('/?a;b', { refuseParameters: true })).toBe('passes')
  expect(judge('/a%3bb', { refuseParameters: true })).toBe('passes')
})

test('the length limit counts path and query', () => {
  const path = (length: number) => `/?${'x'.repeat(length - 2)}`
  expect(judge(path(8192))).toBe('passes')
  expect(judge(path(8193))).toBe('414 malformed-target')
  expect(judge(path(101), { maxLength: 100 })).toBe('414 malformed-target')
})

const methods: readonly [string, string][] = [
  ['GET', 'passes'],
  ['HEAD', 'passes'],
  ['POST', 'passes'],
  ['PUT', 'passes'],
  ['PATCH', 'passes'],
  ['DELETE', 'passes'],
  ['OPTIONS', 'passes'],
  ['TRACE', '405 trace-method'],
  ['TRACK', '405 trace-method'],
  ['CONNECT', '405 trace-method'],
  ['PROPFIND', '501 method-tampering'],
  ['get', '501 method-tampering'],
  ['', '501 method-tampering'],
]
test.each(methods)('the method %j: %s', (method, verdict) => {
  expect(judge('/', {}, { method })).toBe(verdict)
})

test('a method of the policy passes, and the 405 names what is allowed', () => {
  expect(judge('/', { methods: ['PROPFIND'] }, { method: 'PROPFIND' })).toBe('passes')
  const verdict = pathFirewall({ methods: ['PROPFIND'] }, setup()).onRequest!(exchange({ method: 'TRACE' }))
  expect(verdict).toMatchObject({ headers: { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, PROPFIND' } })
})

const DENIED = '400 method-tampering'
const overrides: readonly [string, string, Record<string, string>, PathFirewallOptions, string][] = [
  ['GET', '/', { 'x-http-method-override': 'DELETE' }, {}, DENIED],
  ['POST', '/', { 'x-http-method-override': 'DELETE' }, {}, DENIED],
  ['POST', '/', { 'x-http-method': 'PUT' }, {}, DENIED],
  ['POST', '/', { 'x-method-override': 'PATCH' }, {}, DENIED],
  ['POST', '/', { 'x-http-method-override': '' }, {}, DENIED],
  ['POST', '/', { 'x-http-method-override': 'post' }, {}, 'passes'],
  ['POST', '/', { 'x-http-method-override': 'delete' }, { methodOverride: true }, 'passes'],
  ['POST', '/', { 'x-http-method-override': 'PUT, DELETE' }, { methodOverride: true }, DENIED],
  ['POST', '/', { 'x-http-method-override': 'GET' }, { methodOverride: true }, DENIED],
  ['POST', '/', { 'x-http-method-override': 'TRACE' }, { methodOverride: true }, DENIED],
  ['GET', '/', { 'x-http-method-override': 'DELETE' }, { methodOverride: true }, DENIED],
  ['PUT', '/', { 'x-http-method-override': 'DELETE' }, { methodOverride: true }, DENIED],
  ['GET', '/?_method=DELETE', {}, {}, DENIED],
  ['HEAD', '/?a=b&_method=put', {}, { methodOverride: true }, DENIED],
  ['GET', '/?_method=GET', {}, {}, 'passes'],
  ['GET', '/?payment_method=post', {}, {}, 'passes'],
  ['POST', '/?_method=DELETE', {}, {}, 'passes'],
]
test.each(overrides)('%s %s with %j and %j: %s', (method, target, headers, options, verdict) => {
  expect(judge(target, options, { method, headers })).toBe(verdict)
})

test('a route takes encoded slashes, and no other route does', () => {
  const guard = pathFirewall({}, setup())
  const contract = { path: { encodedSlash: true } }
  const make = (target: string, own?: object, upgrade = false) =>
    exchange({ target, contract: own, upgrade, deferred: !upgrade })
  expect(guard.onRequest!(make('/files/a%2fb'))).toBeUndefined()
  expect(guard.onRoute!(make('/files/a%2fb', contract))).toBeUndefined()
  expect(guard.onRoute!(make('/other/a%2fb'))).toMatchObject({ risk: 'path-traversal' })
  expect(guard.onRoute!(make('/other/ab'))).toBeUndefined()
  expect(guard.onUnrouted!(make('/other/a%2fb'))).toMatchObject({ risk: 'path-traversal' })
  expect(guard.onRequest!(make('/live%2fx', undefined, true))).toMatchObject({ risk: 'path-traversal' })
  for (const target of [
    '/files/..%2fa',
    '/files/a%2f..%2fb',
    '/files/a%2f%2e%2e',
    '/files/a%2f..',
    '/files/a%5cb',
    '/files/%252f',
  ]) {
    expect(guard.onRequest!(make(target)), target).toMatchObject({ risk: 'path-traversal' })
  }
})

test.each([
  [{ methods: ['TRACE'] }, 'BULWARK_POLICY_UNSAFE', 'policy.pathFirewall.methods[0]'],
  [{ methods: ['PROPFIND', 'connect'] }, 'BULWARK_POLICY_UNSAFE', 'policy.pathFirewall.methods[1]'],
  [{ methods: ['propfind'] }, 'BULWARK_POLICY_INVALID', 'policy.pathFirewall.methods[0]'],
  [{ methods: ['*'] }, 'BULWARK_POLICY_INVALID', 'policy.pathFirewall.methods[0]'],
  [{ maxLength: '1mb' }, 'BULWARK_SIZE_INVALID', 'policy.pathFirewall.maxLength'],
  [{ maxLength: 0 }, 'BULWARK_SIZE_INVALID', 'policy.pathFirewall.maxLength'],
  [{ maxLength: 'long' }, 'BULWARK_SIZE_INVALID', 'policy.pathFirewall.maxLength'],
])('options that open a hole or make no sense are refused: %j', (options, code, at) => {
  let error: unknown
  try {
    pathFirewall(options, setup())
  } catch (caught) {
    error = caught
  }
  expect(error).toMatchObject({ code, at })
})

test('no path of up to four pieces gets a dot segment through, however it is written', () => {
  const pieces = ['.', '%2e', '/', '%2f', '%2F', 'a', ';', '%25', '2e', '%5c', '\\', '%00']
  const leave = { encodedSlash: true, doubleSlash: true, parameters: true }
  const wrong: string[] = []
  for (const a of pieces)
    for (const b of pieces)
      for (const c of pieces)
        for (const d of pieces) {
          const path = `/${a}${b}${c}${d}`
          if (scanPath(path, leave) === 0 && isDangerous(path)) wrong.push(path)
        }
  expect(wrong).toEqual([])
})

/** Slow and obvious: decodes until nothing changes, and looks at every segment. */
function isDangerous(path: string): boolean {
  let text = path
  for (let pass = 0; pass < 4; pass++) {
    if (text.split(/[/\\]/).some((segment) => /^\.{1,2}(?:;.*)?$/.test(segment)) || text.includes('\0')) return true
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return false
}

test('TRACE gives the request back without the guard, and nothing with it', async () => {
  const echo = (): Server =>
    createServer((req, res) => {
      if (req.method !== 'TRACE') return res.end('Hello')
      return res.setHeader('Content-Type', 'message/http').end(`TRACE ${req.url}\r\n${req.rawHeaders.join('\r\n')}`)
    })
  const verdict = async (server: Server): Promise<string | undefined> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const report = await probe({
      url,
      routes: [],
      crawl: false,
      probes: probes.filter(({ name }) => /trace/.test(name)),
    })
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    return report.results[0]?.verdict
  }
  const quiet = { onEvent: () => undefined }
  expect(await verdict(echo())).toBe('proven')
  expect(await verdict(secure(echo(), quiet))).toBe('disproven')
  expect(await verdict(secure(echo(), { ...quiet, pathFirewall: off('to show that nothing else stops it') }))).toBe(
    'proven',
  )
})
