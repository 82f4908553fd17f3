import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { SinkExchange } from '../../../core/sink.ts'
import { BlockedError } from '../../../firewall/consult.ts'
import { runIn } from '../../../firewall/context.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { guardCode } from './guard-code.ts'

const load = createRequire(import.meta.url)

function sent<T>(text: string, run: () => T): T {
  const target = `/?q=${encodeURIComponent(text)}`
  const source = { target, rawHeaders: [], bodyBytes: 0, bodyForSinks: [], client: 'a', header: () => undefined }
  const untrusted = new ClientTexts(source)
  const exchange: SinkExchange = { id: '0123456789abcdef', untrusted, stanceOf: () => 'enforce', report: () => {} }
  return runIn(exchange, run)
}

test('what was loaded at start-up is the own, and what another server loaded for a client is not', async () => {
  guardCode()
  load('node:querystring')
  const compiled = '"a".concat("b")'
  // No policy is around this one: nothing tells of its requests but Node.
  const server = createServer((req, res) => {
    load(new URL(req.url ?? '', 'http://localhost').searchParams.get('part') ?? '')
    new Function(compiled)
    res.end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?part=node:dgram`)
  server.close()
  expect(answer.status).toBe(200)
  expect(typeof sent('node:querystring', () => load('node:querystring'))).toBe('object')
  expect(() => sent('node:dgram', () => load('node:dgram'))).toThrow(BlockedError)
  expect(() => sent(compiled, () => new Function(compiled))).toThrow(BlockedError)
})
