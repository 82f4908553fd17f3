import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { secure } from '../../adapters/node.ts'
import type { Victim } from '../../core/victim.ts'

const JSON_TYPE = 'application/json'

describe('over real connections', () => {
  const app: Victim = (routes) => {
    const echo: Parameters<typeof routes.post>[1] = (req, res) => res.json(Object.keys(req.body))
    routes.post('/notes', echo)
    routes.post('/long', echo, { contract: { bodyLimits: { json: '50kb' } } })
  }
  for (const [framework, serve] of Object.entries(frameworks)) {
    test(`${framework}: compressed bodies and wider routes work, and what is too much does not`, async () => {
      const running = await serve(app, { onEvent: () => {}, bodyLimits: { compressed: ['gzip'] } })
      const post = async (path: string, body: string, encoding?: string): Promise<string> => {
        const headers = {
          'content-type': JSON_TYPE,
          connection: 'close',
          ...(encoding && { 'content-encoding': encoding }),
        }
        const sent = encoding ? new Uint8Array(gzipSync(body)) : body
        const response = await fetch(`${running.origin}${path}`, { method: 'POST', headers, body: sent })
        const text = await response.text()
        return response.ok ? text : `${response.status}`
      }
      const medium = JSON.stringify({ a: Array.from({ length: 4000 }, (_, i) => i) })
      try {
        expect(await post('/notes', '{"a":1,"b":2}', 'gzip')).toBe('["a","b"]')
        expect(await post('/notes', `{"a":1${' '.repeat(50_000)}}`, 'gzip')).toBe('413')
        expect(await post('/notes', medium)).toBe('413')
        expect(await post('/long', medium)).toBe('["a"]')
        expect(await post('/long', medium, 'gzip')).toBe('["a"]')
      } finally {
        await running.close()
      }
    })
  }
})

test('of a compressed body the app gets nothing before all of it has been judged', async () => {
  let seen = 0
  const server = createServer((req, res) => {
    req.on('data', (chunk: Buffer) => (seen += chunk.length)).on('end', () => res.end('done'))
  })
  secure(server, { onEvent: () => {}, bodyLimits: { compressed: ['gzip'] } })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const send = async (body: Uint8Array): Promise<number> => {
    const headers = { 'content-type': JSON_TYPE, 'content-encoding': 'gzip', connection: 'close' }
    const { port } = server.address() as AddressInfo
    const half = Math.ceil(body.length / 2)
    // In two pieces, with time between them for the first to reach the app.
    const pieces = new ReadableStream<Uint8Array>({
      async start(stream) {
        stream.enqueue(body.subarray(0, half))
        await new Promise((done) => setTimeout(done, 100))
        stream.enqueue(body.subarray(half))
        stream.close()
      },
    })
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: pieces, duplex: 'half' })
    return response.status
  }
  try {
    expect(await send(gzipSync(`{"a":1${' '.repeat(500_000)}}`))).toBe(413)
    expect(seen).toBe(0)
    const honest = gzipSync('{"a":1}')
    expect(await send(honest)).toBe(200)
    expect(seen).toBe(honest.length)
  } finally {
    await new Promise((done) => server.close(done))
  }
})
