import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express5, { type Express } from 'express'
// @ts-expect-error: version 4 has no types of its own here
import express4 from 'express4'
import { afterEach, describe, expect, test } from 'vitest'
import type { Policy } from '../runtime/policy.ts'
import { bulwark } from './express.ts'
import { shapeMessagesOfExpress } from './express-messages.ts'

const policy: Policy = { onEvent: () => {} }
const open: Server[] = []

afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function opened(server: Server): Promise<string> {
  open.push(server)
  if (!server.listening) server.listen(0, '127.0.0.1')
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The prototypes of the messages as Express finds them, before it would change them. */
function watched(app: Express): object[] {
  const found: object[] = []
  const { handle } = app as unknown as { handle(...args: unknown[]): void }
  Object.assign(app, {
    handle(...args: unknown[]) {
      found.push(Object.getPrototypeOf(args[0]), Object.getPrototypeOf(args[1]))
      handle.apply(app, args)
    },
  })
  return found
}

describe.each([
  ['Express 5', express5],
  ['Express 4', express4 as unknown as typeof express5],
])('on %s', (_, express) => {
  function blog(): { app: Express; found: object[] } {
    const app = express()
    const found = watched(app)
    app.use(bulwark(policy))
    app.get('/', (req, res) => {
      res.json({ host: req.hostname, query: req.query })
    })
    return { app, found }
  }

  for (const [how, start] of [
    ['app.listen()', (app: Express) => app.listen(0, '127.0.0.1')],
    ['createServer(app)', (app: Express) => createServer(app)],
  ] as const) {
    test(`messages of ${how} have the prototypes of the application from the start`, async () => {
      const { app, found } = blog()
      const origin = await opened(start(app))
      const answer = await fetch(`${origin}/?a=b`)
      expect(await answer.json()).toEqual({ host: '127.0.0.1', query: { a: 'b' } })
      expect(found).toEqual([app.request, app.response])
      expect(found[0]).toBe(app.request)
      expect(found[1]).toBe(app.response)
    })
  }

  test('messages of an application that knows nothing of it are as Express makes them', async () => {
    const app = express()
    const found = watched(app)
    app.use(express.json())
    app.post('/', (req, res) => {
      res.json([Object.getPrototypeOf(req) === app.request, req instanceof IncomingMessage, req.body, req.ip])
    })
    const server = createServer(app as RequestListener)
    shapeMessagesOfExpress(server)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(await opened(server), { method: 'POST', headers, body: '{"a":[1]}' })
    expect(await answer.json()).toEqual([true, true, { a: [1] }, '127.0.0.1'])
    expect(found).toEqual([app.request, app.response])
    expect(found[0]).toBe(app.request)
  })

  test('an application below another one still has messages of its own', async () => {
    const { app } = blog()
    const below = express()
    below.get('/', (req, res) => {
      res.json([Object.getPrototypeOf(req) === below.request, req.app === below, req.baseUrl])
    })
    app.use('/below', below)
    app.use('/after', (req, res) => {
      res.json(req.app === app)
    })
    const origin = await opened(app.listen(0, '127.0.0.1'))
    expect(await (await fetch(`${origin}/below`)).json()).toEqual([true, true, '/below'])
    expect(await (await fetch(`${origin}/after`)).json()).toBe(true)
  })

  test('classes that the server was told to use are kept', async () => {
    class OwnRequest extends IncomingMessage {}
    class OwnResponse extends ServerResponse {}
    const { app, found } = blog()
    const server = createServer({ IncomingMessage: OwnRequest, ServerResponse: OwnResponse }, app as RequestListener)
    expect((await fetch(await opened(server))).status).toBe(200)
    expect(found).toEqual([OwnRequest.prototype, OwnResponse.prototype])
  })

  test('a server that several listeners share keeps plain messages', async () => {
    const { app, found } = blog()
    const server = createServer(app as RequestListener)
    server.on('request', () => {})
    expect((await fetch(await opened(server))).status).toBe(200)
    expect(found).toEqual([IncomingMessage.prototype, ServerResponse.prototype])
  })

  test('an upgrade has a request that other libraries can read', async () => {
    const { app } = blog()
    const server = createServer(app as RequestListener)
    const seen = new Promise<IncomingMessage>((resolve) => {
      server.on('upgrade', (req, socket) => {
        resolve(req)
        socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      })
    })
    const { port, hostname } = new URL(await opened(server))
    const socket = connect(Number(port), hostname)
    socket.write(`GET /live HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    const req = await seen
    socket.destroy()
    expect(req).toBeInstanceOf(IncomingMessage)
    expect(req.url).toBe('/live')
    expect(req.headers.upgrade).toBe('websocket')
  })
})

test('a server of anything else than Express keeps plain messages', async () => {
  const found: object[] = []
  const listener: RequestListener & { request?: object; response?: object; handle?: () => void } = (req, res) => {
    found.push(Object.getPrototypeOf(req), Object.getPrototypeOf(res))
    res.end()
  }
  listener.request = {}
  listener.response = {}
  listener.handle = () => {}
  const server = createServer(listener)
  shapeMessagesOfExpress(server)
  await fetch(await opened(server))
  expect(found).toEqual([IncomingMessage.prototype, ServerResponse.prototype])
})
