import { createServer, get, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Policy } from 'bulwark'
import * as fastifyFace from 'bulwark/fastify'
import * as honoFace from 'bulwark/hono'
import * as nodeFace from 'bulwark/node'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { openConsole } from './console.ts'

const policy: Policy = {
  accessControl: {
    roles: { guest: ['read'], admin: ['guest', 'bulwark:view'] },
    identify: (x) => (x.request.header('x-who') === 'mary' ? { id: 'mary', roles: ['admin'] } : undefined),
  },
  onEvent: () => {},
}
const admins = { allow: 'bulwark:view' as never }
const cleanUp: (() => unknown)[] = []
let mounts = 0

afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end()
})

function opened(guardedBy?: string): { base: string; listener: RequestListener } {
  const base = `/framework/c${++mounts}`
  const console_ = openConsole({ base, ...(guardedBy && { guardedBy }) })
  cleanUp.push(() => console_.close())
  return { base, listener: console_.listener }
}

async function listening(server: Server): Promise<Server> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return server
}

const apps: Readonly<Record<string, () => Promise<{ base: string; server: Server }>>> = {
  async Fastify() {
    const { base, listener } = opened()
    const app = fastify()
    await app.register(fastifyFace.bulwark(policy))
    for (const path of [base, `${base}/*`]) {
      app.get(path, fastifyFace.secure(admins), (request, reply) => {
        reply.hijack()
        listener(request.raw, reply.raw)
      })
    }
    await app.listen({ port: 0, host: '127.0.0.1' })
    cleanUp.push(() => app.close())
    return { base, server: app.server }
  },
  async Hono() {
    const { base, listener } = opened('its own route')
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.use(honoFace.bulwark(policy))
    app.get(`${base}/*`, honoFace.secure(admins), (c) => {
      listener(c.env.incoming, c.env.outgoing)
      return RESPONSE_ALREADY_SENT
    })
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
    await new Promise((resolve) => server.once('listening', resolve))
    return { base, server: await listening(server) }
  },
  async 'node:http'() {
    const { base, listener } = opened('its own contract')
    const server = createServer(nodeFace.secure(admins, listener))
    return { base, server: await listening(nodeFace.secure(server, policy)) }
  },
}

function ask(server: Server, path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path, headers, agent: false }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        // A stream has no end; what opens it is enough.
        if (text.startsWith('retry:')) sent.destroy()
      })
      res.on('error', () => {})
      res.on('close', () => resolve({ status: res.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
  })
}

test.each(Object.entries(apps))('%s shows the console to whom its route lets in, and streams', async (_, start) => {
  const { base, server } = await start()
  const mary = { 'x-who': 'mary' }
  for (const [path, part] of [
    [base, '<title>Now'],
    [`${base}/policy`, '<title>Policy'],
    [`${base}/console.css`, ':root'],
    [`${base}/live/stream`, 'retry: 1000'],
  ] as const) {
    const { status, text } = await ask(server, path, mary)
    expect([path, status]).toEqual([path, 200])
    expect(text.includes(part), path).toBe(true)
    expect((await ask(server, path, {})).status).toBe(401)
  }
})
