import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { parseArguments, type Settings } from './arguments.ts'
import { facts, scenarios } from './cases.ts'
import { Child, parseCores } from './child.ts'
import type { LoadNews, LoadOrder, ServerNews } from './messages.ts'
import { requestOf } from './requests.ts'
import { measure, rehearse } from './rounds.ts'

const settings: Settings = {
  ...(parseArguments(['--only', 'node', '--stacks', 'bare', '--rounds', '1']) as Settings),
  coldSeconds: 0.05,
  coldRequests: 50,
  warmSeconds: 0.05,
  seconds: 0.35,
  connections: 2,
}

let closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

test('a round of bare node:http yields sane numbers for every scenario', async () => {
  const notes: string[] = []
  await rehearse(settings)
  const samples = await measure(settings, { server: undefined, load: undefined }, (line) => notes.push(line))
  expect(notes).toEqual(['round 1 of 1: node bare'])
  expect(samples.map((one) => one.scenario)).toEqual(scenarios)
  for (const one of samples) {
    expect(one).toMatchObject({ framework: 'node', stack: 'bare', round: 0 })
    expect(one.cpu).toBeGreaterThan(0)
    expect(one.requestsPerSecond).toBeGreaterThan(0)
    expect(one.p50).toBeGreaterThan(0)
    expect(one.p99).toBeGreaterThanOrEqual(one.p50)
  }
}, 30_000)

describe('the load generator', () => {
  const { status, prefix, suffix } = facts['get-json'].expected

  async function newsOf(listener: RequestListener, more: Partial<LoadOrder> = {}): Promise<LoadNews> {
    const load = new Child<LoadNews>('load', [], undefined)
    closing.push(() => load.stop())
    const port = await serve(listener)
    const bounds = { connections: 2, warmSeconds: 0, warmRequests: 0, seconds: 5, maxRequests: 50 }
    load.send({ port, request: requestOf('get-json'), status, prefix, suffix, ...bounds, ...more })
    const first = await load.next()
    return 'warm' in first ? load.next() : first
  }

  function serve(listener: RequestListener): Promise<number> {
    const server: Server = createServer(listener)
    closing.push(() => server.close())
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  }

  test('stops at the number of requests it may send, and accepts answers that arrive in pieces', async () => {
    let served = 0
    const news = await newsOf((_req, res) => {
      served++
      res.setHeader('Content-Length', prefix.length)
      res.write(prefix.slice(0, 10))
      setImmediate(() => res.end(prefix.slice(10)))
    })
    expect(news).toMatchObject({ result: { requests: 50 } })
    expect(served).toBeLessThan(200)
  }, 30_000)

  test('warms up until enough requests are answered, and does not count them', async () => {
    let served = 0
    const more = { warmSeconds: 1, warmRequests: 60, seconds: 5, maxRequests: 10 }
    const news = await newsOf((_req, res) => {
      served++
      // Slow enough that the first second alone is not enough.
      setTimeout(() => res.end(prefix), 40)
    }, more)
    expect(news).toMatchObject({ result: { requests: 10 } })
    expect(served).toBeGreaterThanOrEqual(70)
  }, 30_000)

  test('fails on a denied request instead of counting a cheap answer', async () => {
    const news = await newsOf((_req, res) => res.writeHead(429, { 'Content-Length': 0 }).end())
    expect(news).toMatchObject({ failure: expect.stringContaining('200 was expected, but there came\nHTTP/1.1 429') })
  }, 30_000)

  test('fails on another body', async () => {
    const news = await newsOf((_req, res) => res.end(prefix.replace('ada', 'eve')))
    expect(news).toMatchObject({ failure: expect.stringContaining('another body') })
  }, 30_000)

  test('fails when the server drops the connection', async () => {
    const news = await newsOf((req) => req.socket.destroy())
    expect(news).toMatchObject({ failure: expect.stringMatching(/closed a connection|ECONNRESET/) })
  }, 30_000)

  test('refuses an order beyond its bounds', async () => {
    const news = await newsOf((_req, res) => res.end(), { connections: 65 })
    expect(news).toMatchObject({ failure: expect.stringContaining('64 connections') })
  }, 30_000)
})

test('a server that cannot start says why', async () => {
  const server = new Child<ServerNews>('server', ['node', 'usual'], undefined)
  closing.push(() => server.stop())
  expect(await server.next()).toMatchObject({ failure: expect.stringContaining("no stack 'usual' for 'node'") })
}, 30_000)

test('waiting for a process that ends or has ended fails', async () => {
  const server = new Child<ServerNews>('server', ['node', 'bare'], undefined)
  await server.next()
  const waiting = expect(server.next()).rejects.toThrow('the server ended (SIGKILL)')
  await server.stop()
  await waiting
  await expect(server.next()).rejects.toThrow('the server ended (SIGKILL)')
}, 30_000)

test('core lists are read as Linux writes them', () => {
  expect(parseCores('0-3,8')).toEqual([0, 1, 2, 3, 8])
  expect(parseCores('5')).toEqual([5])
  expect(parseCores('')).toEqual([])
})
