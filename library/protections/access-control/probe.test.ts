import { expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { type Account, type ProbeOptions, type ProbeResult, probe } from '../../../prober/index.ts'
import type { Victim } from '../../core/victim.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { probes } from './probe.ts'
import { victim } from './victim.ts'

const who = (name: string): Account => ({ signIn: { path: '/sign-in', type: 'form', fields: { name } } })

async function attack(app: Victim, options: Partial<ProbeOptions> = {}): Promise<Record<string, string[]>> {
  const running = await frameworks['node:http']!(app, undefined)
  try {
    const { results } = await probe({
      url: running.origin,
      routes: [...running.routes],
      probes,
      account: who('ada'),
      other: who('keeper'),
      ...options,
    })
    const lines = ({ outcomes, verdict }: ProbeResult): string[] =>
      outcomes.length === 0
        ? [verdict]
        : outcomes.map((one) => `${one.verdict} ${one.method} ${one.path.replace(/\d+/, '#')}`)
    return Object.fromEntries(results.map((result) => [result.probe.split('/')[1], lines(result)]))
  } finally {
    await running.close()
  }
}

test('each way to somebody else is tried by itself, with links and forms alone and with routes that are told', async () => {
  const found = await attack(victim, { crawl: false })
  expect(found['other-peoples-object']).toEqual([
    'proven GET /api/notes/#',
    'proven DELETE /api/notes/#',
    'proven GET /notes/#',
    'proven POST /notes/#',
    'proven POST /notes/#/delete',
  ])
  expect(found['forgotten']).toEqual(['proven GET /admin/people'])
  expect(found['verb-tampering']).toEqual(['proven PUT /admin/log', 'disproven HEAD /notes/#'])
})

test('without a second account nothing can be said about others', async () => {
  const running = await frameworks['node:http']!(victim, undefined)
  const { results } = await probe({
    url: running.origin,
    routes: [...running.routes],
    crawl: false,
    probes,
    account: who('ada'),
  })
  await running.close()
  expect(results.filter(({ verdict }) => verdict === 'skipped').map((result) => result.probe)).toEqual([
    'access-control/forgotten',
    'access-control/other-peoples-object',
  ])
})

/** A wiki for members: everybody may see and change everything, and everybody is shown that. */
const wiki: Victim = (app) => {
  const pages = new Map([['1', 'The harbour is frozen from December on.']])
  const name = (cookie: unknown): string | undefined => findCookie(String(cookie ?? ''), 'who')
  app.post('/sign-in', (req, res) => res.set('Set-Cookie', `who=${String(req.body['name'])}`).send('hello'), {
    body: { type: 'form', fields: { name: 'ada' } },
    signIn: true,
  })
  app.get(
    '/',
    (req, res) => {
      if (name(req.headers.cookie) === undefined) return res.status(401).send('members only')
      const links = [...pages].map(([id, text]) => `<a href="/pages/${id}">${text.slice(0, 9)}</a>`)
      return res.send(
        `${links.join()}<a href="/people/${name(req.headers.cookie) === 'ada' ? '1' : '2'}">Your page</a><form method="post" action="/pages"><input name="text"></form>`,
      )
    },
    { html: true, signedIn: true },
  )
  app.post(
    '/pages',
    (req, res) => {
      if (name(req.headers.cookie) === undefined) return res.status(401).send('members only')
      pages.set(String(pages.size + 1), String(req.body['text']))
      return res.redirect(`/pages/${pages.size}`)
    },
    { signedIn: true, body: { type: 'form', fields: { text: 'New.' } }, readBack: '/' },
  )
  app.get(
    '/pages/:id',
    (req, res) => {
      const text = pages.get(req.params['id'] ?? '')
      if (name(req.headers.cookie) === undefined || text === undefined) return res.status(404).send('nothing here')
      return res.send(
        `<p>${text}</p><form method="post" action="/pages/${req.params['id']}"><textarea name="text">${text}</textarea></form><form method="post" action="/pages/${req.params['id']}/delete"></form>`,
      )
    },
    { signedIn: true, html: true, sample: '/pages/1' },
  )
  app.post(
    '/pages/:id',
    (req, res) => {
      pages.set(req.params['id'] ?? '', String(req.body['text']))
      res.redirect('/')
    },
    { signedIn: true, sample: '/pages/1', body: { type: 'form', fields: { text: 'Changed.' } } },
  )
  app.post(
    '/pages/:id/delete',
    (req, res) => {
      pages.delete(req.params['id'] ?? '')
      res.redirect('/')
    },
    { signedIn: true, sample: '/pages/1' },
  )
  // A page about oneself that is for everybody: the link is one's own, what it shows is no secret.
  app.get('/people/:id', (_req, res) => res.send('<p>A member since the winter of the great storm.</p>'), {
    html: true,
    sample: '/people/1',
  })
}

test('what is meant for all members is nobody’s alone', async () => {
  const found = await attack(wiki)
  expect(found['other-peoples-object']?.filter((line) => line.startsWith('proven'))).toEqual([])
  expect(found['forgotten']?.filter((line) => line.startsWith('proven'))).toEqual([])
})

test('a page that only people with an account are led to is no finding, unless it is about them or for few', async () => {
  const found = await attack(
    (app) => {
      const pages = { '/help': 'Ask a friend', '/me/card': 'Card of ada', '/admin/log': 'Takings today' }
      const links = Object.keys(pages).map((path) => `<a href="${path}">x</a>`)
      app.get('/', (req, res) => res.send(findCookie(String(req.headers['cookie']), 'who') ? links.join('') : 'Hello'))
      for (const [path, text] of Object.entries(pages)) app.get(path, (_req, res) => res.send(text))
      app.get('/sign-in', (_req, res) => res.send('<form method="post"><input name="name"></form>'))
      app.post('/sign-in', (_req, res) => res.set('Set-Cookie', 'who=ada; Path=/').redirect('/'), {
        body: { type: 'form', fields: { name: 'ada' } },
        signIn: true,
      })
    },
    { routes: [], only: ['access-control/forced-browsing'] },
  )
  expect(found['forced-browsing']).toEqual(['disproven GET /help', 'proven GET /me/card', 'proven GET /admin/log'])
})

test('what only the list of another account names is asked for, in answers for programs', async () => {
  const notes = [
    { id: 1, owner: 'ada', text: 'Milk, bread and butter' },
    { id: 2, owner: 'keeper', text: 'The treasure lies under the old oak' },
  ]
  const app =
    (isChecked: boolean): Victim =>
    (app) => {
      const name = (cookie: unknown): string => findCookie(String(cookie ?? ''), 'who') ?? ''
      app.post(
        '/sign-in',
        (req, res) => res.set('Set-Cookie', `who=${String(req.body['name'])}; Path=/`).send('hello'),
        {
          body: { type: 'form', fields: { name: 'ada' } },
          signIn: true,
        },
      )
      app.get(
        '/api/notes',
        (req, res) => res.json(notes.filter(({ owner }) => owner === name(req.headers['cookie']))),
        { signedIn: true },
      )
      app.get('/api/notes/:id', (req, res) => {
        const who = name(req.headers['cookie'])
        const note = notes.find(({ id, owner }) => String(id) === req.params['id'] && (!isChecked || owner === who))
        if (who === '' || note === undefined) return res.status(404).json({ error: 'none' })
        return res.json(note)
      })
    }
  expect((await attack(app(false), { crawl: false }))['other-peoples-object']).toEqual(['proven GET /api/notes/#'])
  expect((await attack(app(true), { crawl: false }))['other-peoples-object']).toEqual(['disproven GET /api/notes/#'])
})
