import { randomBytes } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Policy, SecurityEvent } from 'bulwark'
import { off } from 'bulwark'
import { openAudit } from 'bulwark/audit'
import { bulwark, secure } from 'bulwark/express'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { type Console, type ConsoleOptions, openConsole } from './console.ts'

const KEYS = randomBytes(32).toString('base64url')
const MARKUP = '<img src=x onerror=alert(1)>"\'`&'
const cleanUp: (() => unknown)[] = []
let mounts = 0

afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end()
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A console at a base of its own: apps of other tests are still in this process. */
function opened(options: Partial<ConsoleOptions> = {}): { base: string; console_: Console } {
  const base = `/admin/c${++mounts}`
  const console_ = openConsole({ base, ...options })
  cleanUp.push(() => console_.close())
  return { base, console_ }
}

const policy: Policy = {
  app: 'journal',
  accessControl: {
    roles: { guest: ['post:read'], admin: ['guest', 'bulwark:view'] },
    identify: (x) => (x.request.header('x-who') === 'mary' ? { id: 'mary', roles: ['admin'] } : undefined),
  },
  csrf: off('the gateway <b>does</b> it'),
  onEvent: () => {},
}

async function served(
  options: Partial<ConsoleOptions> = {},
  more: (app: express.Express) => void = () => {},
  own: Policy = policy,
  allow = 'bulwark:view',
): Promise<{
  base: string
  ask: (path: string, method?: string, headers?: Record<string, string>) => Promise<Answer>
  port: number
}> {
  const { base, console_ } = opened(options)
  const app = express()
  app.use(bulwark(own))
  app.get(`${base}{/*page}`, secure({ allow: allow as never }), console_.listener)
  app.get('/posts/:id', secure({ allow: 'post:read' as never, limit: '5/min' }), (_req, res) => void res.send('a post'))
  more(app)
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  cleanUp.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const ask = (path: string, method = 'GET', headers: Record<string, string> = { 'x-who': 'mary' }): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
        let text = ''
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
      })
      sent.on('error', reject)
      sent.end()
    })
  return { base, ask, port }
}

function tell(event: Partial<SecurityEvent> = {}): void {
  const { request, ...rest } = event
  channel('bulwark:event').publish({
    at: Date.now(),
    guard: 'csrf',
    risk: 'csrf',
    reason: 'a form of another site',
    outcome: 'denied',
    ...rest,
    request: { id: 'in-1', method: 'POST', path: '/posts', ip: '203.0.113.9', ...request },
  } satisfies SecurityEvent)
}

describe('who may look', () => {
  test('an admin sees every page, and nobody else sees any of it', async () => {
    const { base, ask } = await served()
    for (const name of ['', '/', '/live', '/clients', '/routes', '/policy', '/audit', '/findings']) {
      const { status, text, headers } = await ask(base + name)
      expect([name, status]).toEqual([name, 200])
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(text.match(/<h1>/g)).toHaveLength(1)
      for (const path of [base + name, `${base}/console.css`, `${base}/live/stream`]) {
        expect((await ask(path, 'GET', {})).status).toBe(401)
      }
    }
  })

  test('without a contract the app does not start', () => {
    const { base, console_ } = opened()
    const app = express()
    app.use(bulwark(policy))
    app.get(`${base}{/*page}`, console_.listener)
    expect(() => app.listen(0, '127.0.0.1')).toThrow(/declare/)
  })

  test.each([
    ['for anyone', policy, 'anyone'],
    ['under a policy that only observes', { ...policy, mode: 'observe' } satisfies Policy, 'bulwark:view'],
  ])('a route that is open (%s) shows nothing', async (_, own, allow) => {
    const { base, ask } = await served({}, () => {}, own, allow)
    const { status, text } = await ask(base, 'GET', {})
    expect(status).toBe(403)
    expect(text).toContain('secure({ allow')
  })

  test('where no contract is known it shows nothing, unless somebody says what keeps others out', async () => {
    const { base, console_ } = opened()
    const guarded = opened({ guardedBy: 'only the <VPN>' })
    const app = express()
    app.use(base, console_.listener)
    app.use(guarded.base, guarded.console_.listener)
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    cleanUp.push(() => server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await fetch(origin + base)).status).toBe(403)
    expect((await fetch(origin + guarded.base)).status).toBe(200)
    expect(await (await fetch(`${origin}${guarded.base}/policy`)).text()).toContain('only the &lt;VPN&gt;')
  })

  test.each([
    { base: 'admin' },
    { base: '/' },
    { base: '/a/' },
    { base: '/a"b' },
    { base: '/a/../b' },
    { base: '/a', keep: 1 },
    { base: '/a', adit: 'var/audit' },
    { base: '/a', guardedBy: ' ' },
  ])('options that cannot be meant are told at once: %o', (options) => {
    expect(() => openConsole(options)).toThrow(expect.objectContaining({ code: 'BULWARK_ADAPTER_MISUSED' }))
  })
})

describe('how it answers', () => {
  test('it only reads: everything but GET and HEAD is refused', async () => {
    const { console_, base } = opened({ guardedBy: 'this is a test' })
    const app = express().use(console_.listener)
    const server = app.listen(0, '127.0.0.1')
    cleanUp.push(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await fetch(url, { method })
      expect([method, status, headers.get('allow')]).toEqual([method, 405, 'GET, HEAD'])
    }
    for (const path of ['', '/live', '/console.css', '/live/stream']) {
      const head = await fetch(url + path, { method: 'HEAD' })
      expect([path, head.status, await head.text()]).toEqual([path, 200, ''])
    }
  })

  test('pages may run the own script and nothing else, are framed by nobody, and stay in no cache', async () => {
    const { base, ask } = await served()
    const { headers, text } = await ask(`${base}/live`)
    const csp = String(headers['content-security-policy'])
    for (const part of ["default-src 'none'", "script-src 'self'", "trusted-types 'none'", "frame-ancestors 'none'"])
      expect(csp).toContain(part)
    expect(csp).not.toContain('unsafe')
    expect(headers['cache-control']).toBe('no-store')
    expect(text).not.toMatch(/<style|<script(?! src)|\son\w+=|\sstyle=/)
    const script = /<script src="([^"]+)"/.exec(text)?.[1] ?? ''
    expect((await ask(script)).headers['content-type']).toBe('text/javascript; charset=utf-8')
  })

  test.each([
    '/console.ts',
    '/../console.ts',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/console.css/../../index.ts',
    '/constructor',
    '/__proto__',
    '/toString',
    '//etc/passwd',
    '/live/',
    'x',
  ])('a name that is no page and no asset is none: %s', async (name) => {
    const { console_, base } = opened({ guardedBy: 'this is a test' })
    const server = express().use(console_.listener).listen(0, '127.0.0.1')
    cleanUp.push(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const status = await new Promise((resolve) =>
      get({ host: '127.0.0.1', port, path: base + name, agent: false }, (res) => resolve(res.resume().statusCode)),
    )
    expect(status).toBe(404)
  })
})

describe('what it shows', () => {
  test('what was refused is there with its incident, its client and its fix', async () => {
    const { base, ask } = await served()
    const { status, text } = await ask('/nowhere', 'GET', {})
    expect(status).toBe(404)
    expect(text).not.toBe('')
    tell({ fix: 'name the origin', user: 'ada', error: new TypeError('password=secret') })
    const live = (await ask(`${base}/live?incident=in-1`)).text
    for (const part of [
      'One incident',
      'a form of another site',
      '203.0.113.9',
      'name the origin',
      'user ada',
      'threw TypeError',
    ])
      expect(live).toContain(part)
    expect(live).not.toContain('secret')
    expect((await ask(`${base}/live?incident=in-2`)).text).toContain('Nothing of it is kept here')
    expect((await ask(`${base}/clients`)).text).toContain('stopped 1 time')
    const now = (await ask(base)).text
    expect(now).toContain('Stopped most often')
    expect(now).toMatch(/csrf<\/strong><\/a> 1 time/)
  })

  test('a guard that fails, and a protection that is off, are at the top of the first page', async () => {
    const { base, ask } = await served()
    expect((await ask(base)).text).not.toContain('rate-limit</strong> failed')
    tell({ outcome: 'failed', guard: 'rate-limit', reason: 'the store is away' })
    const { text } = await ask(base)
    expect(text).toContain('Something needs you')
    expect(text).toMatch(/rate-limit<\/strong> failed 1 time/)
    expect(text).toContain('is off in journal: the gateway &lt;b&gt;does&lt;/b&gt; it')
  })

  test('of more gaps than fit, each is told once, those of the app that was started last first, and the rest is counted', async () => {
    for (let i = 0; i < 60; i++) await served({}, () => {}, { ...policy, csrf: off(`reason ${i % 30}`) })
    const { base, ask } = await served({}, () => {}, { ...policy, csrf: off('the last reason') })
    const { text } = await ask(base)
    expect(text.match(/<li class="(?:warn|bad)">/g)).toHaveLength(21)
    expect(text.match(/reason 29</g)).toHaveLength(1)
    expect(text.indexOf('the last reason')).toBeLessThan(text.indexOf('reason 29<'))
    expect(text).toMatch(/And \d+ more: see the <a href="[^"]*\/policy">policy<\/a>/)
  })

  test('the policy is shown with reasons and ids of keys, and without secrets', async () => {
    const { base, ask } = await served({}, () => {}, { ...policy, keys: KEYS })
    const { text } = await ask(`${base}/policy`)
    expect(text).toMatch(/off<\/span> <strong>csrf<\/strong> the gateway/)
    expect(text).toMatch(/<code>[0-9a-f]{12}<\/code> active/)
    expect(text).not.toContain(KEYS)
  })

  test('routes are shown with who may call them', async () => {
    const { base, ask } = await served()
    const { text } = await ask(`${base}/routes`)
    expect(text).toMatch(/GET<\/strong> \/posts\/:id[\s\S]*post:read: guest, admin[\s\S]*limit 5\/min/)
    expect(text).toMatch(/bulwark:view: admin/)
  })

  test('nothing that a client, a policy or a file says becomes markup', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-console-'))
    cleanUp.push(() => rmSync(folder, { recursive: true }))
    const found = { risk: MARKUP, severity: 'high', foundBy: MARKUP, message: MARKUP, remedy: MARKUP }
    const findings = [
      { ...found, place: { method: MARKUP, path: MARKUP }, evidence: { curl: MARKUP } },
      { ...found, place: { file: MARKUP, line: MARKUP, text: MARKUP } },
    ]
    const file = join(folder, 'probe.json')
    writeFileSync(file, JSON.stringify({ tool: MARKUP, target: MARKUP, findings }))
    const audit = join(folder, 'audit')
    const trail = openAudit({ folder: audit, keys: KEYS })
    const { base, ask } = await served({ findings: [file], audit, keys: KEYS })
    const from = { id: MARKUP, method: MARKUP, path: `/${MARKUP}`, ip: MARKUP }
    const route = { method: MARKUP, path: MARKUP, at: MARKUP, contract: undefined }
    tell({ guard: MARKUP, risk: MARKUP, reason: MARKUP, fix: MARKUP, user: MARKUP, request: from, route })
    trail.add({ action: MARKUP, by: MARKUP, on: MARKUP, details: { [MARKUP]: MARKUP } })
    await trail.flush()
    cleanUp.push(() => trail.close())
    const query = encodeURIComponent(MARKUP)
    for (const path of [
      '',
      '/live',
      `/live?guard=${query}&client=${query}&incident=${query}&outcome=${query}`,
      '/clients',
      '/routes',
      '/policy',
      '/audit',
      `/audit?text=${query}&kind=${query}&page=${query}`,
      '/findings',
    ]) {
      const { status, text } = await ask(base + path)
      expect([path, status]).toEqual([path, 200])
      expect(text, path).not.toContain('<img')
      expect(text, path).not.toMatch(/"[^"<>]*" onerror/)
    }
    const shown = (await ask(`${base}/findings`)).text
    for (const part of ['&lt;img src=x onerror=alert(1)&gt;', 'See it again', 'The line']) expect(shown).toContain(part)
  })

  test('the audit trail is shown, filtered, and told to be whole or changed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-console-'))
    cleanUp.push(() => rmSync(folder, { recursive: true }))
    const trail = openAudit({ folder, keys: KEYS, events: false })
    for (let i = 0; i < 60; i++) trail.add({ action: `post.${i % 2 ? 'write' : 'delete'}`, by: `person ${i}` })
    await trail.flush()
    const { base, ask } = await served({ audit: folder, keys: KEYS })
    const first = (await ask(`${base}/audit`)).text
    expect(first).toContain('Every line is as it was written')
    expect(first).toContain('by person 59')
    expect(first).not.toContain('by person 3<')
    expect(first).toContain('Older ones')
    expect((await ask(`${base}/audit?page=1`)).text).toContain('by person 3<')
    expect((await ask(`${base}/audit?kind=event`)).text).toContain('Nothing fits')
    const deleted = (await ask(`${base}/audit?text=post.delete`)).text
    expect(deleted).toContain('by person 58')
    expect(deleted).not.toContain('by person 59')
    trail.close()
    const { readdirSync, readFileSync } = await import('node:fs')
    const file = join(folder, readdirSync(folder)[0] ?? '')
    writeFileSync(file, readFileSync(file, 'utf8').replace('person 7', 'person 8'))
    const { text } = await ask(`${base}/audit`)
    expect(text).toContain('Something was changed, added or taken away')
    expect(text).toContain('this line was changed')
    // Whoever can write there can write anything, and a lot of it.
    const kinds = ['begin', 'event', 'did', 'more', 'lost', 'end']
    const odd = kinds.flatMap((kind) => [
      { n: 0, at: 'z', do: kind },
      {
        n: 0,
        at: 'z',
        do: kind,
        outcome: {},
        guard: [MARKUP],
        reason: 7,
        path: {},
        many: {},
        pid: {},
        action: null,
        on: 1,
      },
    ])
    writeFileSync(file, `${odd.map((line) => JSON.stringify(line)).join('\n')}\nnull\n[]\n7\n`)
    const changed = await ask(`${base}/audit?text=x`)
    expect([changed.status, (await ask(`${base}/audit`)).status]).toEqual([200, 200])
    expect((await ask(`${base}/audit`)).text).not.toContain('<img')
    const line = (n: number): string =>
      JSON.stringify({ n, at: new Date(n).toISOString(), do: 'did', action: 'a', by: `person ${n} ä` })
    const many = Array.from({ length: 250_000 }, (_, n) => line(n)).join('\n')
    writeFileSync(file, `${'x'.repeat(300_000)}\n${many}\n`)
    const large = (await ask(`${base}/audit`)).text
    for (const part of ['by person 249999 ä', 'too large to be checked', 'the newest 16 MB'])
      expect(large).toContain(part)
    expect((await ask(`${base}/audit?text=person+3+`)).text).toContain('Nothing fits')
  })

  test('a trail that is not there, files that are broken, gone, huge or of something else say so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-console-'))
    cleanUp.push(() => rmSync(folder, { recursive: true }))
    const files = {
      'half.json': '{"tool":"bulwark scan","findings":[',
      'other.json': '[1]',
      'huge.json': ' '.repeat(4_200_000),
      'odd.json': '{"tool":"x","findings":[null,7,[],{"severity":"none","place":3}]}',
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const findings = [...Object.keys(files), 'gone.json'].map((name) => join(folder, name))
    const { base, ask } = await served({ findings, audit: join(folder, 'nothing'), keys: KEYS })
    const { status, text } = await ask(`${base}/findings`)
    expect(status).toBe(200)
    for (const part of ['only half written', 'no result of bulwark', 'too large', 'not there yet', '1 critical'])
      expect(text).toContain(part)
    expect((await ask(`${base}/audit`)).text).toContain('cannot be read (ENOENT)')
    expect((await ask(`${base}/live?incident=in-1`)).status).toBe(200)
    // What has changed on the disk is read again.
    writeFileSync(join(folder, 'half.json'), '{"tool":"bulwark scan","findings":[]}')
    expect((await ask(`${base}/findings`)).text).toContain('Nothing was found')
  })
})

describe('the stream', () => {
  interface Look {
    readonly frames: {
      readonly at: number
      readonly data: { entries: { n: number; reason: string }[]; missed: number }
    }[]
    readonly ids: string[]
    end(): void
  }

  async function look(port: number, path: string, headers: Record<string, string> = {}): Promise<Look> {
    const frames: Look['frames'] = []
    const ids: string[] = []
    const sent = get({ host: '127.0.0.1', port, path, headers: { 'x-who': 'mary', ...headers }, agent: false })
    cleanUp.push(() => sent.destroy())
    sent.on('error', () => {})
    await new Promise<void>((resolve) => {
      sent.on('response', (res) => {
        expect(res.headers['content-type']).toBe('text/event-stream; charset=utf-8')
        let text = ''
        res.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          const parts = text.split('\n\n')
          text = parts.pop() ?? ''
          for (const part of parts) {
            if (part.startsWith('retry')) resolve()
            const id = /^id: (.*)$/m.exec(part)?.[1]
            if (id) ids.push(id)
            const data = /^data: (.*)$/m.exec(part)?.[1]
            if (data) frames.push({ at: Date.now(), data: JSON.parse(data) })
          }
        })
      })
    })
    return { frames, ids, end: () => void sent.destroy() }
  }

  test('two who look on hear of each event once, each by their own filter, and go on where they left off', async () => {
    const { base, port } = await served()
    tell({ reason: 'before anybody looked' })
    const all = await look(port, `${base}/live/stream`)
    const some = await look(port, `${base}/live/stream?outcome=failed`)
    tell({ reason: 'one' })
    tell({ reason: 'two', outcome: 'failed' })
    await expect
      .poll(() => all.frames.flatMap(({ data }) => data.entries.map(({ reason }) => reason)))
      .toEqual(['one', 'two'])
    await expect
      .poll(() => some.frames.flatMap(({ data }) => data.entries.map(({ reason }) => reason)))
      .toEqual(['two'])
    all.end()
    tell({ reason: 'three' })
    const back = await look(port, `${base}/live/stream?after=0`, { 'last-event-id': all.ids.at(-1) ?? '' })
    await expect
      .poll(() => back.frames.flatMap(({ data }) => data.entries.map(({ reason }) => reason)))
      .toEqual(['three'])
    const other = await look(port, `${base}/live/stream?after=3`, { 'last-event-id': 'another-1' })
    await expect
      .poll(() => other.frames.flatMap(({ data }) => data.entries.map(({ reason }) => reason)))
      .toEqual(['three'])
  })

  test('a flood becomes a few small frames that say how much is missing', async () => {
    const { base, port } = await served({ keep: 1000 })
    const { frames } = await look(port, `${base}/live/stream`)
    for (let i = 0; i < 10_000; i++) tell({ reason: `event ${i}` })
    const sum = () => frames.reduce((all, { data }) => all + data.entries.length + data.missed, 0)
    await expect.poll(sum).toBe(10_000)
    expect(frames.length).toBeLessThanOrEqual(4)
    expect(frames[0]?.data.entries).toHaveLength(50)
    expect(frames.at(-1)?.data.entries.at(-1)?.reason).toBe('event 9999')
  })

  test('only so many may look on at a time', async () => {
    const { base, port, ask } = await served()
    const looks = await Promise.all(Array.from({ length: 20 }, () => look(port, `${base}/live/stream`)))
    const { status, headers } = await ask(`${base}/live/stream`)
    expect([status, headers['retry-after']]).toEqual([503, '60'])
    looks[0]?.end()
    await expect
      .poll(async () => {
        const again = get({
          host: '127.0.0.1',
          port,
          path: `${base}/live/stream`,
          headers: { 'x-who': 'mary' },
          agent: false,
        })
        again.on('error', () => {})
        const code = await new Promise((resolve) => again.on('response', ({ statusCode }) => resolve(statusCode)))
        again.destroy()
        return code
      })
      .toBe(200)
  })
})
