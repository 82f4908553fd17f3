import http, { type IncomingMessage } from 'node:http'
import net, { type AddressInfo, type LookupFunction } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FetchRefused } from './refused.ts'
import { safeFetch } from './safe-fetch.ts'

let port = 0
const seen: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = []
const server = http.createServer((req, res) => {
  seen.push(req)
  const [path, query = ''] = (req.url ?? '').split('?')
  const to = decodeURIComponent(query)
  if (path === '/to') res.writeHead(302, { location: to }).end()
  else if (path === '/see') res.writeHead(303, { location: to }).end()
  else if (path === '/round') res.writeHead(302, { location: '/round' }).end()
  else if (path === '/unchanged') res.writeHead(304, { 'content-length': '9999999' }).end()
  else if (path === '/large') res.writeHead(200, { 'content-length': '9999999' }).end()
  else if (path === '/long') res.end('x'.repeat(5000))
  else if (path === '/endless') {
    res.write('x'.repeat(3000))
    res.write('x'.repeat(3000))
  } else if (path === '/silent') res.writeHead(200).write('a')
  else res.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}')
})
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const lookup: LookupFunction = (_host, { all }, callback) => {
  if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
/** A name that stands for an outer machine in these tests. */
const outer = { allow: ['outer.example'], lookup }
const at = (path: string): string => `http://outer.example:${port}${path}`

async function refusal(address: string, options = {}): Promise<string> {
  try {
    await safeFetch(address, options)
    return 'fetched'
  } catch (error) {
    return error instanceof FetchRefused ? error.why : String(error)
  }
}

test('an outer address is fetched and read as a whole', async () => {
  const answer = await safeFetch(at('/a'), outer)
  expect(answer).toMatchObject({
    status: 200,
    ok: true,
    url: at('/a'),
    headers: { 'content-type': 'application/json' },
  })
  expect([answer.text(), answer.json(), answer.body.length]).toEqual(['{"a":1}', { a: 1 }, 7])
})

test.each([
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::1]/',
  'http://[::ffff:7f00:1]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://0/',
  'http://localhost/',
  'http://169.254.169.254/latest/meta-data/',
])('%s is an inner machine', async (address) => {
  expect(await refusal(address)).toBe('address')
})

test('so is a name that stands for one', async () => {
  expect(await refusal(`http://rebind.example:${port}/`, { lookup })).toBe('address')
})

test.each([
  '',
  'no address',
  '/path',
  '//a.example/',
  'file:///etc/passwd',
  'ftp://a.example/',
  'data:text/plain,a',
  'gopher://a.example/',
  'javascript:1',
  'http://user:secret@a.example/',
  'http://user@a.example/',
])('%j may not be called at all', async (address) => {
  expect(await refusal(address)).toBe('url')
})

test('schemes and ports can be narrowed', async () => {
  expect(await refusal(at('/'), { ...outer, schemes: ['https'] })).toBe('url')
  expect(await refusal(at('/'), { ...outer, ports: [80, 443] })).toBe('url')
  expect(await refusal(at('/'), { ...outer, ports: [port] })).toBe('fetched')
})

describe('a redirect', () => {
  test('is followed, and judged like the first address', async () => {
    expect((await safeFetch(at(`/to?${encodeURIComponent('/a')}`), outer)).url).toBe(at('/a'))
    expect(await refusal(at(`/to?${encodeURIComponent(`http://127.0.0.1:${port}/`)}`), outer)).toBe('address')
    expect(await refusal(at(`/to?${encodeURIComponent(`http://inner.example:${port}/`)}`), outer)).toBe('address')
    expect(await refusal(at(`/to?${encodeURIComponent('file:///etc/passwd')}`), outer)).toBe('url')
  })

  test('is followed only so often', async () => {
    seen.length = 0
    expect(await refusal(at('/round'), outer)).toBe('redirects')
    expect(seen).toHaveLength(4)
    expect(await refusal(at('/to?/a'), { ...outer, redirects: 0 })).toBe('redirects')
  })

  test('takes neither secrets to another origin nor a body behind 303', async () => {
    seen.length = 0
    const to = encodeURIComponent(`http://other.example:${port}/b`)
    await safeFetch(at(`/see?${to}`), {
      allow: ['outer.example', 'other.example'],
      lookup,
      method: 'POST',
      body: 'a=1',
      headers: { authorization: 'Bearer x', cookie: 'a=b', 'content-type': 'text/plain', 'x-own': 'kept' },
    })
    expect(seen[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer x', cookie: 'a=b' } })
    expect(seen[1]).toMatchObject({ method: 'GET', headers: { 'x-own': 'kept' } })
    expect(Object.keys(seen[1]?.headers ?? {})).not.toEqual(expect.arrayContaining(['authorization']))
    expect(seen[1]?.headers).not.toHaveProperty('cookie')
    expect(seen[1]?.headers).not.toHaveProperty('content-type')
  })
})

test('an answer that is too long is refused, said or not', async () => {
  expect(await refusal(at('/long'), { ...outer, maxBytes: 4999 })).toBe('size')
  expect(await refusal(at('/long'), { ...outer, maxBytes: 5000 })).toBe('fetched')
  expect(await refusal(at('/endless'), { ...outer, maxBytes: 5000 })).toBe('size')
})

test('an answer that never ends is given up', async () => {
  expect(await refusal(at('/silent'), { ...outer, timeout: 50 })).toBe('time')
})

test('a body that is only spoken of is not too long', async () => {
  expect((await safeFetch(at('/large'), { ...outer, method: 'HEAD' })).status).toBe(200)
  expect((await safeFetch(at('/unchanged'), outer)).status).toBe(304)
})

test.each(['GET', 'CONNECT'])('another side that changes the protocol of a %s ends the call', async (method) => {
  const other = net.createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
      })
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()))
  const left = new Promise((resolve) => other.once('connection', (socket) => socket.once('close', resolve)))
  const url = `http://outer.example:${(other.address() as AddressInfo).port}/`
  expect(await refusal(url, { ...outer, method })).toMatch(/another protocol/)
  await left
  other.close()
})

test.each([
  ['maxBytes', '1mb'],
  ['maxBytes', Number.NaN],
  ['timeout', '5s'],
  ['redirects', -1],
])('a limit that is none is refused: %s %j', async (name, limit) => {
  await expect(safeFetch(at('/a'), { ...outer, [name]: limit })).rejects.toMatchObject({
    code: 'BULWARK_POLICY_INVALID',
    at: expect.stringMatching(new RegExp(`^safeFetch\\(.*${name}`)),
  })
})

test('a refusal says nothing of the address, and what to answer', async () => {
  const error = await safeFetch('http://127.0.0.1/secret').catch((why: unknown) => why)
  expect(error).toMatchObject({ code: 'BULWARK_FETCH_REFUSED', status: 400, statusCode: 400, expose: false })
  expect(String(error)).not.toMatch(/127|secret/)
  expect([new FetchRefused('time').status, new FetchRefused('size').status]).toEqual([504, 502])
})
