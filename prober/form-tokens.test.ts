import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Account } from './account.ts'
import { crawl } from './crawl.ts'
import { page, reach, type Served, serve } from './lab.ts'

const account: Account = { signIn: { path: '/sign-in', type: 'form', fields: { user: 'ada', pass: 'right' } } }

/** An app whose forms hold a token that is good once, and for one visitor. */
async function app(): Promise<Served & { readonly notes: string[] }> {
  const tokens = new Map<string, string>()
  const inside = new Set<string>()
  const notes: string[] = []
  const served = await serve((seen, res) => {
    const id = /visit=([\w-]+)/.exec(seen.headers.cookie ?? '')?.[1] ?? randomUUID()
    const cookie = { 'set-cookie': `visit=${id}; Path=/; HttpOnly` }
    const field = (): string => {
      tokens.set(id, randomUUID())
      return `<input type=hidden name=_csrf value="${tokens.get(id)}">`
    }
    const fields = new URLSearchParams(seen.body.includes('name="_csrf"') ? '' : seen.body)
    const sent = fields.get('_csrf') ?? /name="_csrf"\r\n\r\n([\w-]+)/.exec(seen.body)?.[1] ?? ''
    if (seen.url === '/sign-in' && seen.method === 'GET')
      return page(res, `<form method=post>${field()}<input name=user><input type=password name=pass></form>`, cookie)
    if (seen.method === 'POST') {
      const isGood = sent !== '' && tokens.get(id) === sent
      tokens.delete(id)
      if (!isGood) return res.writeHead(403).end('old')
      if (seen.url === '/sign-in') inside.add(id)
      else notes.push(fields.get('note') ?? 'a file')
      return res.writeHead(302, { location: '/notes', ...cookie }).end()
    }
    if (seen.url === '/contact') return page(res, `<form method=post>${field()}<input name=note></form>`, cookie)
    if (!inside.has(id)) return res.writeHead(302, { location: '/sign-in' }).end()
    page(
      res,
      `<form method=post action=/notes>${field()}<input name=note><input type=hidden name=list value=12></form>`,
    )
  })
  return { ...served, notes }
}

async function crawled(victim: Served): ReturnType<typeof reach> {
  const reached = await reach(victim.origin, { account })
  const { target, run } = reached
  const routes = ['/notes', '/contact'].map((path) => ({ method: 'GET', path }))
  const found: never[] = []
  await crawl({
    origin: victim.origin,
    firstPage: '/notes',
    send: target.send,
    account,
    routes,
    found,
    tokens: run.tokens,
  })
  return { ...reached, target: Object.assign(target, { routes: found }) }
}

const formOf = ({ target }: Awaited<ReturnType<typeof reach>>, path: string): Record<string, string> => ({
  ...target.routes.find((route) => route.path === path && route.body?.fields['_csrf'] !== undefined)?.body?.fields,
})

test('a request with a crawled token carries a fresh one, as often as it is sent', async () => {
  const victim = await app()
  const reached = await crawled(victim)
  const form = formOf(reached, '/notes')
  expect(form).toMatchObject({ list: '12' })
  for (const note of ['one', 'two']) {
    const answer = await reached.target.send({
      method: 'POST',
      path: '/notes',
      signedIn: true,
      form: { ...form, note },
    })
    expect(answer.status).toBe(302)
  }
  expect(victim.notes).toEqual(['one', 'two'])
})

test('a stranger reads the page too, and keeps the cookies that came with it', async () => {
  const victim = await app()
  const reached = await crawled(victim)
  const answer = await reached.target.send({
    method: 'POST',
    path: '/contact',
    form: { ...formOf(reached, '/contact'), note: 'hi' },
  })
  expect([answer.status, victim.notes]).toEqual([302, ['hi']])
  expect(answer.all('set-cookie')[0]).toMatch(/^visit=/)
})

test('another site has no token to send, and what is left out or forged on purpose stays so', async () => {
  const victim = await app()
  const reached = await crawled(victim)
  const form = formOf(reached, '/notes')
  const send = (more: object, fields: Record<string, string>) =>
    reached.target.send({ method: 'POST', path: '/notes', signedIn: true, form: { ...fields, note: 'x' }, ...more })
  expect((await send({ headers: { origin: 'https://elsewhere.example' } }, form)).status).toBe(403)
  expect(victim.seen.at(-1)?.body).toBe('note=x&list=12')
  expect((await send({}, { list: '12' })).status).toBe(403)
  expect((await send({}, { _csrf: 'forged' })).status).toBe(403)
  expect(victim.notes).toEqual([])
})

test('a form with files is renewed in its bytes', async () => {
  const victim = await app()
  const reached = await crawled(victim)
  const { _csrf = '' } = formOf(reached, '/notes')
  const part = (name: string, value: string): string =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const answer = await reached.target.send({
    method: 'POST',
    path: '/notes',
    signedIn: true,
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: Buffer.from(`${part('_csrf', _csrf)}${part('file', '\u00ff')}--b--\r\n`, 'latin1'),
  })
  expect([answer.status, victim.notes]).toEqual([302, ['a file']])
})

test('reading a page along with a request takes nothing from what a probe may send', async () => {
  const victim = await app()
  const reached = await crawled(victim)
  const before = reached.target.used
  await reached.target.send({ method: 'POST', path: '/notes', signedIn: true, form: formOf(reached, '/notes') })
  expect(reached.target.used - before).toBe(1)
})
