import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { bulwark as forExpress } from '../../adapters/express.ts'
import { bulwark as forFastify } from '../../adapters/fastify.ts'
import { secure, securityOf } from '../../adapters/node.ts'

const KEY = 'k3y-0123456789-abcdefghijklmnopqrstuvwxyz'
const pairOf = (line: string): string => line.split(';')[0] ?? ''

describe.each(['node:http', 'Express', 'Fastify'] as const)('on %s', (framework) => {
  const policy = { keys: KEY, onEvent: () => undefined }

  async function serve(): Promise<Server> {
    if (framework === 'Fastify') {
      const app = fastify()
      app.register(forFastify(policy))
      app.get('/', async (request, reply) => {
        request.security.cookies.set('reader', 'Zoë')
        return reply.header('Set-Cookie', 'own=1').send(request.security.cookies.get('reader') ?? 'nobody')
      })
      await app.listen({ port: 0, host: '127.0.0.1' })
      return app.server
    }
    if (framework === 'Express') {
      const app = express().use(forExpress(policy) as never)
      app.get('/', (req, res) => {
        req.security.cookies.set('reader', 'Zoë')
        res.cookie('own', '1').send(req.security.cookies.get('reader') ?? 'nobody')
      })
      return new Promise((resolve) => {
        const server: Server = app.listen(0, '127.0.0.1', () => resolve(server))
      })
    }
    const server = createServer((req, res) => {
      const jar = securityOf(req).cookies
      jar.set('reader', 'Zoë')
      res.writeHead(200, { 'Set-Cookie': 'own=1' }).end(jar.get('reader') ?? 'nobody')
    })
    return new Promise((resolve) => secure(server, policy).listen(0, '127.0.0.1', () => resolve(server)))
  }

  test("the app's cookies and the sealed ones leave together, and come back", async () => {
    const server = await serve()
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const first = await fetch(url, { headers: { connection: 'close' } })
    const lines = first.headers.getSetCookie()
    const cookie = lines.map(pairOf).join('; ')
    const second = await fetch(url, { headers: { cookie, connection: 'close' } })
    expect(await first.text()).toBe('nobody')
    expect(await second.text()).toBe('Zoë')
    expect(lines.map((line) => line.split('=')[0])).toEqual(['own', '__Host-app-reader'])
    expect(lines[0]).toMatch(/^own=1(?:; Path=\/)?; HttpOnly; SameSite=Lax$/)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
