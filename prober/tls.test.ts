import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlain } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { evidenceOf } from './evidence.ts'
import { probe } from './index.ts'
import { anOutcome, aProbe, listen, reach } from './lab.ts'
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
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
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

test.runIf(pair)('with an authority named, this machine has to show its certificate too', async () => {
  const server = createServer({ ...pair }, (_, res) => res.end('encrypted'))
  await listen(server)
  const { port } = server.address() as AddressInfo
  const options = { url: `https://127.0.0.1:${port}`, probes: [], crawl: false }
  const believed = await probe({ ...options, ca: String(pair?.cert) })
  expect(believed.stopped).toBeUndefined()
  const other = selfSigned()
  const refused = await probe({ ...options, ca: String(other?.cert) })
  expect(refused.stopped?.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
})

test.runIf(pair)('a handshake tells what was agreed on, what was shown, and why it is not trusted', async () => {
  const server = createServer({ ...pair, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, (_, res) => res.end())
  await listen(server)
  const { port } = server.address() as AddressInfo
  const { target } = await reach(`https://127.0.0.1:${port}`)
  const shown = await target.handshake()
  expect(shown).toMatchObject({ protocol: 'TLSv1.2', distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  expect(shown.certificate.trim()).toBe(String(pair?.cert).trim())
  const refused = await target.handshake({ versions: ['TLSv1.3', 'TLSv1.3'] })
  expect(refused).toMatchObject({ protocol: '', cipher: '', certificate: '' })
  expect(refused.failure).not.toBe('not offered')
  expect(await target.handshake({ ciphers: 'NO-SUCH-SUITE' })).toMatchObject({ protocol: '', failure: 'not offered' })
  await expect((await reach(`http://127.0.0.1:${port}`)).target.handshake()).rejects.toThrow('speaks no TLS')
})

test.runIf(pair)('the plain port of the same host is asked where somebody listens, without any cookies', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer({ ...pair }, (_, res) => res.end('encrypted'))
  const plain = createPlain((req, res) => {
    seen.push(req.headers.host, req.headers.cookie)
    res.end('in the clear')
  })
  await listen(server)
  await listen(plain)
  const { port } = server.address() as AddressInfo
  const { port: plainPort } = plain.address() as AddressInfo
  const texts: string[] = []
  const asks = aProbe('transport/any', 'passive', async function* (target) {
    texts.push((await target.send({ path: '/' })).text)
    if (target.plainOrigin === undefined) return
    const answer = await target.send({ path: '/', plain: true })
    texts.push(answer.text)
    yield anOutcome('proven', { answer })
  })
  const options = { url: `https://127.0.0.1:${port}`, probes: [asks], risks: [], crawl: false }
  const report = await probe({ ...options, plainPort })
  expect(texts).toEqual(['encrypted', 'in the clear'])
  expect(seen).toEqual([`127.0.0.1:${plainPort}`, undefined])
  expect(report.results[0]?.evidence?.curl).toContain(`http://127.0.0.1:${plainPort}/`)
  plain.close()
  plain.closeAllConnections()
  expect((await probe({ ...options, plainPort })).results[0]?.verdict).toBe('not-applicable')
  await expect(probe({ ...options, plainPort: 70_000 })).rejects.toThrow('plainPort is no port')
})

test('whoever says keep-alive gets a connection again, and a new one when the old one was ended', async () => {
  const ports = new Set<number | undefined>()
  let answers = 0
  const server = createPlain((req, res) => {
    ports.add(req.socket.remotePort)
    answers++
    // Ended without a word after the third answer: the next request comes too late on it.
    if (answers === 3) res.once('finish', () => setImmediate(() => req.socket.destroy()))
    res.end('kept')
  })
  await listen(server)
  const { target } = await reach(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const texts: string[] = []
  for (let i = 0; i < 5; i++) {
    texts.push((await target.send({ path: '/', headers: { connection: 'keep-alive' } })).text)
  }
  expect(texts).toEqual(Array.from({ length: 5 }, () => 'kept'))
  const before = ports.size
  expect(before).toBeLessThan(4)
  for (let i = 0; i < 2; i++) await target.send({ path: '/' })
  expect(ports.size).toBe(before + 2)
})
