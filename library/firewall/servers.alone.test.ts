import { createServer, IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { currentExchange, startCarrying } from './context.ts'
import { carryEveryRequest } from './servers.ts'

const serving: Server[] = []
const found: string[][] = []

startCarrying()
carryEveryRequest({ stance: 'enforce', report: () => {}, serving: (server) => serving.push(server) })
const server = createServer((req, res) => {
  const own = Object.getOwnPropertyNames(req)
  req.on('data', () => {})
  req.on('end', () => {
    const texts = currentExchange()?.untrusted.texts() ?? []
    found.push(texts.filter((text) => text.startsWith('mark')))
    res.end(String(own.includes('push')))
  })
})
afterAll(() => server.close())

test('what stands in a body is known where its end is heard, and no message has a function of its own for that', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const headers = { 'content-type': 'application/json' }
  for (const text of ["mark's one", "mark's two"]) {
    const answer = await fetch(origin, { method: 'POST', headers, body: JSON.stringify({ text }) })
    expect(await answer.text()).toBe('false')
  }
  expect(found).toEqual([["mark's one"], ["mark's two"]])
  expect(serving).toEqual([server])
})

test('whoever puts another function under all streams later is still asked', () => {
  const { push } = Readable.prototype
  const seen: unknown[] = []
  Readable.prototype.push = function (chunk, encoding) {
    seen.push(chunk)
    return push.call(this, chunk, encoding)
  }
  try {
    const message = new IncomingMessage(undefined as never)
    message.push('a piece')
    expect(seen).toEqual(['a piece'])
    expect(message.read()).toEqual(Buffer.from('a piece'))
  } finally {
    Readable.prototype.push = push
  }
})
