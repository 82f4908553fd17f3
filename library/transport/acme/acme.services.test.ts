import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPebble, type Pebble, startPebble } from '../../../scripts/servers/pebble.ts'
import {
  acmeCertificate,
  httpSolver,
  listen,
  makeAuthority,
  type Solver,
  type TlsNotice,
  whileListening,
} from '../index.ts'

const DAY = 86_400_000
const isThere = findPebble() !== undefined

const home = mkdtempSync(join(tmpdir(), 'bulwark-acme-'))
let running: Pebble
let ca: string

beforeAll(async () => {
  if (!isThere) return
  const authority = await makeAuthority()
  ca = authority.cert
  const { cert, key } = await authority.issue(['localhost', '127.0.0.1'])
  // A fifth of the nonces is refused, and authorizations are not remembered: as bad as it gets.
  const env = { PEBBLE_WFE_NONCEREJECT: '20', PEBBLE_AUTHZREUSE: '0', PEBBLE_CHAIN_LENGTH: '2' }
  running = await startPebble({ cert, key, ca, env })
}, 30_000)

afterAll(() => {
  running?.stop()
  rmSync(home, { recursive: true, force: true })
})

describe.skipIf(!isThere)('a certificate of a public authority', () => {
  const plain = { host: '127.0.0.1' }
  let { directory, plainPort, root }: Pebble = { directory: '', plainPort: 0, root: '' } as Pebble
  beforeAll(() => {
    ;({ directory, plainPort, root } = running)
  })
  const tell = async (door: string, body: object): Promise<void> => {
    const answer = await fetch(`${running.dnsDoor}/${door}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`the name server answered ${answer.status}`)
  }

  test('is ordered over the plain port, kept, and ordered again when a third of its time is left', async () => {
    const solver = httpSolver()
    const folder = join(home, 'http')
    const names = ['app.bulwark.test', 'www.bulwark.test']
    let now = Date.now()
    const order = () =>
      whileListening(solver, { port: plainPort, ...plain }, () =>
        acmeCertificate({ directory, names, folder, ca, solver, email: 'ops@bulwark.test', now: () => now }),
      )
    const first = await order()
    expect(first.renewed).toBe(true)
    const pem = readFileSync(first.certFile, 'utf8')
    expect(new X509Certificate(pem).subjectAltName).toBe('DNS:app.bulwark.test, DNS:www.bulwark.test')
    expect(pem.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(1)
    for (const file of [first.keyFile, join(folder, 'account.key')]) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await order()).toEqual({ ...first, renewed: false, lookAgain: expect.any(Number) })
    const { validFrom, validTo } = new X509Certificate(pem)
    const [begins, ends] = [Date.parse(validFrom), Date.parse(validTo)]
    now = begins + (ends - begins) * 0.6
    expect((await order()).renewed).toBe(false)
    now = begins + (ends - begins) * 0.7
    expect((await order()).renewed).toBe(true)
    expect(readFileSync(first.certFile, 'utf8')).not.toBe(pem)
  })

  test('is ordered again for further names', async () => {
    const solver = httpSolver()
    const folder = join(home, 'further')
    const order = (names: readonly string[]) =>
      whileListening(solver, { port: plainPort, ...plain }, () =>
        acmeCertificate({ directory, names, folder, ca, solver }),
      )
    expect((await order(['app.bulwark.test'])).renewed).toBe(true)
    expect((await order(['app.bulwark.test', 'new.bulwark.test'])).renewed).toBe(true)
    expect((await order(['new.bulwark.test'])).renewed).toBe(false)
  })

  test('for all names below one is ordered by a record of the name server', async () => {
    const solver: Solver = {
      type: 'dns-01',
      show: (name, _, value) => tell('set-txt', { host: `_acme-challenge.${name}.`, value }),
      clear: (name) => tell('clear-txt', { host: `_acme-challenge.${name}.` }),
    }
    const { certFile } = await acmeCertificate({
      directory,
      names: ['*.bulwark.test', 'bulwark.test'],
      folder: join(home, 'dns'),
      ca,
      solver,
    })
    expect(new X509Certificate(readFileSync(certFile)).subjectAltName?.split(', ').sort()).toEqual([
      'DNS:*.bulwark.test',
      'DNS:bulwark.test',
    ])
  })

  test('is not given for a name that leads elsewhere, and the reason is the authority’s own', async () => {
    const solver = httpSolver()
    const folder = join(home, 'refused')
    const refused = acmeCertificate({ directory, names: ['app.bulwark.test'], folder, ca, solver })
    await expect(refused).rejects.toMatchObject({
      code: 'BULWARK_ACME_FAILED',
      message: expect.stringMatching(/not convinced: .*refused/),
    })
    await expect(acmeCertificate({ directory, names: ['*.bulwark.test'], folder, ca, solver })).rejects.toThrow(
      /cannot be shown to be ours by http-01/,
    )
    await expect(
      acmeCertificate({ directory: `${directory}x`, names: ['app.bulwark.test'], folder, ca, solver }),
    ).rejects.toThrow(/no directory/)
    await expect(acmeCertificate({ directory, names: ['app.bulwark.test'], folder, solver })).rejects.toThrow(
      /cannot be reached/,
    )
  })

  test('is there before the app is served, and renewed while it is', async () => {
    let now = Date.now()
    const notices: TlsNotice[] = []
    const acme = { directory, names: ['app.bulwark.test'], folder: join(home, 'served'), ca }
    const app = (_: unknown, res: { end(text: string): void }): void => res.end('hello')
    const options = {
      tls: { acme },
      port: 0,
      redirectFrom: plainPort,
      ...plain,
      now: () => now,
      onNotice: (notice: TlsNotice) => void notices.push(notice),
    }
    const listening = await listen(app, options)
    const serial = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const req = request(
          { host: '127.0.0.1', port: listening.port, servername: 'app.bulwark.test', ca: root, agent: false },
          (res) => {
            res.resume()
            resolve(
              (res.socket as unknown as { getPeerX509Certificate(): X509Certificate }).getPeerX509Certificate()
                .serialNumber,
            )
          },
        )
        req.on('error', reject).end()
      })
    const before = await serial()
    expect(await listening.reload()).toBe(false)
    const { validTo, validFrom } = new X509Certificate(readFileSync(join(home, 'served/site.pem')))
    now = Date.parse(validFrom) + (Date.parse(validTo) - Date.parse(validFrom)) * 0.7
    expect(await listening.reload()).toBe(true)
    expect(await serial()).not.toBe(before)
    expect(notices.map(({ kind }) => kind)).toEqual(['reloaded'])
    await listening.close()
  })

  test('stays when it cannot be renewed, which is told and tried again an hour later', async () => {
    let now = Date.now()
    const notices: TlsNotice[] = []
    const folder = join(home, 'stays')
    const acme = { directory, names: ['app.bulwark.test'], folder, ca }
    const app = (_: unknown, res: { end(text: string): void }): void => res.end('hello')
    const own = {
      port: 0,
      redirectFrom: plainPort,
      ...plain,
      now: () => now,
      onNotice: (notice: TlsNotice) => void notices.push(notice),
    }
    await (await listen(app, { ...own, tls: { acme } })).close()
    const away = await listen(app, { ...own, tls: { acme: { ...acme, directory: 'https://127.0.0.1:1/dir' } } })
    const { validTo } = new X509Certificate(readFileSync(join(folder, 'site.pem')))
    now = Date.parse(validTo) - 40 * DAY
    for (let i = 0; i < 3; i++) expect(await away.reload()).toBe(false)
    expect(notices).toMatchObject([{ kind: 'not reloaded', error: { code: 'BULWARK_ACME_FAILED' } }])
    now += DAY / 24
    await away.reload()
    expect(notices.map(({ kind }) => kind)).toEqual(['not reloaded', 'not reloaded'])
    await away.close()
  })
})

test.skipIf(!isThere)('the command orders one, and leaves it alone the next day', async () => {
  writeFileSync(join(home, 'listener-ca.pem'), ca)
  const command = [
    ...[
      'cli/bulwark.js',
      'tls',
      'acme',
      'cli.bulwark.test',
      '--dir',
      join(home, 'cli'),
      '--port',
      String(running.plainPort),
    ],
    ...['--directory', running.directory, '--ca', join(home, 'listener-ca.pem'), '--email', 'ops@bulwark.test'],
  ]
  const run = promisify(execFile)
  expect((await run(process.execPath, command)).stdout).toMatch(
    /^ordered .*site\.pem and .*site\.key\n {2}good until \d{4}-/,
  )
  expect((await run(process.execPath, command)).stdout).toMatch(/^kept /)
})
