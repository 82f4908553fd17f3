import http, { type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { secure } from '../adapters/node.ts'
import type { SecurityEvent } from '../core/event.ts'
import type { PolicyBase } from '../core/policy.ts'

const PEOPLE = { accept: 'text/html,*/*;q=0.8' }
const events: SecurityEvent[] = []
let server: Server | undefined

afterEach(async () => {
  events.length = 0
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)))
  server = undefined
})

/** An app that fails at `/broken`, and whose policy refuses TRACE-like paths by itself. */
async function ask(page: PolicyBase['page'], headers: Record<string, string>, path = '/broken'): Promise<Response> {
  const listener: http.RequestListener = () => {
    throw new Error('inside')
  }
  server = secure(http.createServer(listener), { ...(page && { page }), onEvent: (event) => void events.push(event) })
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close', ...headers }, redirect: 'manual' })
}

test('people get the page of the app with the status, the incident and the headers of a page', async () => {
  const answer = await ask(({ status, incident }) => ({ html: `<p>${status} ${incident}` }), PEOPLE)
  expect(answer.status).toBe(500)
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(answer.headers.get('content-security-policy')).toContain('script-src')
  expect(await answer.text()).toBe(`<p>500 ${events.find(({ request }) => request)?.request?.id}`)
})

test('programs, scripts and images get the problem document', async () => {
  for (const headers of [{ accept: 'application/json' }, { ...PEOPLE, 'sec-fetch-dest': 'image' }]) {
    const answer = await ask(() => ({ html: '<p>' }), headers)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    await new Promise((done) => server?.close(done))
  }
})

test('refusals of guards lead to a path of the app', async () => {
  const answer = await ask(
    ({ target }) => ({ location: `/sorry?from=${encodeURIComponent(target)}` }),
    PEOPLE,
    '/a%00b',
  )
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sorry?from=%2Fa%2500b'])
  expect(events).toMatchObject([{ guard: 'path-firewall', outcome: 'denied' }])
})

test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/a\r\nX: y', 'a'])(
  'a way to %j is not taken: the problem document goes out, with an event',
  async (location) => {
    const answer = await ask(() => ({ location }), PEOPLE)
    expect([answer.status, answer.headers.get('location')]).toEqual([500, null])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(events.at(-1)).toMatchObject({ guard: 'runtime', outcome: 'failed' })
  },
)

test('a page that fails leaves the problem document', async () => {
  const answer = await ask(() => {
    throw new Error('no page')
  }, PEOPLE)
  expect(await answer.json()).toMatchObject({ status: 500 })
  expect(events.at(-1)).toMatchObject({ reason: "the policy's page for refusals failed" })
})

test('undefined leaves the problem document', async () => {
  expect(await (await ask(() => undefined, PEOPLE)).json()).toMatchObject({ status: 500 })
})
