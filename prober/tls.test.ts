import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { evidenceOf } from './evidence.ts'
import { listen, reach } from './lab.ts'
import { openWire } from './wire.ts'

/** A key and a certificate that nobody vouches for, as on every developer's machine; nothing where there is no OpenSSL. */
function selfSigned(): { key: Buffer; cert: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-'))
  try {
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ]
    execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'ignore' })
    return { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const pair = selfSigned()

test.runIf(pair)('an app behind a self-signed certificate on this machine is reached in every way', async () => {
  const seen: string[] = []
  const server = createServer({ ...pair }, (req, res) => {
    seen.push(`${req.url} ${req.socket.remoteAddress}`)
    res.end('encrypted')
  })
  await listen(server)
  const { port } = server.address() as AddressInfo
  const { target, run } = await reach(`https://localhost:${port}`)
  const answer = await target.send({ path: '/a/..%2f', from: '127.0.0.3' })
  const odd = await target.send({ path: '/a b' })
  const raw = await target.raw({ parts: ['GET /raw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'], hold: 5000 })
  expect([answer.text, odd.status, raw.text.slice(-9)]).toEqual(['encrypted', 400, 'encrypted'])
  expect(await target.connect(3, { hold: 20 })).toBe(3)
  expect(seen).toEqual(['/a/..%2f 127.0.0.3', '/raw 127.0.0.1'])
  const sent = run.record.get(answer)
  if (!sent) throw new Error('nothing was recorded')
  const { curl } = evidenceOf(answer, { sent, repeats: 1, nonces: [], secrets: [] })
  expect(curl).toBe(`curl -i --path-as-is --globoff --insecure --interface 127.0.0.3 https://localhost:${port}/a/..%2f`)
})

test.runIf(pair)('anywhere else a certificate that nobody vouches for ends the request', async () => {
  const server = createServer({ ...pair }, (_, res) => res.end('encrypted'))
  await listen(server)
  const { port } = server.address() as AddressInfo
  const { run } = await reach(`https://localhost:${port}`)
  // The address stays on this machine; only what is believed about it is changed.
  const wire = openWire({ ...run.wire.ground, place: 'private' }, '127.0.0.1')
  const how = { timeout: 5000, from: undefined, signal: new AbortController().signal }
  const got = await wire.send({ method: 'GET', path: '/', headers: [['Connection', 'close']], body: undefined }, how)
  expect([got.status, got.failure]).toEqual([0, 'DEPTH_ZERO_SELF_SIGNED_CERT'])
})
