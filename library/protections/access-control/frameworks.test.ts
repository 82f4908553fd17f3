import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frameworks, type Running } from '../../../laws/frameworks.ts'
import type { SecurityEvent } from '../../core/event.ts'
import type { VictimApp } from '../../core/victim.ts'
import { watchUndecided } from '../../testing/undecided.ts'
import type { AccessControlOptions } from './guard.ts'

interface Note {
  readonly id: string
  readonly owner: string
}

const note: Note = { id: '7', owner: 'ada' }
const find = (id: string | undefined): Note | undefined => (id === note.id ? note : undefined)

/** Each route decides in its own way, or not at all. */
function notebook(app: VictimApp): void {
  app.get('/loaded/:id', (req, res) => res.json({ got: req.security?.object }), {
    contract: { allow: 'note:read', object: (x) => find(x.params['id'] ?? x.request.path.split('/')[2]) },
  })
  app.get(
    '/asserted/:id',
    (req, res) => {
      req.security?.assert('note:read', find(req.params['id']) ?? {})
      res.json({ got: note })
    },
    { contract: { allow: 'note:read' } },
  )
  app.get('/listed', (req, res) => res.json({ scope: req.security?.scope('note:read') }), {
    contract: { allow: 'note:read' },
  })
  app.get('/forgotten/:id', (req, res) => res.json({ got: find(req.params['id']) }), {
    contract: { allow: 'note:read' },
  })
  app.get('/forgotten-page/:id', (_req, res) => res.send('<p>ada</p>'), { contract: { allow: 'note:read' } })
  app.delete('/forgotten/:id', (_req, res) => res.status(204).end(), { contract: { allow: 'note:read' } })
}

const options: AccessControlOptions = {
  roles: { member: ['note:read:own'], admin: ['*'] },
  resources: { note: { rules: { own: { where: (person) => ({ owner: person.id }) } } } },
  identify: (x) => {
    const who = x.request.header('x-who')
    return who === undefined ? undefined : { id: who, roles: [who === 'root' ? 'admin' : 'member'] }
  },
}

describe.each(Object.keys(frameworks))('on %s', (framework) => {
  const events: SecurityEvent[] = []
  let app: Running
  beforeAll(async () => {
    app = await frameworks[framework]!(notebook, {
      accessControl: options,
      onEvent: (event) => void events.push(event),
    })
  })
  afterAll(() => app.close())

  const ask = async (path: string, who?: string, method = 'GET') => {
    const answer = await fetch(app.origin + path, {
      method,
      headers: { connection: 'close', ...(who && { 'x-who': who }) },
    })
    const text = await answer.text()
    return { status: answer.status, text, type: answer.headers.get('content-type') }
  }

  test.each([
    ['/loaded/7', 'ada', 200],
    ['/loaded/7', 'grace', 403],
    ['/loaded/7', 'root', 200],
    ['/loaded/7', undefined, 401],
    ['/loaded/8', 'ada', 404],
    ['/asserted/7', 'ada', 200],
    ['/asserted/7', 'grace', 403],
    ['/listed', 'grace', 200],
    ['/forgotten/7', 'root', 200],
  ])('%s answers %s with %i', async (path, who, status) => {
    const answer = await ask(path, who)
    expect(answer.status).toBe(status)
    if (status === 200) return
    expect(answer.type).toBe('application/problem+json')
    const problem = JSON.parse(answer.text) as Record<string, unknown>
    expect(Object.keys(problem).sort()).toEqual(['incident', 'status', 'title', 'type'])
  })

  test('an event names who was stopped', async () => {
    events.length = 0
    await ask('/loaded/7', 'grace')
    await ask('/loaded/7')
    expect(events.map(({ user }) => user)).toEqual(['grace', undefined])
  })

  test('the object that a contract loads is what the route gets', async () => {
    expect(JSON.parse((await ask('/loaded/7', 'ada')).text)).toEqual({ got: note })
  })

  test.each([
    ['GET', '/forgotten/7'],
    ['GET', '/forgotten-page/7'],
    ['HEAD', '/forgotten/7'],
    ['DELETE', '/forgotten/7'],
  ])('%s %s, which asks nobody about its object, is an error in tests and shows nothing', async (method, path) => {
    events.length = 0
    const { status, text } = await ask(path, 'ada', method)
    expect(status).toBe(500)
    expect(text).not.toContain('ada')
    expect(events.map(({ risk, outcome }) => `${risk} ${outcome}`)).toContain('undecided-answer denied')
  })
})

describe.each(Object.keys(frameworks))('outside of tests, on %s', (framework) => {
  test('an answer without a decision passes unchanged, is an event, and is known to whoever watches', async () => {
    const events: SecurityEvent[] = []
    const watch = watchUndecided()
    const app = await frameworks[framework]!(notebook, {
      accessControl: { ...options, undecided: 'report' },
      onEvent: (event) => void events.push(event),
    })
    try {
      for (const [path, method, status] of [
        ['/forgotten/7', 'GET', 200],
        ['/forgotten-page/7', 'HEAD', 200],
        ['/forgotten/7', 'DELETE', 204],
      ] as const) {
        const answer = await fetch(app.origin + path, { method, headers: { 'x-who': 'ada', connection: 'close' } })
        const text = await answer.text()
        expect([answer.status, text]).toEqual([status, method === 'GET' ? '{"got":{"id":"7","owner":"ada"}}' : ''])
      }
      expect(events.filter(({ risk }) => risk === 'undecided-answer').length).toBeGreaterThanOrEqual(2)
      expect(() => watch.check()).toThrow(/routes answered without can\(\)[\s\S]*GET \/forgotten/)
      expect(new Set(watch.routes).size).toBe(watch.routes.length)
    } finally {
      watch.stop()
      await app.close()
    }
  })
})
