import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { find, sslscan, testssl } from '../../scripts/services.ts'
import { ringOf } from '../keys/ring.ts'
import { makeKey } from '../keys/text.ts'
import { type Authority, checkServer, type Leaf, listen, makeAuthority } from './index.ts'

const DAY = 86_400_000
const home = mkdtempSync(join(tmpdir(), 'bulwark-judged-'))
const closing: (() => unknown)[] = []
const [scanner, tester] = [find(sslscan), find(testssl)]
const run = promisify(execFile)
const HSTS = { 'Strict-Transport-Security': 'max-age=31536000' }
let authority: Authority
let leaf: Leaf

beforeAll(async () => {
  authority = await makeAuthority()
  leaf = await authority.issue(['localhost', '127.0.0.1'])
  writeFileSync(join(home, 'ca.pem'), authority.cert)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function served(http2: boolean): Promise<number> {
  const app = (_: unknown, res: { writeHead(status: number, headers: object): { end(): void } }): void =>
    void res.writeHead(200, HSTS).end()
  const own = { tls: leaf, port: 0, host: '127.0.0.1', onNotice: () => undefined }
  const listening = http2 ? await listen(app as never, { ...own, http2: true }) : await listen(app as never, own)
  closing.push(() => listening.close())
  return listening.port
}

async function old(options: ServerOptions): Promise<number> {
  const server = createServer(
    { key: leaf.key, cert: leaf.cert, ...options },
    (_, res) => void res.writeHead(200, HSTS).end(),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** What sslscan found: the versions, and each suite with its version. */
async function scanned(port: number) {
  const { stdout } = await run(scanner ?? '', ['--no-colour', '--sni-name=localhost', `127.0.0.1:${port}`], {
    timeout: 20_000,
  })
  const versions = [...stdout.matchAll(/^((?:SSL|TLS)v[\d.]+) +enabled$/gm)].map(([, version]) => version)
  const suites = [...stdout.matchAll(/^(?:Preferred|Accepted) +(TLSv[\d.]+) +\d+ bits +(\S+)/gm)]
  const groups = [...stdout.matchAll(/^TLSv1\.\d +\d+ bits +(\S+)(?: \(.*\))?$/gm)].map(([, group]) => group)
  return { stdout, versions, suites: suites.map(([, , suite]) => suite ?? ''), groups }
}

describe.skipIf(scanner === undefined)('sslscan', () => {
  test.each([false, true])(
    'finds only what is good today (HTTP/2: %s), and our own check says the same',
    async (http2) => {
      const port = await served(http2)
      const { stdout, versions, suites, groups } = await scanned(port)
      expect(versions).toEqual(['TLSv1.2', 'TLSv1.3'])
      expect(suites.length).toBeGreaterThan(4)
      expect(suites.filter((suite) => !/^(?:TLS_|ECDHE-ECDSA-).*(?:GCM|CHACHA20)/.test(suite))).toEqual([])
      expect(groups.length).toBeGreaterThan(1)
      expect(groups.filter((group) => /ffdhe|secp1|secp224|sect/.test(group ?? ''))).toEqual([])
      expect(stdout).toMatch(/Session renegotiation not supported/)
      const own = await checkServer('127.0.0.1', port, { name: 'localhost', ca: authority.cert })
      expect(own).toMatchObject({ grade: 'A', findings: [], connection: { accepts: versions } })
    },
  )

  test('and our own check find the same wrong with a server of yesterday', async () => {
    const port = await old({ minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' })
    const { versions, suites } = await scanned(port)
    expect(versions).toEqual(['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'])
    const own = await checkServer('127.0.0.1', port, { name: 'localhost', ca: authority.cert })
    expect(own.connection?.accepts.map((version) => version.replace(/v1$/, 'v1.0'))).toEqual(versions)
    expect(own.grade).not.toBe('A')
    const said = own.findings.map(({ what }) => what).join('\n')
    expect(said).toMatch(/TLSv1 and TLSv1\.1/)
    expect(/suites that encrypt in blocks/.test(said)).toBe(
      suites.some((suite) => /SHA(?:256|384)?$/.test(suite) && !/GCM/.test(suite)),
    )
    expect(/without authentication/.test(said)).toBe(
      suites.some((suite) => /^(?:AECDH|ADH|ECDHE-\w+-NULL)/.test(suite)),
    )
  })
})

test.skipIf(tester === undefined)(
  'testssl.sh finds nothing to say against the versions',
  async () => {
    const port = await served(true)
    const file = join(home, 'testssl.json')
    const about = ['--quiet', '--warnings', 'batch', '--ip', '127.0.0.1', '-n', 'none', '-p', '--jsonfile', file]
    // It answers with how much it found, and is not trusted to say that it found anything at all.
    await run(tester ?? '', [...about, `https://localhost:${port}`], { timeout: 90_000 }).catch(() => undefined)
    expect(existsSync(file)).toBe(true)
    const findings = JSON.parse(readFileSync(file, 'utf8')) as { id: string; severity: string; finding: string }[]
    const by = new Map(findings.map(({ id, finding }) => [id, finding]))
    expect(by.get('TLS1_2')).toBe('offered')
    expect(by.get('TLS1_3')).toMatch(/^offered/)
    expect(by.get('ALPN_HTTP2')).toBe('h2')
    expect(findings.filter(({ severity }) => !/^(?:OK|INFO|DEBUG)$/.test(severity))).toEqual([])
  },
  100_000,
)

describe('session tickets', () => {
  /** Connects as OpenSSL does, and tells whether it was resumed and what session it was left with. */
  async function visit(port: number, version: string, file: string, use: boolean): Promise<string | undefined> {
    const to = [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-servername',
      'localhost',
      '-CAfile',
      join(home, 'ca.pem'),
    ]
    const child = run('openssl', [...to, version, use ? '-sess_in' : '-sess_out', file], { timeout: 20_000 })
    // The ticket of TLS 1.3 comes with the answer.
    child.child.stdin?.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const { stdout } = await child
    return /^(New|Reused), TLSv/m.exec(stdout)?.[1]
  }

  test.each(['-tls1_2', '-tls1_3'])(
    'of one process are taken at another one with the same keys (%s)',
    async (version) => {
      const secret = makeKey()
      const script = `
      import { listen } from './library/transport/index.ts'
      import { ringOf } from './library/keys/ring.ts'
      const { leaf, secret } = JSON.parse(process.argv[1])
      const app = (_, res) => res.end('hello')
      const keys = ringOf([{ secret, state: 'active' }])
      console.log((await listen(app, { tls: leaf, port: 0, host: '127.0.0.1', keys })).port)
    `
      const start = async (own: string): Promise<number> => {
        const words = ['--import', 'tsx', '--input-type=module', '-e', script]
        const child = spawn(process.execPath, [...words, JSON.stringify({ leaf, secret: own })])
        closing.push(() => child.kill())
        const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
        return Number(line)
      }
      const [here, there, other] = await Promise.all([start(secret), start(secret), start(makeKey())])
      const file = join(home, `session${version}`)
      expect(await visit(here, version, file, false)).toBe('New')
      expect(await visit(here, version, file, true)).toBe('Reused')
      expect(await visit(there, version, file, true)).toBe('Reused')
      expect(await visit(other, version, file, true)).toBe('New')
    },
    40_000,
  )

  test('are good for half a day at most: whoever comes later is served after a whole handshake', async () => {
    // The middle of a window, so that the clock of this machine does not matter.
    let now = Math.ceil(Date.now() / (DAY / 2)) * (DAY / 2) + DAY / 4
    const keys = ringOf([{ secret: makeKey(), state: 'active' }])
    const own = { tls: leaf, port: 0, host: '127.0.0.1', onNotice: () => undefined, keys, now: () => now }
    const listening = await listen((_, res) => void res.end('hello'), own)
    closing.push(() => listening.close())
    const file = join(home, 'session-old')
    expect(await visit(listening.port, '-tls1_3', file, false)).toBe('New')
    now += DAY / 5
    await listening.reload()
    expect(await visit(listening.port, '-tls1_3', file, true)).toBe('Reused')
    now += DAY / 4
    await listening.reload()
    expect(await visit(listening.port, '-tls1_3', file, true)).toBe('New')
  })
})
