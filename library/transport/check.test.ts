import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlain } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Authority,
  type CheckOptions,
  checkCertificate,
  checkServer,
  type Leaf,
  listen,
  makeAuthority,
  modernTls,
  type TlsReport,
} from './index.ts'

const DAY = 86_400_000
const NAME = 'app.bulwark.test'
const home = mkdtempSync(join(tmpdir(), 'bulwark-check-'))
const closing: (() => unknown)[] = []
let authority: Authority
let leaf: Leaf

beforeAll(async () => {
  authority = await makeAuthority()
  leaf = await authority.issue([NAME])
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const HSTS = { 'Strict-Transport-Security': 'max-age=31536000' }

async function serve(options: ServerOptions = {}, headers: Record<string, string> = HSTS): Promise<number> {
  const server = createServer({ ...modernTls(leaf), ...options }, (_, res) => void res.writeHead(200, headers).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

function check(port: number, options: CheckOptions = {}): Promise<TlsReport> {
  return checkServer('127.0.0.1', port, { name: NAME, ca: authority.cert, ...options })
}

const said = ({ findings }: TlsReport): string[] => findings.map(({ severity, what }) => `${severity}: ${what}`)

describe('a server', () => {
  test('of Bulwark has nothing to be said against', async () => {
    const listening = await listen((_, res) => void res.writeHead(200, HSTS).end(), {
      tls: leaf,
      port: 0,
      host: '127.0.0.1',
      redirectFrom: 0,
    })
    closing.push(() => listening.close())
    const report = await checkServer('127.0.0.1', listening.port, { name: NAME, ca: authority.cert })
    expect(report).toMatchObject({
      grade: 'A',
      findings: [],
      connection: { protocol: 'TLSv1.3', accepts: ['TLSv1.2', 'TLSv1.3'] },
    })
    expect(report.certificate).toEqual({
      names: [NAME],
      issuer: 'Bulwark development',
      key: 'ECDSA P-256',
      expires: leaf.expires,
    })
  })

  test('with old versions and suites is told about each', async () => {
    const rsa = await authority.issue([NAME], { kind: 'rsa3072' })
    const port = await serve({
      key: rsa.key,
      cert: rsa.cert,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.2',
      ciphers: 'ALL:@SECLEVEL=0',
    })
    const report = await check(port)
    expect(report.grade).toBe('F')
    expect(said(report)).toEqual([
      'high: The server takes TLSv1 and TLSv1.1, which have been broken (RFC 8996).',
      'low: The server does not know TLS 1.3.',
      expect.stringMatching(/^critical: The server takes suites without authentication/),
      expect.stringMatching(/^medium: The server takes suites without forward secrecy/),
      expect.stringMatching(/^low: The server takes suites that encrypt in blocks/),
    ])
  })

  test('that nobody trusts, for another name, or without HSTS is told about', async () => {
    const port = await serve({}, {})
    expect(said(await check(port))).toEqual(['medium: Browsers are not told to stay with HTTPS.'])
    expect(said(await checkServer('127.0.0.1', port, { name: NAME }))[0]).toMatch(
      /^high: Clients do not trust the chain .*SELF_SIGNED_CERT_IN_CHAIN/,
    )
    const other = await check(port, { name: 'other.bulwark.test' })
    expect([other.grade, said(other)[0]]).toEqual(['F', 'critical: The certificate is not for other.bulwark.test.'])
    const short = await serve({}, { 'Strict-Transport-Security': 'max-age=3600' })
    expect(said(await check(short))).toEqual(['medium: Browsers are told to stay with HTTPS for too short a time.'])
  })

  test('is judged by its plain port too', async () => {
    const port = await serve()
    const plain = createPlain((_, res) => void res.end('hello'))
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    closing.push(() => plain.close())
    const plainPort = (plain.address() as AddressInfo).port
    expect(said(await check(port, { plainPort }))).toEqual([
      'medium: The plain port answers without sending people over to HTTPS.',
    ])
    const listening = await listen((_, res) => void res.writeHead(200, HSTS).end(), {
      tls: await authority.issue(['127.0.0.1', NAME]),
      port: 0,
      host: '127.0.0.1',
      redirectFrom: 0,
    })
    closing.push(() => listening.close())
    expect(
      said(await check(listening.port, { ...(listening.redirectPort && { plainPort: listening.redirectPort }) })),
    ).toEqual([])
    expect(said(await check(port, { plainPort: 1 }))).toEqual([])
  })

  test('that is none, or speaks no TLS, is an error and no good grade', async () => {
    const plain = createPlain((_, res) => void res.end())
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    closing.push(() => plain.close())
    await expect(check((plain.address() as AddressInfo).port)).rejects.toThrow()
    await expect(check(1)).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('a certificate in a file', () => {
  const at = (days: number): TlsReport => checkCertificate(leaf.cert, { now: () => leaf.expires - days * DAY + 1000 })

  test('is told about before it ends', () => {
    expect(said(at(20))).toEqual([])
    expect(said(at(13))).toEqual(['medium: The certificate ends in 12 days.'])
    expect(said(at(2))).toEqual(['high: The certificate ends in 1 days.'])
    expect(at(0)).toMatchObject({ grade: 'F', findings: [{ what: 'The certificate has expired.' }] })
    expect(at(200)).toMatchObject({ grade: 'F', findings: [{ what: 'The certificate is not valid yet.' }] })
  })

  test('with a weak key, an old signature, or for too long is told about', () => {
    const make = (...args: string[]): string => {
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-nodes',
          '-keyout',
          'k',
          '-out',
          'c',
          '-subj',
          '/CN=x.test',
          '-addext',
          'subjectAltName=DNS:x.test',
          '-addext',
          'basicConstraints=critical,CA:FALSE',
          ...args,
        ],
        { cwd: home, stdio: 'pipe' },
      )
      return readFileSync(join(home, 'c'), 'utf8')
    }
    const check = (pem: string, name?: string) =>
      said(checkCertificate(pem, { ca: pem, ...(name !== undefined && { name }) }))
    expect(check(make('-newkey', 'rsa:1024', '-days', '30'))).toEqual(['critical: Its key is too weak: RSA 1024.'])
    expect(check(make('-newkey', 'rsa:2048', '-sha1', '-days', '30'))).toEqual([
      expect.stringContaining('SHA-1 or MD5'),
    ])
    expect(check(make('-newkey', 'rsa:2048', '-days', '1000'))).toEqual([expect.stringContaining('398 days')])
    const good = make('-newkey', 'rsa:2048', '-days', '30')
    expect(check(good, 'y.test')).toEqual(['critical: The certificate is not for y.test.'])
    expect(check(good)).toEqual([])
    expect(checkCertificate(good)).toMatchObject({
      grade: 'C',
      findings: [{ severity: 'high', what: expect.stringContaining('signed itself') }],
    })
  })

  test('that is none is an error', () => {
    expect(() => checkCertificate('nothing')).toThrow(/^BULWARK_CERTIFICATE_INVALID/)
  })
})
