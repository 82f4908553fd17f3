import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import { probe } from '../../../prober/index.ts'
import type { Victim } from '../../core/victim.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { probes } from './probe.ts'

const escaped = (text: string): string => text.replace(/[^\w ]/g, '')

/** A book for guests: whoever comes by may write into it. */
const guestbook: Victim = (app) => {
  const lines: string[] = []
  app.get('/', (_req, res) => {
    res.send(`${lines.map(escaped).join()}<form method="post" action="/"><input name="line"></form>`)
  })
  app.post('/', (req, res) => {
    lines.push(String(req.body['line']))
    res.redirect('/')
  })
}

/** A diary behind a sign-in, whose form may hold a token that stays the same as long as somebody is signed in. */
const diary =
  (isChecked: boolean): Victim =>
  (app) => {
    const lines: string[] = []
    const mark = 'k3Jq9xW1z7Lm5Np2Rt8V'
    const isIn = (cookie: unknown): boolean => findCookie(String(cookie ?? ''), 'diary') === 'open'
    app.post('/in', (_req, res) => res.set('Set-Cookie', 'diary=open; Path=/').redirect('/'), {
      body: { type: 'form', fields: { user: 'ada', password: 'right-one' } },
      signIn: true,
    })
    app.get('/in', (_req, res) =>
      res.send('<form method="post"><input name="user"><input type="password" name="password"></form>'),
    )
    app.get('/', (req, res) => {
      if (!isIn(req.headers['cookie'])) return res.redirect('/in')
      const field = isChecked ? `<input type="hidden" name="seal" value="${mark}">` : ''
      return res.send(
        `${lines.map(escaped).join()}<form method="post" action="/lines">${field}<input name="line"></form>`,
      )
    })
    app.post('/lines', (req, res) => {
      if (isIn(req.headers['cookie']) && (!isChecked || req.body['seal'] === mark)) lines.push(String(req.body['line']))
      res.redirect('/')
    })
  }

const account = {
  signIn: { path: '/in', type: 'form', fields: { user: 'ada', password: 'right-one' } },
} as const
const forms = probes.filter(({ name }) => /form$/.test(name))
const crawling = { crawl: true, routes: [] }

test('a form that anybody may send is no forgery of anybody', async () => {
  expect(await attacked(guestbook, forms, crawling)).toEqual([])
})

test('a token by whatever name is not for other sites to know', async () => {
  expect(await attacked(diary(false), forms, { ...crawling, account })).toEqual([
    'csrf/cross-site-form POST /lines',
    'csrf/sibling-site-form POST /lines',
    'csrf/old-browser-form POST /lines',
  ])
  expect(await attacked(diary(true), forms, { ...crawling, account })).toEqual([])
})

test('whoever could not sign in has no token from before', async () => {
  const counter: Victim = (app) => {
    const notes: string[] = []
    const field = '<input type="hidden" name="csrf" value="k3Jq9xW1z7Lm5Np2Rt8V">'
    app.get('/in', (_req, res) =>
      res.send(`<form method="post">${field}<input name="user"><input name="password"></form>`),
    )
    app.post('/in', (req, res) => (req.body['password'] === 'right-one' ? res.redirect('/') : res.redirect('/in')), {
      body: { type: 'form', fields: { user: 'ada', password: 'a guess' } },
      signIn: true,
    })
    app.get('/', (_req, res) =>
      res.send(`${notes.map(escaped).join()}<form method="post" action="/notes">${field}<input name="note"></form>`),
    )
    app.post(
      '/notes',
      (req, res) => {
        if (req.body['csrf'] === 'k3Jq9xW1z7Lm5Np2Rt8V') notes.push(String(req.body['note']))
        res.redirect('/')
      },
      { body: { type: 'form', fields: { note: 'a word' } }, readBack: '/' },
    )
  }
  const tokens = probes.filter(({ name }) => name === 'csrf/token-reused-after-sign-in')
  expect(await attacked(counter, tokens)).toEqual([])
})

test.each([
  ['from anywhere', () => true, 'proven'],
  ['from its own pages', (origin: string | undefined) => origin?.startsWith('http://127.0.0.1') === true, 'disproven'],
] as const)('a WebSocket that opens for whoever is signed in, %s', async (_, isWelcome, verdict) => {
  const isIn = (cookie: string | undefined): boolean => findCookie(cookie ?? '', 'desk') === 'open'
  const server = createServer((req, res) => {
    if (req.method === 'POST') res.setHeader('Set-Cookie', 'desk=open; Path=/')
    res.setHeader('Content-Type', 'text/html')
    res.end(
      isIn(req.headers.cookie) ? 'welcome' : '<form method="post"><input name="user"><input name="password"></form>',
    )
  })
  server.on('upgrade', ({ headers }, socket) => {
    socket.on('error', () => socket.destroy())
    if (!isIn(headers.cookie) || !isWelcome(headers.origin)) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { results } = await probe({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      routes: [{ method: 'UPGRADE', path: '/live' }],
      account,
      crawl: false,
      probes: probes.filter(({ name }) => name === 'csrf/cross-site-websocket'),
    })
    expect(results.map((one) => one.verdict)).toEqual([verdict])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
