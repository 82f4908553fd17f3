import http, { type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { secure } from '../adapters/node.ts'
import { exchangeOf } from './baseline.ts'
import type { Policy } from './policy.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const POLICY: Policy = { onEvent: () => {}, bodyLimits: { other: { 'text/plain': '1mb' } } }

async function up(listener: http.RequestListener, policy: Policy = POLICY): Promise<number> {
  const server: Server = secure(http.createServer({ highWaterMark: 4096 }, listener), policy)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(
    () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  )
  return (server.address() as AddressInfo).port
}

/** Looks at the beginning of the body first, after a while, and then reads all of it as an app would. */
const lookThenRead =
  (wait: number): http.RequestListener =>
  async (req, res) => {
    if (wait > 0) await sleep(wait)
    const start = Buffer.concat((await exchangeOf(req)?.bodyStart()) ?? [])
    const all: Buffer[] = []
    for await (const chunk of req) all.push(chunk as Buffer)
    const body = Buffer.concat(all)
    res.end(`${start.length} of ${body.length} ${body.subarray(0, start.length).equals(start)}`)
  }

/** Sends a head and the parts of a body, with a pause in front of each; answers the text of the answer. */
function post(port: number, parts: readonly string[], pause = 0): Promise<string> {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', async () => {
      const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`
      socket.write(head)
      for (const part of parts) {
        if (pause > 0) await sleep(pause)
        socket.write(part)
      }
    })
    let all = ''
    socket.on('data', (chunk) => (all += chunk))
    socket.on('close', () => resolve(all.slice(all.indexOf('\r\n\r\n') + 4)))
    socket.on('error', reject)
    socket.setTimeout(4000, () => socket.destroy())
  })
}

const cases: readonly [string, number, readonly string[], string][] = [
  ['all of a short body', 0, ['ab', 'cd'], '4 of 4 true'],
  ['all of a short body that was there before', 50, ['abcd'], '4 of 4 true'],
  ['the first 64 kB of a long body', 0, ['abc', 'x'.repeat(300_000)], '65536 of 300003 true'],
  [
    'the first 64 kB of a body that filled the stream before',
    60,
    Array(20).fill('y'.repeat(5000)),
    '65536 of 100000 true',
  ],
]

for (const [what, wait, parts, expected] of cases) {
  test(`whoever asks for the beginning of a body gets ${what}, and the app still gets everything`, async () => {
    const port = await up(lookThenRead(wait))
    const answer = await post(port, parts, 3)
    expect(answer).toContain(expected)
  })
}

test('a request without a body has no beginning to wait for', async () => {
  const port = await up(lookThenRead(0))
  const response = await fetch(`http://127.0.0.1:${port}/`)
  expect(await response.text()).toBe('0 of 0 true')
})

test('whoever waits for a body that is refused hears of its end', async () => {
  const seen: number[] = []
  const port = await up(
    async (req) => {
      seen.push(((await exchangeOf(req)?.bodyStart()) ?? [{ length: -1 }]).length)
    },
    { onEvent: () => {}, bodyLimits: { other: { 'text/plain': 3 } } },
  )
  expect(JSON.parse(await refused(port))).toMatchObject({ status: 413 })
  expect(seen).toEqual([0])
})

/** Chunked, so that only the bytes themselves are too many. */
function refused(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const req = http.request({ port, host: '127.0.0.1', method: 'POST', headers: { 'Content-Type': 'text/plain' } })
    req.on('response', async (res) => {
      let text = ''
      for await (const chunk of res) text += chunk
      resolve(text)
    })
    req.on('error', reject)
    req.write('ab')
    setTimeout(() => req.end('cdef'), 20)
  })
}

test('a body that was refused when its route became known is refused once, and the answer arrives', async () => {
  const events: string[] = []
  const policy: Policy = {
    ...POLICY,
    onEvent: ({ outcome, reason }) => void (outcome === 'denied' && events.push(reason)),
  }
  const take = secure({ bodyLimits: { other: { 'text/plain': 10 } } }, (_req, res) => res.end('taken'))
  const port = await up((req, res) => void setTimeout(() => take(req, res), 20), policy)
  expect(await post(port, ['x'.repeat(20)])).toContain('"status":413')
  const again = await up((req, res) => take(req, res), policy)
  events.length = 0
  expect(await post(again, ['x'.repeat(20)])).toContain('"status":413')
  expect(events).toEqual(['the body is larger than this route takes'])
})
