import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import * as onExpress from '../../adapters/express.ts'
import * as onFastify from '../../adapters/fastify.ts'
import * as onHono from '../../adapters/hono.ts'
import * as onNode from '../../adapters/node.ts'
import type { SecurityEvent } from '../../core/event.ts'
import { off } from '../../core/policy.ts'
import type { UploadedFile } from '../../core/upload.ts'
import type { Policy } from '../../runtime/policy.ts'
import { EMPTY_ZIP, FORM_TYPE, form, GIF, JPEG, type Part, PNG } from './test-forms.ts'

const contract = {
  body: z.object({ title: z.string().min(3), rank: z.number().optional() }),
  files: {
    picture: { most: 1, size: '200kb', types: ['image/png', 'image/jpeg'] },
    papers: { most: 2, size: 1000, types: ['text/plain', 'text/csv'] },
  },
} as const

type Files = { readonly picture: readonly UploadedFile[]; readonly papers: readonly UploadedFile[] }
type Handle = (body: { title: string }, files: Files) => unknown

let work: string
let kept: string
let events: SecurityEvent[]
let policy: Policy
/** What the handler does besides telling what it got. */
let more: Handle
const closers: (() => unknown)[] = []

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'uploads-test-'))
  kept = join(work, 'kept')
  mkdirSync(kept)
  mkdirSync(join(work, 'way'))
  events = []
  more = () => undefined
  policy = { onEvent: (event) => void events.push(event), uploads: { folder: join(work, 'way'), memory: 1000 } }
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  rmSync(work, { recursive: true, force: true })
})

/** Files that are on their way at this moment. */
const waiting = (): string[] =>
  readdirSync(join(work, 'way')).flatMap((folder) => readdirSync(join(work, 'way', folder)))

async function tell(body: { title: string }, files: Files): Promise<object> {
  const result = await more(body, files)
  const told = (list: readonly UploadedFile[]) => list.map(({ name, type, size }) => ({ name, type, size }))
  return { body, picture: told(files.picture), papers: told(files.papers), ...(result !== undefined && { result }) }
}

const onAnyExpress = (make: () => ReturnType<typeof express>) => async (): Promise<Server> => {
  const app = make()
  app.use(onExpress.bulwark(policy))
  app.use(express.json())
  app.post('/', onExpress.secure(contract), async (req, res, next) => {
    try {
      res.json(await tell(req.security.input.body, req.security.input.files))
    } catch (error) {
      next(error)
    }
  })
  return app.listen(0, '127.0.0.1')
}

const apps: Record<string, () => Promise<Server>> = {
  'Express 5': onAnyExpress(express),
  'Express 4': onAnyExpress(createRequire(import.meta.url)('express4') as typeof express),
  async 'Fastify 5'() {
    const app = Fastify({ bodyLimit: 20_000_000 })
    app.register(onFastify.bulwark(policy))
    app.post('/', onFastify.secure(contract), async ({ security: { input } }) => tell(input.body, input.files))
    await app.listen({ port: 0, host: '127.0.0.1' })
    closers.push(() => app.close())
    return app.server
  },
  async 'Hono 4'() {
    const app = new Hono()
    app.use(onHono.bulwark(policy))
    app.post('/', onHono.secure(contract), async (c) => {
      const { input } = c.get('security')
      return c.json((await tell(input.body, input.files)) as never)
    })
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  },
  async 'node:http'() {
    const listener = onNode.secure(contract, async (req, res) => {
      const { input } = onNode.securityOf(req)
      const rank: number | undefined = input.body.rank
      // @ts-expect-error the route declares no such files
      const none = input.files.other
      res.end(JSON.stringify({ ...(await tell(input.body, input.files)), rank, none }))
    })
    return onNode.secure(createServer(listener), policy).listen(0, '127.0.0.1')
  },
}

async function start(name = 'node:http'): Promise<number> {
  const server = await apps[name]!()
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  if (!server.listening) await new Promise((done) => server.once('listening', done))
  return (server.address() as AddressInfo).port
}

const post = (port: number, body: Buffer | string, type: string = FORM_TYPE) =>
  fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { 'content-type': type }, body })

const title: Part = { name: 'title', content: 'Tea' }
const picture: Part = { name: 'picture', fileName: 'me.png', type: 'image/png', content: PNG }
const large: Part = { ...picture, content: Buffer.concat([PNG, Buffer.alloc(150_000, 1)]) }

/** What became of one form, and that nothing of it is left. */
async function send(
  parts: readonly Part[] | Buffer,
  port?: number,
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await post(port ?? (await start()), Buffer.isBuffer(parts) ? parts : form(parts as readonly Part[]))
  const answer = JSON.parse(await response.text()) as Record<string, unknown>
  await vi.waitFor(() => expect(waiting()).toEqual([]))
  return { status: response.status, answer }
}

describe.each(Object.keys(apps))('on %s', (name) => {
  test('a handler gets fields by the schema and files by their content', async () => {
    let content: Uint8Array | undefined
    let mode: number | undefined
    more = async (_body, files) => {
      content = await files.picture[0]?.bytes()
      const [folder] = readdirSync(join(work, 'way'))
      const [file = ''] = waiting()
      mode = statSync(join(work, 'way', folder!, file)).mode & 0o777
      return /^[0-9a-f]{32}$/.test(file)
    }
    const { status, answer } = await send([title, { name: 'rank', content: '2' }, large], await start(name))
    expect([status, answer]).toEqual([
      200,
      expect.objectContaining({
        body: { title: 'Tea', rank: 2 },
        picture: [{ name: 'me.png', type: 'image/png', size: large.content.length }],
        papers: [],
        result: true,
      }),
    ])
    expect(Buffer.from(content!).equals(large.content as Buffer)).toBe(true)
    expect(mode).toBe(0o600)
  })

  test('what is kept stays, and everything else goes with the answer', async () => {
    more = async (_body, files) => (await files.picture[0]!.keep(kept)).slice(realpathSync(kept).length + 1)
    const paper: Part = { name: 'papers', fileName: 'a.txt', type: 'text/plain', content: 'x'.repeat(1000) }
    const { answer } = await send([title, large, paper], await start(name))
    expect(answer['result']).toMatch(/^[0-9a-f]{32}\.png$/)
    expect(readFileSync(join(kept, answer['result'] as string)).equals(large.content as Buffer)).toBe(true)
    expect(statSync(join(kept, answer['result'] as string)).mode & 0o777).toBe(0o600)
  })

  test('a field that is wrong, or a file, is refused with its name, and the handler never runs', async () => {
    more = () => {
      throw new Error('the handler ran')
    }
    const port = await start(name)
    expect(await send([{ ...title, content: 'T' }, large], port)).toMatchObject({
      status: 422,
      answer: { errors: [{ path: 'title' }] },
    })
    expect(await send([title, { ...large, content: Buffer.alloc(250_000, 1) }], port)).toMatchObject({
      status: 413,
      answer: { errors: [{ path: 'picture', message: 'must be at most 200kb' }] },
    })
    expect(await send([title, { ...large, content: 'x'.repeat(5000) }], port)).toMatchObject({
      status: 422,
      answer: {
        errors: [
          { path: 'picture', message: 'must be of type image/png or image/jpeg, with a name that says the same' },
        ],
      },
    })
  })

  test('nothing is left when the handler fails', async () => {
    more = () => {
      throw new Error('broken')
    }
    expect((await send([title, large], await start(name))).status).toBe(500)
  })

  test('nothing is left when the client goes away, before the form has ended and after', async () => {
    const port = await start(name)
    const whole = form([title, large])
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${FORM_TYPE}\r\nContent-Length: ${whole.length}\r\n\r\n`
    const half = connect(port, '127.0.0.1')
    half.write(Buffer.concat([Buffer.from(head), whole.subarray(0, 100_000)]))
    await vi.waitFor(() => expect(waiting()).toHaveLength(1))
    half.destroy()
    await vi.waitFor(() => expect(waiting()).toEqual([]))

    let release = (): void => {}
    more = () => new Promise<void>((resolve) => (release = resolve))
    const full = connect(port, '127.0.0.1')
    full.write(Buffer.concat([Buffer.from(head), whole]))
    await vi.waitFor(() => expect(waiting()).toHaveLength(1))
    full.destroy()
    await vi.waitFor(() => expect(waiting()).toEqual([]))
    release()
  })

  test('another kind of body is read as everywhere, without files', async () => {
    const port = await start(name)
    const response = await post(port, '{"title":"Tea"}', 'application/json')
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { body: { title: 'Tea' }, picture: [], papers: [] },
    ])
    expect((await post(port, 'title=Te', 'application/x-www-form-urlencoded')).status).toBe(422)
  })
})

const file = (content: string | Buffer, fileName: string, type?: string): Part[] => [
  title,
  { name: 'picture', fileName, type, content },
]
const paper = (content: string | Buffer, fileName = 'a.txt', type = 'text/plain'): Part => ({
  name: 'papers',
  fileName,
  type,
  content,
})

describe('content is believed, and names and types must agree with it', () => {
  test.each<[string, Part[]]>([
    ['a picture', file(PNG, 'a.png', 'image/png')],
    ['another one', file(JPEG, 'a.JPEG', 'image/jpeg')],
    ['one that nothing is said about', file(PNG, 'blob')],
    ['one whose type the client does not know', file(PNG, 'a.png', 'application/octet-stream')],
    ['a text', [title, paper('tea & cake\n')]],
    ['a text of two kinds', [title, paper('a;b\n1;2', 'a.csv', 'text/csv'), paper('ü')]],
    [
      'a field without a file',
      [title, { name: 'picture', fileName: '', type: 'application/octet-stream', content: '' }],
    ],
  ])('%s is taken', async (_name, parts) => {
    expect((await send(parts)).status).toBe(200)
  })

  test.each<[string, Part[]]>([
    ['a page under its own name', file('<html><script>alert(1)</script>', 'a.html', 'text/html')],
    ['a page under the name and type of a picture', file('<html><script>alert(1)</script>', 'a.png', 'image/png')],
    ['a picture under the name of a page', file(PNG, 'a.html', 'image/png')],
    ['a picture of the type of a page', file(PNG, 'a.png', 'text/html')],
    ['a picture of another kind', file(GIF, 'a.gif', 'image/gif')],
    ['a kind under the name of another', file(JPEG, 'a.png', 'image/jpeg')],
    ['SVG', file('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'a.svg', 'image/svg+xml')],
    ['SVG under the name of a picture', file('<?xml version="1.0"?><svg onload="alert(1)"/>', 'a.png', 'image/png')],
    [
      'a page behind the first bytes of a picture',
      file(Buffer.concat([PNG.subarray(0, 8), Buffer.from('<html><body>')]), 'a.png'),
    ],
    [
      'a script far inside of a picture',
      file(Buffer.concat([JPEG, Buffer.alloc(90_000, 2), Buffer.from('<ScRiPt>')]), 'a.jpg'),
    ],
    ['PHP at the end of a picture', file(Buffer.concat([PNG, Buffer.from('<?php system($_GET[0]);')]), 'a.png')],
    ['an archive at the end of a picture', file(Buffer.concat([PNG, EMPTY_ZIP]), 'a.png')],
    [
      'an archive with a comment at the end of a picture',
      file(Buffer.concat([PNG, EMPTY_ZIP.subarray(0, 20), Buffer.from([9, 0]), Buffer.alloc(9, 65)]), 'a.png'),
    ],
    ['an empty file', file('', 'a.png', 'image/png')],
    ['a text with NUL', [title, paper('a\0b')]],
    ['a text that is no UTF-8', [title, paper(Buffer.from([0x61, 0xff, 0x62]))]],
    ['a text that ends inside of a character', [title, paper(Buffer.from([0x61, 0xc3]))]],
    ['a page among texts', [title, paper('hello <script>alert(1)</script>')]],
    ['a picture among texts', [title, paper(PNG, 'a.txt')]],
    ['one file too many', [title, picture, { ...picture, fileName: 'b.png' }]],
    ['two files of one name where one is allowed', [title, picture, picture]],
    ['a file in a field that takes none', [title, { ...picture, name: 'title' }]],
    ['a file in a field that nobody declared', [title, { ...picture, name: 'other' }]],
    ['a field that nobody declared', [title, { name: 'isAdmin', content: 'true' }]],
    ['a text in the field of a file', [title, { name: 'picture', content: 'hello' }]],
  ])('%s is refused', async (_name, parts) => {
    more = () => {
      throw new Error('the handler ran')
    }
    const { status, answer } = await send(parts)
    expect([status, answer['errors']]).toEqual([422, expect.any(Array)])
    expect(JSON.stringify(answer)).not.toMatch(/alert|isAdmin|other|a\.png/)
  })
})

describe('names', () => {
  test.each([
    ['../../etc/cron.d/evil.png', 'evil.png'],
    ['..\\\\..\\\\evil.png', 'evil.png'],
    ['/etc/passwd/.png', 'png'],
    ['...', 'file'],
    ['C:\\\\Users\\\\ada\\\\me.png', 'me.png'],
    ['shell.php.png', 'shell-php.png'],
    ['.htaccess.png', 'htaccess.png'],
    ['a<b>"c&.png', 'a-b'],
    ['con.png', 'con-.png'],
    ['a\u202egnp.png', 'a-gnp.png'],
    ['ünïcödé 文字.png', 'ünïcödé 文字.png'],
    [`${'x'.repeat(900)}.png`, `${'x'.repeat(80)}.png`],
    ['a;b|c$(d)`.png', 'a-b-c-(d).png'],
    ['%2e%2e%2fa.png', '2e-2e-2fa.png'],
  ])('%j comes out as %j', async (sent, name) => {
    const { status, answer } = await send([title, { ...picture, fileName: sent }])
    expect([status, answer['picture']]).toEqual([200, [expect.objectContaining({ name })]])
  })

  test('of two files may be the same', async () => {
    more = async (_body, { papers }) => Promise.all(papers.map(async (each) => (await each.keep(kept)) && 'kept'))
    const { answer } = await send([title, paper('one'), paper('two')])
    expect(answer['result']).toEqual(['kept', 'kept'])
    expect(readdirSync(kept)).toHaveLength(2)
  })

  test('that are given when a file is kept lead nowhere else, replace nothing and say what the file is', async () => {
    const outside = join(work, 'outside')
    mkdirSync(outside)
    symlinkSync(outside, join(kept, 'link'))
    const wrong = [
      '../a.png',
      '/tmp/a.png',
      'a/../../b.png',
      '.a.png',
      'a//b.png',
      'link/a.png',
      'a\\b.png',
      'a\0.png',
      'a.html',
      'a.png.html',
      'a',
      '',
    ]
    more = async (_body, files) => {
      const codes = []
      for (const each of wrong) codes.push(await files.picture[0]!.keep(kept, each).catch(({ code }) => code))
      const first = await files.picture[0]!.keep(kept, 'people/7.png')
      codes.push(await files.picture[0]!.keep(kept, 'people/8.png').catch(({ code }) => code))
      return [codes, first.slice(realpathSync(kept).length)]
    }
    const port = await start()
    const { answer } = await send([title, large], port)
    expect(answer['result']).toEqual([Array(wrong.length + 1).fill('BULWARK_UPLOAD_REFUSED'), '/people/7.png'])
    expect(readdirSync(outside)).toEqual([])
    more = async (_body, files) => files.picture[0]!.keep(kept, 'people/7.png').catch(({ code }) => code)
    expect((await send([title, picture], port)).answer['result']).toBe('BULWARK_UPLOAD_REFUSED')
    expect(readFileSync(join(kept, 'people/7.png')).equals(large.content as Buffer)).toBe(true)
  })

  test('a file is no longer there when the answer has ended', async () => {
    const late: UploadedFile[] = []
    more = (_body, { picture: [one], papers: [two] }) => void late.push(one!, two!)
    await send([title, large, paper('small')])
    for (const each of late) await expect(each.bytes()).rejects.toMatchObject({ code: 'BULWARK_UPLOAD_REFUSED' })
  })
})

describe('forms that are none', () => {
  const disposition = 'Content-Disposition: form-data; name="picture"; filename="a.png"'
  test.each<[string, Buffer, number]>([
    ['without an end', form([title, large], ''), 400],
    ['cut off inside of a file', form([title, large]).subarray(0, 60_000), 400],
    [
      'with another boundary',
      Buffer.from(form([title, large]).toString('latin1').replaceAll('test7d3a', 'other'), 'latin1'),
      400,
    ],
    ['with nothing in it', Buffer.alloc(10, 0x0a), 400],
    ['in forms', form([title, { ...large, head: `${disposition}\r\nContent-Type: multipart/mixed; boundary=b` }]), 400],
    [
      'in forms, as a field',
      form([
        title,
        {
          name: 'x',
          content: 'y',
          head: 'Content-Disposition: form-data; name="x"\r\nContent-Type: multipart/mixed; boundary=b',
        },
      ]),
      400,
    ],
    [
      'with a file without a field',
      form([title, { ...large, head: 'Content-Disposition: form-data; filename="a.png"' }]),
      400,
    ],
    ['with a name of 3,000 letters', form([title, { ...large, fileName: `${'x'.repeat(3000)}.png` }]), 400],
    ['with 1,000 parts', form(Array.from({ length: 1000 }, (_, i) => ({ name: `f${i}`, content: 'x' }))), 400],
    ['with a field of 2 MB', form([{ ...title, content: 'x'.repeat(2_000_000) }, large]), 413],
  ])('%s are refused, and nothing is left of them', async (_name, body, status) => {
    more = () => {
      throw new Error('the handler ran')
    }
    for (const bodyLimits of [undefined, off('to show that uploads does it too')]) {
      policy = { ...policy, ...(bodyLimits && { bodyLimits }) }
      const outcome = await send(body)
      if (bodyLimits === undefined) expect(outcome.status).toBe(status)
      else expect([400, 413, 422]).toContain(outcome.status)
    }
  })

  test('with headers that never end are refused by the limits of bodies, before a parser sees them', async () => {
    const long = form([title, { ...large, head: `${disposition}\r\n${'X-A: b\r\n'.repeat(800)}X: y` }])
    expect((await send(long)).status).toBe(400)
  })

  test('a line break in a name makes no header of it: such a part reaches nobody', async () => {
    for (const name of ['a\r\nContent-Type: text/html\r\n.png', 'a\nb.png', 'a\rb.png']) {
      const { answer } = await send([title, { ...picture, fileName: name }])
      expect(JSON.stringify(answer)).not.toContain('text/html')
      expect(answer['picture'] ?? []).toEqual([])
    }
  })

  test('what comes behind the end of a form is no part of it', async () => {
    const { status, answer } = await send(Buffer.concat([form([title]), form([picture])]))
    expect([status, answer['picture']]).toEqual([200, []])
  })

  test('a form that trickles in is read like any other', async () => {
    const port = await start()
    const whole = form([title, picture])
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.write(
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${FORM_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    for (let i = 0; i < whole.length; i += 3) {
      const part = whole.subarray(i, i + 3)
      socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]))
    }
    socket.write('0\r\n\r\n')
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    expect(answer).toContain('"type":"image/png"')
  })
})

describe('when something fails', () => {
  test('a disk that takes nothing is 503 and an event, and the next form is read as soon as it is mended', async () => {
    const port = await start()
    rmSync(join(work, 'way'), { recursive: true })
    const response = await post(port, form([title, large]))
    expect([response.status, (await response.text()).includes('ENOENT')]).toEqual([503, false])
    expect(events).toContainEqual(expect.objectContaining({ guard: 'input', outcome: 'failed' }))
    expect((await post(port, form([title, picture]))).status).toBe(200)
    mkdirSync(join(work, 'way'))
    expect((await send([title, large], port)).status).toBe(200)
  })

  test('a folder that something has cleaned away is made anew', async () => {
    const port = await start()
    expect((await send([title, large], port)).status).toBe(200)
    for (const folder of readdirSync(join(work, 'way'))) rmSync(join(work, 'way', folder), { recursive: true })
    expect((await send([title, large], port)).status).toBe(200)
  })

  test('a parser of the app in front of the route is told of, and no file is missed in silence', async () => {
    const app = express()
    app.use(onExpress.bulwark(policy))
    app.use((req, _res, next) => void req.on('data', () => {}).on('end', () => next()))
    app.post('/', onExpress.secure(contract), (_req, res) => void res.json({ ran: true }))
    const server = app.listen(0, '127.0.0.1')
    closers.push(() => server.close())
    await new Promise((done) => server.once('listening', done))
    const response = await post((server.address() as AddressInfo).port, form([title, picture]))
    await response.text()
    expect(response.status).toBe(503)
    expect(events).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'BULWARK_ADAPTER_MISUSED' }) }),
    )
  })

  test('with input off, files are checked all the same', async () => {
    policy = { ...policy, input: off('to show that files do not need it') }
    const port = await start()
    const response = await post(port, form(file('<html>', 'a.html')))
    await response.text()
    expect(response.status).toBe(422)
  })

  test('many forms at once leave nothing behind', async () => {
    more = () => waiting().length
    const port = await start()
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        post(port, form([title, i % 3 === 0 ? { ...large, content: 'x'.repeat(5000) } : large])),
      ),
    )
    for (const each of outcomes) await each.text()
    expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(16)
    await vi.waitFor(() => expect(waiting()).toEqual([]))
  })
})
