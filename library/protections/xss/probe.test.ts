import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import { probes } from './probe.ts'

const escaped = (text: unknown): string => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
const form = { body: { type: 'form', fields: { name: 'ann', mail: 'a@example.org' } } } as const
const signIn = { body: { type: 'form', fields: { user: 'ann', pass: 'right' } }, signIn: true } as const

const app =
  (shown: (text: unknown) => string) =>
  (app: Parameters<Parameters<typeof attacked>[0]>[0]): void => {
    app.get('/shelves/:id', (req, res) => res.send(`No shelf ${shown(req.params['id'])}`), {
      html: true,
      sample: '/shelves/1',
    })
    app.post('/contact', (req, res) => res.send(`Thank you, ${shown(req.body['name'])}`), form)
    app.post('/in', (req, res) => res.status(401).send(`Nobody is called ${shown(req.body['user'])}`), signIn)
  }

test('what a page says of its own address, and a form of what was sent, is looked at', async () => {
  const raw = app(String)
  const reflected = probes.filter(({ name }) => name === 'xss/reflected')
  expect(await attacked(raw, reflected)).toEqual(['xss/reflected GET /shelves/...'])
  const forms = (one: string) => (victim: Parameters<typeof raw>[0]) =>
    raw({ ...victim, get: () => undefined, post: (path, ...rest) => path === one && victim.post(path, ...rest) })
  expect(await attacked(forms('/contact'), reflected)).toEqual(['xss/reflected POST /contact'])
  expect(await attacked(forms('/in'), reflected)).toEqual(['xss/reflected POST /in'])
})

test('where it is escaped there is nothing', async () => {
  expect(await attacked(app(escaped), probes)).toEqual([])
})
