import { expect, test } from 'vitest'
import type { Account } from './account.ts'
import { page, reach, type Served, serve } from './lab.ts'

const FORM =
  '<form method="post" action="/sign-in"><input type="hidden" name="_csrf" value="t&amp;1"><input name="user"><input type="password" name="pass"></form>'

/** An app with a sign-in that wants the hidden field and the cookie of its page. */
async function app(): Promise<Served & { forget(): void; signIns(): number }> {
  const sessions = new Set<string>()
  let count = 0
  const served = await serve((seen, res) => {
    const cookie = seen.headers.cookie ?? ''
    if (seen.url === '/sign-in' && seen.method === 'GET') return page(res, FORM, { 'set-cookie': 'pre=p; Path=/' })
    if (seen.url === '/sign-in') {
      const fields = new URLSearchParams(seen.body)
      const honest = seen.headers.origin === served.origin && seen.headers['sec-fetch-site'] === 'same-origin'
      if (!honest || fields.get('_csrf') !== 't&1' || fields.get('pass') !== 'right' || !cookie.includes('pre=p')) {
        return page(res, FORM)
      }
      const id = `s${++count}`
      sessions.add(id)
      return res.writeHead(303, { location: '/me', 'set-cookie': `sid=${id}; Path=/; HttpOnly; Secure` }).end()
    }
    if (seen.url === '/open') return page(res, 'for everybody')
    if (seen.url === '/always' || seen.url === '/sign-in?wrong') return res.writeHead(401).end()
    const known = [...sessions].some((id) => cookie.includes(`sid=${id}`))
    if (seen.url === '/out') return res.writeHead(200, { 'set-cookie': 'sid=; Path=/; Max-Age=0' }).end()
    if (seen.url === '/page')
      return known ? page(res, 'me') : res.writeHead(302, { location: '/sign-in?next=/page' }).end()
    return known ? page(res, 'me') : res.writeHead(401).end()
  })
  return { ...served, forget: () => sessions.clear(), signIns: () => count }
}

const account = (pass: string): Account => ({
  signIn: { path: '/sign-in', type: 'form', fields: { user: 'ada', pass } },
})

test('an account signs in once, when it is first needed, with the hidden fields of the page', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right') })
  expect((await target.send({ path: '/me' })).status).toBe(401)
  expect(victim.signIns()).toBe(0)
  const answers = await Promise.all([1, 2, 3].map(() => target.send({ path: '/me', signedIn: true })))
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200])
  expect(victim.signIns()).toBe(1)
})

test('its cookies go along with those of the request itself', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right') })
  await target.send({ path: '/me', signedIn: true, headers: { cookie: 'own=1' } })
  expect(victim.seen.at(-1)?.headers.cookie).toBe('pre=p; sid=s1; own=1')
})

test('it signs in again after a 401, a way back to the sign-in page, and a lost cookie', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right') })
  await target.send({ path: '/me', signedIn: true })
  victim.forget()
  expect((await target.send({ path: '/me', signedIn: true })).status).toBe(200)
  victim.forget()
  expect((await target.send({ path: '/page', signedIn: true })).text).toBe('me')
  await target.send({ path: '/out', signedIn: true })
  expect((await target.send({ path: '/me', signedIn: true })).status).toBe(200)
  expect(victim.signIns()).toBe(4)
})

test('it does not wait for a refusal when the app has taken its cookie away', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right') })
  await target.send({ path: '/out', signedIn: true })
  await target.send({ path: '/open', signedIn: true })
  expect(victim.seen.at(-1)).toMatchObject({ url: '/open', headers: { cookie: 'pre=p; sid=s2' } })
})

test('a refused sign-in by the probe itself is no reason to sign in again', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right') })
  const answer = await target.send({ path: '/sign-in?wrong', signedIn: true })
  expect([answer.status, victim.signIns()]).toEqual([401, 1])
})

test('a place that answers 401 whatever one does costs one more sign-in, not one each time', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right') })
  for (let i = 0; i < 3; i++) expect((await target.send({ path: '/always', signedIn: true })).status).toBe(401)
  expect(victim.signIns()).toBe(2)
})

test('a sign-in that does not work is tried once and then ends every signed-in request', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('wrong') })
  await expect(target.send({ path: '/me', signedIn: true })).rejects.toThrow(
    'POST /sign-in did not work: the answer asks for the password again',
  )
  await expect(target.send({ path: '/me', signedIn: true })).rejects.toThrow('did not work')
  expect(victim.seen).toHaveLength(2)
})

test('a JSON sign-in sends JSON, and the expected status decides', async () => {
  const victim = await serve((seen, res) => {
    const ok =
      seen.method === 'POST' && seen.headers['content-type'] === 'application/json' && seen.body === '{"user":"ada"}'
    res.writeHead(ok ? 201 : 404, ok ? { 'set-cookie': 't=abcd' } : {}).end()
  })
  const signIn = { path: '/api/sign-in', type: 'json', fields: { user: 'ada' } } as const
  const good = await reach(victim.origin, { account: { signIn, ok: { status: [201], cookie: true } } })
  expect((await good.target.send({ path: '/api/me', signedIn: true })).ask.path).toBe('/api/me')
  expect(victim.seen.at(-1)?.headers.cookie).toBe('t=abcd')
  const bad = await reach(victim.origin, { account: { signIn, ok: { status: [200] } } })
  await expect(bad.target.send({ path: '/', signedIn: true })).rejects.toThrow('the status was 201')
})

test('without an account a signed-in request is sent as a stranger', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin)
  expect((await target.send({ path: '/me', signedIn: true })).status).toBe(401)
})

test('the second account signs in by itself and is never taken for the first', async () => {
  const victim = await app()
  const { target } = await reach(victim.origin, { account: account('right'), second: account('right') })
  expect(target.hasOther).toBe(true)
  await target.send({ path: '/me', signedIn: true })
  expect((await target.send({ path: '/me', other: true })).status).toBe(200)
  expect(victim.seen.at(-1)?.headers.cookie).toBe('pre=p; sid=s2')
  await target.send({ path: '/me', signedIn: true })
  expect(victim.seen.at(-1)?.headers.cookie).toBe('pre=p; sid=s1')
  expect((await reach(victim.origin, { account: account('right') })).target.hasOther).toBe(false)
})

/** An app for programs: a token in JSON, and no cookie. */
async function tokenApp(body: (token: string) => unknown): Promise<Served> {
  let count = 0
  return serve((seen, res) => {
    const json = { 'content-type': 'application/json; charset=utf-8' }
    if (seen.url === '/token') return res.writeHead(200, json).end(JSON.stringify(body(`token-number-${++count}`)))
    res.writeHead(seen.headers.authorization === `Bearer token-number-${count}` ? 200 : 401).end()
  })
}

const byToken: Account = { signIn: { path: '/token', type: 'json', fields: { user: 'ada', pass: 'right' } } }

test.each([
  ['token', (token: string) => ({ token })],
  [
    'access_token beside others',
    (token: string) => ({ id_token: 'x'.repeat(20), refresh_token: 'y'.repeat(20), access_token: token }),
  ],
  ['accessToken further down', (token: string) => ({ data: { user: { name: 'ada' }, accessToken: token } })],
])('an account is known by the token of its sign-in: %s', async (_, body) => {
  const victim = await tokenApp(body)
  const { target } = await reach(victim.origin, { account: byToken })
  expect((await target.send({ path: '/me', signedIn: true })).status).toBe(200)
  expect((await target.send({ path: '/me' })).status).toBe(401)
})

test.each([
  { origin: 'https://elsewhere.example' },
  { 'sec-fetch-site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
])('no browser sends the token along with what another site asks for: %j', async (headers) => {
  const victim = await tokenApp((token) => ({ token }))
  const { target } = await reach(victim.origin, { account: byToken })
  expect((await target.send({ path: '/me', signedIn: true, headers: { origin: victim.origin } })).status).toBe(200)
  expect((await target.send({ path: '/me', signedIn: true, headers })).status).toBe(401)
  expect(victim.seen.filter(({ url }) => url === '/token')).toHaveLength(2)
})

test("a probe's own token is sent in the place of the account's", async () => {
  const victim = await tokenApp((token) => ({ token }))
  const { target } = await reach(victim.origin, { account: byToken })
  await target.send({ path: '/me', signedIn: true, headers: { authorization: 'Bearer forged' } })
  expect(victim.seen.at(-1)?.headers.authorization).toBe('Bearer forged')
})

test('a session that began on the sign-in page and goes on afterwards is a sign-in too', async () => {
  const victim = await serve((seen, res) => {
    if (seen.url === '/sign-in' && seen.method === 'GET')
      return page(res, FORM, { 'set-cookie': 'sid=from-the-page; Path=/' })
    if (seen.url === '/sign-in') return res.writeHead(302, { location: '/me' }).end()
    res.writeHead(seen.headers.cookie === 'sid=from-the-page' ? 200 : 401).end()
  })
  const { target } = await reach(victim.origin, { account: account('right') })
  expect((await target.send({ path: '/me', signedIn: true })).status).toBe(200)
})

test('what scripts copy from a cookie into a header goes along, but not with what another site asks for', async () => {
  const victim = await serve((seen, res) => {
    const isOwn = seen.method === 'GET' || seen.headers['x-xsrf-token'] === 'a b'
    const cookies = ['XSRF-TOKEN=a%20b; Path=/', ...(seen.url === '/token' && isOwn ? ['sid=1; Path=/; HttpOnly'] : [])]
    res.writeHead(isOwn ? 200 : 403, { 'set-cookie': cookies }).end()
  })
  const { target } = await reach(victim.origin, { account: byToken })
  const write = { method: 'POST', path: '/notes', json: {}, signedIn: true }
  expect((await target.send(write)).status).toBe(200)
  expect((await target.send({ ...write, headers: { origin: 'https://elsewhere.example' } })).status).toBe(403)
  expect((await target.send({ ...write, headers: { 'X-XSRF-Token': 'forged' } })).status).toBe(403)
})
