import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { cspReports } from './index.ts'

const level2 = (report: object): string => JSON.stringify({ 'csp-report': report })
const blocked = (directive: string, uri: string): string =>
  level2({ 'document-uri': 'https://app.example/posts?secret=1', 'effective-directive': directive, 'blocked-uri': uri })

test('both formats are understood, and counted together', () => {
  const reports = cspReports()
  expect(reports.take(blocked('img-src', 'https://cdn.example/a.png'))).toBe(1)
  const body = {
    effectiveDirective: 'img-src',
    blockedURL: 'https://cdn.example/b.png',
    documentURL: 'https://app.example/',
  }
  expect(
    reports.take(
      JSON.stringify([
        { type: 'csp-violation', body },
        { type: 'deprecation', body },
      ]),
    ),
  ).toBe(1)
  expect(reports.violations()).toEqual([
    { directive: 'img-src', blocked: 'https://cdn.example', page: '/posts', count: 2 },
  ])
})

test('the proposal adds what was blocked to the defaults, and never inline scripts or eval', () => {
  const reports = cspReports()
  for (const [directive, uri] of [
    ['img-src', 'https://cdn.example/a.png'],
    ['style-src-elem', 'https://fonts.example/css'],
    ['connect-src', 'wss://live.example/x'],
    ['media-src', 'blob'],
    ['frame-src', 'https://video.example/1'],
    ['script-src-elem', 'inline'],
    ['script-src', 'eval'],
    ['script-src-elem', 'data'],
  ] as const) {
    reports.take(blocked(directive, uri))
  }
  expect(reports.proposal()).toEqual({
    'img-src': ["'self'", 'data:', 'https://cdn.example'],
    'style-src': ["'self'", 'https://fonts.example'],
    'connect-src': ["'self'", 'wss://live.example'],
    'media-src': ["'self'", 'blob:'],
    'frame-src': ["'self'", 'https://video.example'],
  })
})

test('what extensions put into a page is not held against it', () => {
  const reports = cspReports()
  reports.take(blocked('script-src', 'chrome-extension://abc/x.js'))
  reports.take(level2({ 'effective-directive': 'script-src', 'blocked-uri': 'inline', 'source-file': 'moz-extension' }))
  expect(reports.violations()).toEqual([])
})

const nonsense: readonly string[] = [
  '',
  'null',
  '[]',
  '{"csp-report":[]}',
  '[null, 1, {"type":"csp-violation"}]',
  level2({ 'effective-directive': 'x; script-src *', 'blocked-uri': 'https://a.example' }),
  level2({ 'effective-directive': { toString: 1 }, 'blocked-uri': 7 }),
  JSON.stringify(Array.from({ length: 9000 }, () => 0)),
]
for (const document of nonsense) {
  test(`a document such as ${document.slice(0, 40) || 'an empty one'} holds no report`, () => {
    expect(cspReports().take(document)).toBe(0)
  })
}

test('a flood of invented violations is bounded, and each known one still counts', () => {
  const heard: string[] = []
  const reports = cspReports({ onViolation: ({ blocked: origin }) => heard.push(origin) })
  for (let i = 0; i < 1000; i++) reports.take(blocked('img-src', `https://h${i}.example/`))
  reports.take(blocked('img-src', 'https://h0.example/'))
  expect(reports.violations()).toHaveLength(200)
  expect(heard).toHaveLength(200)
  expect(reports.violations()[0]).toMatchObject({ blocked: 'https://h0.example', count: 2 })
})

test('the receiver takes reports, and refuses other types, methods and sizes', async () => {
  const reports = cspReports()
  const server = createServer(reports.receive)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const post = async (type: string, body: string): Promise<number> =>
    (await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })).status
  try {
    expect(await post('application/csp-report', blocked('font-src', 'data'))).toBe(204)
    expect(await post('application/reports+json; charset=utf-8', '[]')).toBe(204)
    expect(await post('application/csp-report', ' '.repeat(20_000))).toBe(413)
    expect(await post('text/plain', blocked('img-src', 'data'))).toBe(415)
    expect((await fetch(url)).status).toBe(405)
  } finally {
    await new Promise((done) => server.close(done))
  }
  expect(reports.violations()).toEqual([{ directive: 'font-src', blocked: 'data:', page: '/posts', count: 1 }])
})
