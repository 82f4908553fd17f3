import { expect, test } from 'vitest'
import type { RawAnswer, RawAsk, Target } from '../../core/probe.ts'
import { probes } from './probe.ts'

test('a WebSocket that is opened for any site is found on a busy machine too', async () => {
  const raw = async (ask: RawAsk): Promise<RawAnswer> => {
    const text = (ask.hold ?? 1000) > 1500 ? 'HTTP/1.1 101 Switching Protocols\r\n\r\n' : ''
    return { ask, text, closed: false, ms: ask.hold ?? 1000 }
  }
  const routes = [{ method: 'UPGRADE', path: '/live' }]
  const target = { origin: 'http://127.0.0.1:1', routes, raw } as unknown as Target
  const found: string[] = []
  const probe = probes.find(({ name }) => name === 'csrf/cross-site-websocket')
  for await (const { verdict } of probe?.attack(target) ?? []) found.push(verdict)
  expect(found).toEqual(['proven'])
})
