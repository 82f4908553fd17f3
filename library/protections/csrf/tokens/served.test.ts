import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frameworks, type Running } from '../../../../laws/frameworks.ts'
import type { SecurityEvent } from '../../../core/event.ts'
import type { VictimApp, VictimRequest } from '../../../core/victim.ts'
import { parseSetCookie } from '../../../toolbox/cookies.ts'
import { csrfField, html } from '../../xss/index.ts'

const KEYS = 'k3y-0123456789-abcdefghijklmnopqrstuvwxyz'

function securityOf({ security }: VictimRequest): NonNullable<VictimRequest['security']> {
  if (security === undefined) throw new Error('this app is not open without Bulwark')
  return security
}

/** A notebook on Bulwark's own sessions. Only writing needs a token, and says so on its route. */
function notebook(app: VictimApp): void {
  const notes: string[] = []
  app.get('/', (req, res) => {
    res.send(String(html`<form method="post" action="/notes">${csrfField(securityOf(req))}<input name="note"></form>`))
  })
  app.get('/begins', async (req, res) => {
    const security = securityOf(req)
    const token = security.csrfToken()
    await security.session.update(() => ({ seen: true }) as never)
    res.send(token)
  })
  app.post('/sign-in', async (req, res) => {
    await securityOf(req).session.signIn({ id: 'ann' })
    res.send('in')
  })
  app.post('/sign-out', async (req, res) => {
    await securityOf(req).session.signOut()
    res.send('out')
  })
  app.post('/rotate', async (req, res) => {
    await securityOf(req).session.rotate()
    res.send('rotated')
  })
  app.post(
    '/notes',
    (req, res) => void res.send(`${notes.push(String(req.body['note']))} ${String(req.body['note']).length}`),
    {
      contract: { csrf: 'token', bodyLimits: { json: '1mb', form: '1mb' } },
    },
  )
  app.post('/free', (_req, res) => void res.send('free'))
}

class Person {
  readonly #app: Running
  readonly #jar = new Map<string, string>()

  constructor(app: Running) {
    this.#app = app
  }

  async ask(path: string, method = 'GET', body?: string, headers: Record<string, string> = {}) {
    const cookie = [...this.#jar].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(this.#app.origin + path, {
      method,
      headers: { ...headers, connection: 'close', ...(cookie && { cookie }) },
      ...(body !== undefined && { body }),
    })
    for (const { name, value } of response.headers.getSetCookie().map(parseSetCookie)) {
      if (value === '') this.#jar.delete(name)
      else this.#jar.set(name, value)
    }
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }

  async token(): Promise<string> {
    return /name="_csrf" value="([\w-]{86})"/.exec((await this.ask('/')).text)?.[1] ?? ''
  }

  async write(token: string): Promise<number> {
    const form = new URLSearchParams({ note: 'hello', _csrf: token })
    return (await this.ask('/notes', 'POST', String(form), FORM)).status
  }
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }

for (const [name, serve] of Object.entries(frameworks)) {
  describe(`a route that demands a token, on ${name}`, () => {
    const events: SecurityEvent[] = []
    let app: Running
    beforeAll(async () => {
      app = await serve(notebook, { keys: KEYS, onEvent: (event) => void events.push(event) })
    })
    afterAll(() => app.close())

    test('takes it in a form, in JSON and in a header, and nothing without', async () => {
      const guest = new Person(app)
      // The first request to the route: what it demands may not have been known before.
      expect(await guest.write(await guest.token())).toBe(200)
      const token = await guest.token()
      const json = JSON.stringify({ note: 'hello', _csrf: token })
      expect((await guest.ask('/notes', 'POST', json, JSON_TYPE)).status).toBe(200)
      const bare = JSON.stringify({ note: 'hello' })
      expect((await guest.ask('/notes', 'POST', bare, { ...JSON_TYPE, 'x-csrf-token': token })).status).toBe(200)
      const refused = await guest.ask('/notes', 'POST', bare, JSON_TYPE)
      expect(refused).toMatchObject({ status: 403, type: 'application/problem+json' })
      expect(Object.keys(JSON.parse(refused.text))).toEqual(['type', 'title', 'status', 'incident'])
      expect(events.at(-1)).toMatchObject({ guard: 'csrf', risk: 'csrf', outcome: 'denied' })
      expect(events.at(-1)?.request?.id).toBe(JSON.parse(refused.text).incident)
      expect((await guest.ask('/free', 'POST', bare, JSON_TYPE)).status).toBe(200)
    })

    test('takes another one after signing in, after a new id, and after signing out', async () => {
      const ann = new Person(app)
      const asGuest = await ann.token()
      await ann.ask('/sign-in', 'POST')
      const asAnn = await ann.token()
      expect([await ann.write(asGuest), await ann.write(asAnn)]).toEqual([403, 200])
      await ann.ask('/rotate', 'POST')
      const rotated = await ann.token()
      expect([await ann.write(asAnn), await ann.write(rotated), await ann.write(rotated)]).toEqual([403, 200, 200])
      await ann.ask('/sign-out', 'POST')
      const again = await ann.token()
      expect([await ann.write(rotated), await ann.write(asGuest), await ann.write(again)]).toEqual([403, 403, 200])
    })

    test('takes the token of a page that began the session', async () => {
      const guest = new Person(app)
      const token = (await guest.ask('/begins')).text
      expect(await guest.write(token)).toBe(200)
      expect(await new Person(app).write(token)).toBe(403)
    })

    test('finds the token in the first 64 kB of a long body, and leaves all of it to the app', async () => {
      const guest = new Person(app)
      const token = await guest.token()
      const long = 'x'.repeat(300_000)
      const first = await guest.ask('/notes', 'POST', `_csrf=${token}&note=${long}`, FORM)
      expect([first.status, first.text.split(' ')[1]]).toEqual([200, '300000'])
      const last = await guest.ask('/notes', 'POST', `note=${long}&_csrf=${token}`, FORM)
      expect(last.status).toBe(403)
    })
  })
}
