import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from 'bulwark/transport'
import { afterAll, describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-cli-tls-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function bulwark(line: string, env: Io['env'] = {}) {
  let out = ''
  let err = ''
  const io = {
    ...{ version: '1.2.3', cwd: home, width: 80, colour: false, live: false, env },
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  } as unknown as Io
  const code = await run(line.split(' '), io)
  return { code, out, err }
}

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: home, encoding: 'utf8', stdio: 'pipe' })
const modeOf = (file: string): number => statSync(join(home, file)).mode & 0o777

describe('a key, a request and a certificate', () => {
  test('are made in turn, as OpenSSL reads them', async () => {
    expect(await bulwark('tls key --out site.key')).toMatchObject({ code: 0, out: 'wrote site.key\n' })
    expect(await bulwark('tls csr app.test www.app.test --key site.key --out site.csr')).toMatchObject({ code: 0 })
    expect(await bulwark('tls cert app.test --key site.key --days 30 --out site.pem')).toMatchObject({ code: 0 })
    expect([modeOf('site.key'), modeOf('site.csr')]).toEqual([0o600, 0o644])
    expect(openssl('req', '-in', 'site.csr', '-noout', '-verify', '-text')).toMatch(/DNS:app\.test, DNS:www\.app\.test/)
    expect(openssl('verify', '-CAfile', 'site.pem', 'site.pem')).toBe('site.pem: OK\n')
  })

  test('are printed without --out, and with a passphrase where there is one', async () => {
    const { out } = await bulwark('tls key --kind ed25519', { BULWARK_TLS_PASSPHRASE: 'correct horse battery' })
    expect(out).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    writeFileSync(join(home, 'locked.key'), out)
    expect(await bulwark('tls csr app.test --key locked.key')).toMatchObject({
      code: 2,
      err: expect.stringContaining('needs a passphrase'),
    })
    expect(
      (await bulwark('tls csr app.test --key locked.key', { BULWARK_TLS_PASSPHRASE: 'correct horse battery' })).out,
    ).toMatch(/BEGIN CERTIFICATE REQUEST/)
  })

  test('are never written over', async () => {
    await bulwark('tls key --out once.key')
    const before = readFileSync(join(home, 'once.key'), 'utf8')
    expect(await bulwark('tls key --out once.key')).toMatchObject({ code: 2, err: expect.stringContaining('already') })
    expect(readFileSync(join(home, 'once.key'), 'utf8')).toBe(before)
  })
})

describe('HTTPS in development', () => {
  test('takes one command, and says how to trust it', async () => {
    const { code, out } = await bulwark('tls dev app.bulwark.test')
    expect(code).toBe(0)
    for (const system of ['macOS', 'Windows', 'Debian', 'Firefox', 'NODE_EXTRA_CA_CERTS']) expect(out).toContain(system)
    expect(
      openssl(
        'verify',
        '-CAfile',
        '.bulwark/authority.pem',
        '-verify_hostname',
        'app.bulwark.test',
        '.bulwark/server.pem',
      ),
    ).toBe('.bulwark/server.pem: OK\n')
    expect(readFileSync(join(home, '.bulwark/.gitignore'), 'utf8')).toBe('*\n')
    expect((await bulwark('tls dev')).out).toMatch(/^kept /)
  })

  test('signs for further names and for requests, and not for real sites', async () => {
    await bulwark('tls dev')
    expect(await bulwark('tls cert worker.internal --authority .bulwark --client --out worker.pem')).toMatchObject({
      code: 0,
    })
    expect(modeOf('worker.pem')).toBe(0o600)
    expect(openssl('verify', '-CAfile', '.bulwark/authority.pem', '-purpose', 'sslclient', 'worker.pem')).toBe(
      'worker.pem: OK\n',
    )
    await bulwark('tls key --out api.key')
    await bulwark('tls csr api.internal --key api.key --out api.csr')
    expect((await bulwark('tls cert --csr api.csr --authority .bulwark')).out).toMatch(/BEGIN CERTIFICATE/)
    expect(await bulwark('tls cert bank.com --authority .bulwark')).toMatchObject({
      code: 2,
      err: expect.stringContaining('may not sign for bank.com'),
    })
    expect(await bulwark('tls cert a.test --authority nowhere')).toMatchObject({ code: 2 })
    expect(existsSync(join(home, 'nowhere'))).toBe(false)
  })
})

describe('a check', () => {
  test('grades a server, and what is wrong with it', async () => {
    await bulwark('tls dev app.bulwark.test')
    const hsts = { 'Strict-Transport-Security': 'max-age=31536000' }
    const listening = await listen((_, res) => void res.writeHead(200, hsts).end(), {
      ...{ tls: { dev: { folder: join(home, '.bulwark') } }, port: 0, host: '127.0.0.1' },
    })
    const target = `127.0.0.1:${listening.port}`
    const good = await bulwark(`tls check ${target} --ca .bulwark/authority.pem`)
    expect(good).toMatchObject({ code: 0, err: '' })
    expect(good.out).toMatch(/^127\.0\.0\.1:\d+ {2}grade A\n\n {2}for +localhost, 127\.0\.0\.1/)
    const bad = await bulwark(`tls check https://${target}/ --name bank.com --ca .bulwark/authority.pem`)
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/grade F[\s\S]*critical\n +The certificate is not for bank\.com/)
    expect(bad.out.split('\n').filter((line) => line.length > 80)).toEqual([])
    const json = JSON.parse((await bulwark(`tls check ${target} --json`)).out)
    expect(json).toMatchObject({ grade: 'C', connection: { protocol: 'TLSv1.3' } })
    await listening.close()
    expect(await bulwark(`tls check ${target}`)).toMatchObject({
      code: 3,
      err: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('reads a file', async () => {
    await bulwark('tls key --out own.key')
    await bulwark('tls cert own.test --key own.key --out own.pem')
    expect(await bulwark('tls check own.pem')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/own\.pem {2}grade C[\s\S]*signed itself/),
    })
    expect(await bulwark('tls check own.pem --ca own.pem')).toMatchObject({
      code: 0,
      out: expect.stringContaining('own.pem  grade A'),
    })
    expect(await bulwark('tls check own.pem --ca own.pem --name other.test')).toMatchObject({ code: 1 })
    expect(await bulwark('tls check own.key')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no certificate'),
    })
  })
})

test.each([
  'tls',
  'tls dance',
  'tls key app.test',
  'tls key --kind dsa',
  'tls csr app.test',
  'tls csr --key site.key',
  'tls cert app.test --key nothing.key',
  'tls cert app.test --key site.key --days soon',
  'tls cert app.test --key site.key --days 500',
  'tls acme',
  'tls acme app.test --port x',
  'tls check',
  'tls check a b',
  'tls check a:b',
  'tls check a:0',
])('%s is wrong usage', async (line) => {
  expect(await bulwark(line)).toMatchObject({ code: 2, out: '' })
})
