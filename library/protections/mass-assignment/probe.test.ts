import { expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { probe } from '../../../prober/index.ts'
import type { Victim, VictimRequest } from '../../core/victim.ts'
import { pick } from './index.ts'
import { probes } from './probe.ts'

/** The verdicts on an app whose routes are told. */
async function attack(app: Victim): Promise<Record<string, string>> {
  const running = await frameworks['node:http']!(app, undefined)
  try {
    const { results } = await probe({ url: running.origin, routes: [...running.routes], crawl: false, probes })
    return Object.fromEntries(results.map(({ probe: name, verdict }) => [name.split('/')[1] ?? '', verdict]))
  } finally {
    await running.close()
  }
}

interface Card {
  name: string
  role: string
  isAdmin?: unknown
}

/** One record, kept by `keep`, and shown in a page by `show`. */
const cards =
  (
    keep: (card: Card, req: VictimRequest) => void,
    show: (card: Card) => string,
    after?: (card: Card) => void,
  ): Victim =>
  (app) => {
    const card: Card = { name: 'Ada', role: 'author' }
    app.get('/card', (_req, res) => res.send(`<p>${show(card)}</p>`), { html: true })
    app.get('/admin', (_req, res) => res.status(card.isAdmin === 'true' ? 200 : 403).send('a page'))
    app.post(
      '/card',
      (req, res) => {
        keep(card, req)
        after?.(card)
        res.redirect('/card')
      },
      { body: { type: 'form', fields: { name: 'Ada' } }, readBack: '/card' },
    )
  }

const assign = (card: Card, req: VictimRequest): void => void Object.assign(card, req.body)

test('an inbox that shows all that comes in makes nobody an admin', async () => {
  const app: Victim = (app) => {
    const seen: string[] = []
    app.get('/seen', (_req, res) => res.send(`<ol>${seen.map((one) => `<li>${one}`).join('')}</ol>`), { html: true })
    app.post(
      '/in',
      (req, res) => {
        seen.push(JSON.stringify(req.body).replace(/["{}]/g, ' '))
        res.redirect('/seen')
      },
      { body: { type: 'json', fields: { event: 'paid' } }, readBack: '/seen' },
    )
  }
  expect(await attack(app)).toMatchObject({ 'privileged-field': 'disproven' })
})

test('a role is found in a page, and put back as it was', async () => {
  const roles: string[] = []
  const app = cards(
    assign,
    ({ name, role }) => `${name} is an ${role}`,
    ({ role }) => void roles.push(role),
  )
  expect(await attack(app)).toMatchObject({ 'privileged-field': 'proven' })
  expect(roles).toContain('admin')
  expect(roles.at(-1)).toBe('author')
})

test('a door that opens is enough', async () => {
  expect(await attack(cards(assign, ({ name }) => name))).toMatchObject({ 'privileged-field': 'proven' })
})

test('fields that are named keep everything else out', async () => {
  const named = (card: Card, req: VictimRequest): void => void Object.assign(card, pick(req.body, ['name']))
  expect(await attack(cards(named, ({ name, role }) => `${name} is an ${role}`))).toMatchObject({
    'privileged-field': 'disproven',
  })
})

test('what only repeats the words that were sent has kept none', async () => {
  const echo: Victim = (app) => {
    app.get('/card', (_req, res) => res.json({ name: 'Ada', role: 'author' }))
    app.post('/card', (req, res) => res.json(req.body), {
      body: { type: 'json', fields: { name: 'Ada' } },
      readBack: '/card',
    })
  }
  expect(await attack(echo)).toMatchObject({ 'privileged-field': 'disproven' })
})

test('numbers and nested fields are tried as they are', async () => {
  let balance = 5
  const app: Victim = (victim) => {
    victim.get('/account', (_req, res) => res.json({ data: { name: 'Ada', balance } }))
    victim.post(
      '/account',
      (req, res) => {
        if (typeof req.body['balance'] === 'number') balance = req.body['balance']
        res.json({ done: true })
      },
      { body: { type: 'json', fields: { name: 'Ada' } }, readBack: '/account' },
    )
  }
  expect(await attack(app)).toMatchObject({ 'privileged-field': 'proven' })
  expect(balance).toBe(5)
})

test('there is nothing to say about an app that keeps nothing', async () => {
  expect(await attack((app) => app.get('/', (_req, res) => res.send('hello')))).toEqual({
    'privileged-field': 'not-applicable',
    registration: 'not-applicable',
  })
})
