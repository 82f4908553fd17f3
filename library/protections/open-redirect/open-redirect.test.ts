import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import { secure } from '../../adapters/node.ts'
import { off } from '../../core/policy.ts'
import { type ExchangeParts, exchange, setup } from '../../testing/exchange.ts'
import { openRedirect } from './guard.ts'
import { safeRedirect } from './index.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('open-redirect', { victim, probes, rules })

const judge = (location: string | readonly string[], parts: ExchangeParts, status = 302) => {
  const guard = openRedirect({ allow: ['https://pay.example'] }, setup({ origins: ['https://app.example'] }))
  return guard.onResponse!(exchange({ ...parts, response: { status, headers: { location } } }))
}
const asked = (value: string): ExchangeParts => ({ url: `https://app.example/go?to=${encodeURIComponent(value)}` })

/** The client sent the value, and the app sent the location. */
const denied: readonly [string, string?][] = [
  ['https://evil.example/'],
  ['//evil.example'],
  ['///evil.example'],
  ['/\\evil.example'],
  ['\\\\evil.example/a'],
  ['/\t/evil.example'],
  ['https:evil2.example', 'http:evil2.example'],
  ['HTTPS://EVIL.example'],
  ['https://app.example@evil.example/'],
  ['https://app.example:x@evil.example/'],
  ['https://ev\til.example/'],
  ['  https://evil.example/'],
  ['https://evil.example:8443/a?b#c'],
  ['https://%65vil.example/'],
  ['https://\uff45vil.example/', 'https://%EF%BD%85vil.example/'],
  ['https://2130706433/'],
  ['https://[::1]/'],
  ['.evil.example', 'https://app.example.evil.example/'],
  ['evil.example', 'https://evil.example/welcome'],
  ['evil.example#', 'https://evil.example#.app.example/'],
  ['javascript:alert(1)'],
  ['data:text/html,x'],
  ['evilapp://callback'],
]
for (const [value, location = value] of denied) {
  test(`a client that sent ${JSON.stringify(value)} is not sent to ${JSON.stringify(location)}`, () => {
    expect(judge(location, asked(value))).toMatchObject({ risk: 'open-redirect', status: 400 })
  })
}

const passing: readonly [string, string, string][] = [
  ['a path', '/posts/1', '/posts/1'],
  ['the first page', '/', '/'],
  ['a path with a query', '/a?next=//evil.example', '/a?next=//evil.example'],
  ['a relative path', 'posts', 'posts'],
  ['the own origin', 'https://app.example/a', 'https://app.example/a'],
  ['an allowed origin', 'https://pay.example/', 'https://pay.example/'],
  [
    'a provider that the app chose',
    '/home',
    'https://accounts.example/authorize?redirect_uri=https%3A%2F%2Fapp.example%2Fhome',
  ],
  ['a tenant in front of a fixed domain', 'acme', 'https://acme.shops.example/'],
  ['a host that is only part of what was sent', 'max.example', 'https://x.example/'],
  ['an address that no browser can read', 'https://', 'https://'],
]
for (const [what, value, location] of passing) {
  test(`${what} passes`, () => expect(judge(location, asked(value))).toBeUndefined())
}

describe('where the site may have been named', () => {
  const to = 'https://evil.example/'
  const url = 'https://app.example/sign-in'
  test('in a form', () =>
    expect(judge(to, { method: 'POST', url, body: 'a=1&next=https%3A%2F%2Fevil.example%2F' })).toBeDefined())
  test('in JSON', () =>
    expect(judge(to, { method: 'POST', url, body: '{"next":"https:\\/\\/\\u0065vil.example"}' })).toBeDefined())
  test('in the path', () => expect(judge(to, { url: 'https://app.example/go/evil.example' })).toBeDefined())
  test('encoded twice', () => expect(judge(to, { url: `${url}?n=https%253A%252F%252F%2565vil.example` })).toBeDefined())
  test('nowhere', () => expect(judge(to, { method: 'POST', url, body: 'next=/' })).toBeUndefined())
})

test('a script is no target even when the app chose it', () => {
  expect(judge('javascript:alert(1)', asked('/'))).toMatchObject({ status: 400 })
  expect(judge('JAVA\tSCRIPT:alert(1)', asked('/'))).toMatchObject({ status: 400 })
})

test('an answer that is no redirect is not looked at', () => {
  expect(judge('https://evil.example/', asked('https://evil.example/'), 201)).toBeUndefined()
  expect(judge('https://evil.example/', asked('https://evil.example/'), 304)).toBeUndefined()
})

test('HTTPS on the same host is the same site, another port is not', () => {
  const guard = openRedirect({}, setup())
  const go = (location: string) =>
    guard.onResponse!(
      exchange({
        url: `http://shop.example/?to=${encodeURIComponent(location)}`,
        response: { status: 301, headers: { location } },
      }),
    )
  expect(go('https://shop.example/')).toBeUndefined()
  expect(go('http://shop.example:81/')).toBeDefined()
})

test('an app that waits for its redirect to be sent goes on when it was refused', async () => {
  const sent: string[] = []
  const server = createServer((req, res) => {
    res.statusCode = 302
    res.setHeader('Location', 'https://evil.example/')
    if (req.url?.startsWith('/head') === true) res.writeHead(302)
    res.end('moved', 'latin1', () => sent.push(req.url ?? ''))
  })
  secure(server, { onEvent: () => {} })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    for (const path of ['/end?to=evil.example', '/head?to=evil.example', '/end', '/head']) {
      const { status } = await fetch(origin + path, { redirect: 'manual', headers: { connection: 'close' } })
      expect(status, path).toBe(path.includes('evil') ? 400 : 302)
    }
    await expect.poll(() => sent).toEqual(['/end?to=evil.example', '/head?to=evil.example', '/end', '/head'])
  } finally {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
})

test('a route may be exempted', () => {
  const contract = { openRedirect: off('registered addresses only') }
  expect(judge('https://evil.example/', { ...asked('https://evil.example/'), contract })).toBeUndefined()
})

test('an origin that could never match is refused at start-up', () => {
  expect(() => openRedirect({ allow: ['pay.example'] }, setup())).toThrow(/BULWARK_ORIGIN_INVALID[\s\S]*allow\[0\]/)
})

const targets: readonly [unknown, string][] = [
  ['/posts/1?a=b#c', '/posts/1?a=b#c'],
  ['/a/../b', '/b'],
  ['/ä', '/%C3%A4'],
  ['https://pay.example/x', 'https://pay.example/x'],
  ['https://a:b@pay.example/x', '/home'],
  ['https://pay.example.evil.example/', '/home'],
  ['https://evil.example', '/home'],
  ['//evil.example', '/home'],
  ['/\\evil.example', '/home'],
  ['/\t/evil.example', '/home'],
  ['/.//evil.example', '/home'],
  ['/..//evil.example', '/home'],
  ['posts', '/home'],
  ['javascript:alert(1)', '/home'],
  ['', '/home'],
  [undefined, '/home'],
  [['/a', '/b'], '/home'],
  [`/${'a'.repeat(3000)}`, '/home'],
]
for (const [target, answer] of targets) {
  test(`safeRedirect answers ${answer} for ${String(JSON.stringify(target)).slice(0, 60)}`, () => {
    expect(safeRedirect(target, '/home', { allow: ['https://pay.example'] })).toBe(answer)
  })
}

test('safeRedirect refuses a fallback that leads elsewhere', () => {
  expect(() => safeRedirect('', 'https://evil.example/')).toThrow(/BULWARK_REDIRECT_FOREIGN/)
  expect(() => safeRedirect('/', '/', { allow: ['evil'] })).toThrow(/BULWARK_ORIGIN_INVALID/)
})

const sources: readonly [string, string, number][] = [
  ['a redirect with a status', 'res.redirect(303, req.query.next)', 1],
  ['a header by hand', "res.setHeader('Location', req.body.next)", 1],
  ['writeHead', 'res.writeHead(302, { Location: req.query.next })', 1],
  ['a page behind a fixed path', "res.redirect('/posts/' + req.params.id)", 0],
  ['a checked target', 'res.redirect(safeRedirect(req.query.next))', 0],
  ['a fixed target', "res.redirect('/')", 0],
  ['headers as an object', 'res.set({ Location: req.query.next })', 1],
  ['a response that is made', 'new Response(null, { status: 302, headers: { location: req.query.next } })', 1],
  ['a response with a list of headers', "new Response('', { headers: new Headers({ Location: req.query.next }) })", 1],
  ['a response with another header', "new Response('', { headers: { Location: '/', 'x-a': req.query.next } })", 0],
]

test.each([
  ['{ url: to }', 1],
  ['{ url: to, statusCode: 301 }', 1],
  ["{ url: '/a?to=' + encodeURIComponent(to) }", 0],
  ["{ url: '/a', title: to }", 0],
])('the rule reads what a method returns that Nest redirects by: %s', (answer, count) => {
  const text = (decorator: string): string => `import { Controller, Get, Query, Redirect } from '@nestjs/common'
    @Controller() export class Out { @Get() ${decorator} out(@Query('to') to: string) { return ${answer} } }`
  expect(scanText('app.ts', text('@Redirect()'), rules).findings).toHaveLength(count)
  expect(scanText('app.ts', text(''), rules).findings).toHaveLength(0)
})

for (const [what, code, count] of sources) {
  test(`the rule reads ${what}`, () => {
    const text = `import express from 'express'\nconst app = express()\napp.get('/', (req, res) => { ${code} })\n`
    expect(scanText('app.js', text, rules).findings).toHaveLength(count)
  })
}
