import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { off } from '../core/policy.ts'
import { bulwark, secure } from './fastify.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const crossSite: RequestInit = {
  method: 'POST',
  headers: { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' },
}
const policy = { onEvent: () => {}, massAssignment: { privileged: ['role'] } } as const

async function asker(app: FastifyInstance): Promise<(path: string, body?: object) => Promise<number>> {
  closers.push(() => app.close())
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return async (path, body = {}) => (await fetch(origin + path, { ...crossSite, body: JSON.stringify(body) })).status
}

describe('what one route is exempt from', () => {
  test('stays closed to code that is registered before the plug', async () => {
    const app = fastify()
    let ran = 0
    app.addHook('onRequest', (request, reply, done) => {
      if (!request.url.startsWith('/early')) return done()
      ran++
      reply.send('ran')
    })
    app.register(bulwark(policy))
    app.post('/hook', { ...secure({ csrf: off('signed'), mayAssign: ['role'] }) }, () => 'in')
    app.post('/early', { ...secure({ mayAssign: ['role'] }) }, () => 'in')
    const ask = await asker(app)
    expect(await ask('/hook', { role: 'admin' })).toBe(200)
    expect([await ask('/early'), await ask('/early/nowhere'), ran]).toEqual([403, 403, 0])
  })

  test('stays closed to parts of the app that do not know the plug', async () => {
    const app = fastify()
    app.register(async (part) => {
      part.register(bulwark(policy))
      part.post('/hook', { ...secure({ csrf: off('signed') }) }, () => 'in')
    })
    app.post('/other', () => 'ran')
    const ask = await asker(app)
    expect([await ask('/hook'), await ask('/other')]).toEqual([200, 403])
  })
})
