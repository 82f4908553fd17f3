import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPebble, type Pebble, startPebble } from '../../../scripts/servers/pebble.ts'
import {
  acmeCertificate,
  alpnSolver,
  certificateId,
  commandSolver,
  httpSolver,
  type Leaf,
  listen,
  makeAuthority,
  type Solver,
  type TlsNotice,
  whileListening,
  whileListeningForTls,
} from '../index.ts'

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]
const KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
const isThere = findPebble() !== undefined
const home = mkdtempSync(join(tmpdir(), 'bulwark-acme-ways-'))
const host = '127.0.0.1'
const externalAccount = { id: 'kid-1', key: KEY }
let running: Pebble
let leaf: Leaf
let ca: string

beforeAll(async () => {
  if (!isThere) return
  const authority = await makeAuthority()
  ca = authority.cert
  leaf = await authority.issue(['localhost', host])
  writeFileSync(join(home, 'ca.pem'), ca)
  running = await startPebble({
    ...{ cert: leaf.cert, key: leaf.key, ca },
    externalAccounts: { 'kid-1': KEY },
    env: { PEBBLE_WFE_NONCEREJECT: '20', PEBBLE_AUTHZREUSE: '100' },
  })
}, 30_000)
afterAll(() => {
  running?.stop()
  rmSync(home, { recursive: true, force: true })
})

function order(folder: string, names: readonly string[], solver: Solver, more: object = {}) {
  const own = { directory: running.directory, ca, externalAccount, folder: join(home, folder), names, solver }
  return acmeCertificate({ ...own, ...more })
}

/** A program that writes records at the name server, and a diary of how it was called. */
function hook(name: string, more = ''): string {
  const file = join(home, name)
  const program = `#!${process.execPath}
const { appendFileSync } = require('node:fs')
const [what, record, value] = process.argv.slice(2)
appendFileSync(${JSON.stringify(`${file}.diary`)}, process.argv.slice(2).join(' ') + '\\n')
${more}
const door = what === 'add' ? 'set-txt' : 'clear-txt'
fetch('${running.dnsDoor}/' + door, { method: 'POST', body: JSON.stringify({ host: record + '.', value }) })
`
  writeFileSync(file, program)
  chmodSync(file, 0o755)
  return file
}

const namesIn = (file: string): string[] =>
  (new X509Certificate(readFileSync(file)).subjectAltName ?? '').split(', ').sort()

describe.skipIf(!isThere)('on the port of HTTPS itself', () => {
  test('names and addresses are shown to be ours, and no HTTP is spoken', async () => {
    const solver = alpnSolver()
    const names = ['alpn.bulwark.test', 'www.alpn.bulwark.test', '127.0.0.1']
    const { certFile } = await whileListeningForTls(solver, { port: running.tlsPort, host }, () =>
      order('alpn', names, solver),
    )
    expect(namesIn(certFile)).toEqual(['DNS:alpn.bulwark.test', 'DNS:www.alpn.bulwark.test', 'IP Address:127.0.0.1'])
  })

  test('a certificate is there before the app is served, and renewed on the same port while it is served', async () => {
    let now = Date.now()
    const notices: TlsNotice[] = []
    const { directory, tlsPort, root } = running
    // Nobody's authorization is remembered under a new account, so the renewal is a challenge too.
    const acme = { directory, ca, externalAccount, names: ['one.bulwark.test'], folder: join(home, 'one') }
    const answers: string[] = []
    const asked = (protocols: string[]): Promise<string> =>
      new Promise((resolve) => {
        const to = { host, port: tlsPort, servername: 'one.bulwark.test', ALPNProtocols: protocols, ca: root }
        const socket = connect({ ...to, rejectUnauthorized: protocols[0] !== 'acme-tls/1' }, () => {
          socket.write('GET / HTTP/1.1\r\nHost: one.bulwark.test\r\nConnection: close\r\n\r\n')
        })
        let text = ''
        socket.on('data', (chunk: Buffer) => (text += chunk))
        socket.on('error', (error) => (text += error.message))
        socket.on('close', () => resolve(text))
      })
    const listening = await listen((_, res) => void res.end('hello'), {
      tls: { acme: { ...acme, challenge: 'tls-alpn-01' } },
      ...{ port: tlsPort, host, now: () => now, onNotice: (notice: TlsNotice) => void notices.push(notice) },
    })
    expect(await asked(['http/1.1'])).toMatch(/^HTTP\/1\.1 200[\s\S]*hello$/)
    expect(await asked(['acme-tls/1'])).toMatch(/alert no application protocol/)
    // Authorizations are asked for anew.
    rmSync(join(home, 'one/account.key'))
    const { validTo, validFrom } = new X509Certificate(readFileSync(join(home, 'one/site.pem')))
    now = Date.parse(validFrom) + (Date.parse(validTo) - Date.parse(validFrom)) * 0.7
    const renewing = listening.reload()
    // Visitors come in between, whatever is being shown to the authority.
    let isOver = false
    void renewing.then(() => (isOver = true))
    while (!isOver) answers.push(await asked(['http/1.1']))
    expect(await renewing).toBe(true)
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.filter((answer) => !/^HTTP\/1\.1 200[\s\S]*hello$/.test(answer))).toEqual([])
    expect(notices.map(({ kind }) => kind)).toEqual(['reloaded'])
    await listening.close()
  })

  test('nobody is answered for a name that is not being ordered, and nothing else is served meanwhile', async () => {
    const solver = alpnSolver()
    await solver.show('mine.bulwark.test', 'token', Buffer.alloc(32, 7).toString('base64url'))
    await whileListeningForTls(solver, { port: running.tlsPort, host }, async () => {
      const visit = (servername: string, ALPNProtocols: string[]): Promise<string> =>
        new Promise((resolve) => {
          const to = { host, port: running.tlsPort, servername, ALPNProtocols }
          const socket = connect({ ...to, rejectUnauthorized: false }, () => {
            const names = socket.getPeerCertificate().subjectaltname
            resolve(`${socket.alpnProtocol} ${names}`)
            socket.destroy()
          })
          socket.on('error', () => resolve('refused'))
        })
      expect(await visit('mine.bulwark.test', ['acme-tls/1'])).toBe('acme-tls/1 DNS:mine.bulwark.test')
      expect(await visit('other.bulwark.test', ['acme-tls/1'])).toBe('refused')
      expect(await visit('mine.bulwark.test', ['http/1.1'])).toBe('refused')
      expect(await visit('mine.bulwark.test', ['acme-tls/1', 'http/1.1'])).toBe('refused')
      await solver.clear('mine.bulwark.test', 'token', '')
      expect(await visit('mine.bulwark.test', ['acme-tls/1'])).toBe('refused')
    })
  })
})

describe.skipIf(!isThere)('by a program that writes records', () => {
  test('all names below one are ordered, and every record is taken away again', async () => {
    const file = hook('records')
    const { certFile } = await order('records-out', ['*.dns.bulwark.test', 'dns.bulwark.test'], commandSolver(file))
    expect(namesIn(certFile)).toEqual(['DNS:*.dns.bulwark.test', 'DNS:dns.bulwark.test'])
    const diary = readFileSync(`${file}.diary`, 'utf8').trim().split('\n')
    expect(diary.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(
      Array(2).fill(['add _acme-challenge.dns.bulwark.test', 'remove _acme-challenge.dns.bulwark.test']).flat(),
    )
    expect(diary[0]?.split(' ')[2]).toBe(diary[1]?.split(' ')[2])
  })

  test('nothing is ordered when it fails, and what it said is in the error', async () => {
    const broken = hook('broken', "console.error('no such zone'); process.exit(3)")
    await expect(order('broken-out', ['broken.bulwark.test'], commandSolver(broken))).rejects.toThrow(
      /records ended with 3: no such zone/,
    )
    await expect(order('broken-out', ['broken.bulwark.test'], commandSolver(join(home, 'none')))).rejects.toThrow(
      /could not be run \(ENOENT\)/,
    )
    expect(existsSync(join(home, 'broken-out/site.pem'))).toBe(false)
  })

  test('the command takes it, and runs it without a shell', async () => {
    const file = hook('from the command; touch pwned')
    const args = ['cli/bulwark.js', 'tls', 'acme', '*.cli.bulwark.test', '--challenge', 'dns-01', '--dns-hook', file]
    const more = ['--dir', join(home, 'cli'), '--directory', running.directory, '--ca', join(home, 'ca.pem')]
    const env = { ...process.env, BULWARK_TLS_EAB_KEY: KEY }
    const run = (...words: string[]) => promisify(execFile)(process.execPath, [...args, ...more, ...words], { env })
    await expect(run()).rejects.toMatchObject({ stderr: expect.stringMatching(/known to it[\s\S]*--eab-id/) })
    expect((await run('--eab-id', 'kid-1')).stdout).toMatch(/^ordered /)
    expect((await run('--eab-id', 'kid-1')).stdout).toMatch(/^kept /)
    expect(namesIn(join(home, 'cli/site.pem'))).toEqual(['DNS:*.cli.bulwark.test'])
    expect(existsSync('pwned')).toBe(false)
  })
})

describe.skipIf(!isThere)('an account', () => {
  test('that the authority does not know is refused, with what to do', async () => {
    const solver = httpSolver()
    await expect(order('eab', ['eab.bulwark.test'], solver, { externalAccount: undefined })).rejects.toMatchObject({
      code: 'BULWARK_ACME_FAILED',
      fix: expect.stringContaining('externalAccount'),
    })
    for (const wrong of [
      { id: 'kid-2', key: KEY },
      { id: 'kid-1', key: [...KEY].reverse().join('') },
    ]) {
      await expect(order('eab', ['eab.bulwark.test'], solver, { externalAccount: wrong })).rejects.toThrow(
        /refused \(4/,
      )
    }
  })

  test('that has shown a name is not asked again while the authority remembers', async () => {
    const solver = httpSolver()
    let shown = 0
    const counting: Solver = {
      ...solver,
      show: (...words) => {
        shown++
        return solver.show(...words)
      },
    }
    const again = (names: readonly string[]) =>
      whileListening(solver, { port: running.plainPort, host }, () => order('reuse', names, counting))
    await again(['reuse.bulwark.test'])
    await again(['reuse.bulwark.test', 'more.bulwark.test'])
    expect(shown).toBe(2)
  })
})

/** Pebble of this age knows nothing of RFC 9773: this stands in front of it, adds that one resource, and passes on all the rest. */
async function withRenewalInfo(): Promise<
  { directory: string; server: Server; orders: string[]; asked: string[] } & Answering
> {
  const own: Answering = { answer: () => ({ status: 404, text: '' }) }
  const [orders, asked]: string[][] = [[], []]
  const to = new URL(running.directory)
  const server = createServer({ key: leaf.key, cert: leaf.cert }, (req, res) => {
    if (req.url?.startsWith('/renewal-info/')) {
      asked?.push(req.url.slice('/renewal-info/'.length))
      const { status, text, after } = own.answer()
      res.writeHead(status, after === undefined ? {} : { 'Retry-After': after }).end(text)
      return
    }
    const body: Buffer[] = []
    req.on('data', (chunk: Buffer) => body.push(chunk))
    req.on('end', () => {
      const sent = Buffer.concat(body)
      const about = { host: to.hostname, port: to.port, path: req.url, method: req.method, headers: req.headers, ca }
      const passed = request({ ...about, agent: false }, (answer) => {
        let text = ''
        answer.on('data', (chunk) => (text += chunk))
        answer.on('end', () => {
          // One that was refused for its nonce comes again.
          if (req.url === '/order-plz' && answer.statusCode === 201) {
            orders?.push(Buffer.from(JSON.parse(String(sent)).payload, 'base64url').toString())
          }
          const { 'content-length': _, ...headers } = answer.headers
          if (req.url === '/dir') {
            text = JSON.stringify({ ...JSON.parse(text), renewalInfo: `https://${req.headers.host}/renewal-info` })
          }
          res.writeHead(answer.statusCode ?? 500, headers).end(text)
        })
      })
      passed.end(sent)
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  const directory = `https://${host}:${(server.address() as AddressInfo).port}/dir`
  return Object.assign(own, { directory, server, orders: orders ?? [], asked: asked ?? [] })
}

interface Answering {
  answer(): { readonly status: number; readonly text: string; readonly after?: string }
}

describe.skipIf(!isThere)('when the authority says when to renew', () => {
  const window = (start: number, end: number): string =>
    JSON.stringify({ suggestedWindow: { start: new Date(start).toISOString(), end: new Date(end).toISOString() } })

  test('it is done inside that time, asked no oftener than it wants, and the order says what it replaces', async () => {
    const front = await withRenewalInfo()
    const solver = httpSolver()
    let now = Date.now()
    const look = () =>
      whileListening(solver, { port: running.plainPort, host }, () =>
        order('ari', ['ari.bulwark.test'], solver, { directory: front.directory, now: () => now }),
      )
    const first = await look()
    expect(first.renewed).toBe(true)
    const before = new X509Certificate(readFileSync(first.certFile))
    const [from, to] = [now + 10 * DAY, now + 12 * DAY]
    front.answer = () => ({ status: 200, text: window(from, to), after: '7200' })
    expect(await look()).toMatchObject({ renewed: false, lookAgain: now + 2 * HOUR })
    const { renewAt } = JSON.parse(readFileSync(join(home, 'ari/renewal.json'), 'utf8'))
    expect(renewAt).toBeGreaterThanOrEqual(from)
    expect(renewAt).toBeLessThan(to)
    expect(front.asked).toEqual([certificateId(before)])
    now += 2 * HOUR - 1
    await look()
    expect(front.asked.length).toBe(1)
    now += 1
    expect((await look()).renewed).toBe(false)
    expect(front.asked.length).toBe(2)
    // The moment stays what it was, or whoever looks often would always find an early one.
    expect(JSON.parse(readFileSync(join(home, 'ari/renewal.json'), 'utf8')).renewAt).toBe(renewAt)
    now = renewAt - 1
    expect((await look()).renewed).toBe(false)
    now = renewAt
    expect((await look()).renewed).toBe(true)
    expect(front.orders.map((text) => JSON.parse(text).replaces)).toEqual([undefined, certificateId(before)])
    front.server.close()
  })

  test('it is done at once when that time has passed, as before a certificate is revoked', async () => {
    const front = await withRenewalInfo()
    const solver = httpSolver()
    const now = Date.now()
    const look = () =>
      whileListening(solver, { port: running.plainPort, host }, () =>
        order('revoked', ['revoked.bulwark.test'], solver, { directory: front.directory, now: () => now }),
      )
    await look()
    front.answer = () => ({ status: 200, text: window(now - DAY, now - HOUR) })
    expect((await look()).renewed).toBe(true)
    front.server.close()
  })

  test('while it says nothing, or nonsense, a third of the time is left as ever', async () => {
    const front = await withRenewalInfo()
    const solver = httpSolver()
    let now = Math.ceil(Date.now() / 1000) * 1000
    const look = () =>
      whileListening(solver, { port: running.plainPort, host }, () =>
        order('nonsense', ['nonsense.bulwark.test'], solver, { directory: front.directory, now: () => now }),
      )
    const { certFile } = await look()
    const { validFrom, validTo } = new X509Certificate(readFileSync(certFile))
    const [begins, ends] = [Date.parse(validFrom), Date.parse(validTo)]
    for (const [status, text, after, wait] of [
      [500, 'oops', undefined, 6 * HOUR],
      [200, 'no JSON', '1', MINUTE],
      [200, window(now, now - 1), '999999999', DAY],
      [200, window(ends, ends + DAY), 'soon', 6 * HOUR],
      [200, '{"suggestedWindow":7}', new Date(now + 4 * DAY + 3 * HOUR).toUTCString(), 3 * HOUR],
    ] as const) {
      front.answer = () => ({ status, text, ...(after !== undefined && { after }) })
      const { renewed, lookAgain } = await look()
      expect(renewed, text).toBe(false)
      // What is left of twelve hours, or what the authority asked for.
      expect(lookAgain, text).toBe(now + Math.min(12 * HOUR, wait))
      now += DAY
    }
    expect(front.asked.length).toBe(5)
    now = begins + (ends - begins) * 0.66
    expect((await look()).renewed).toBe(false)
    now = begins + (ends - begins) * 0.67
    expect((await look()).renewed).toBe(true)
    front.server.close()
  })
})
