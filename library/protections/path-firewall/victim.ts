import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { VictimApp, VictimHandler } from '../../core/victim.ts'

const ASSETS = join(import.meta.dirname, 'fixtures/site/assets')
const PAGES = new Map([
  ['/welcome', 'Come in.'],
  ['/vault', 'The code is 4711.'],
])

/** A kiosk that joins paths, compares them as they were sent, and lets headers choose the method. */
export function victim(app: VictimApp): void {
  app.get(
    '/assets/:name',
    (req, res) => {
      // A proxy in front has decoded it once; to be sure it is done again.
      const name = twice(req.params.name)
      try {
        const text = readFileSync(join(ASSETS, name), 'utf8')
        res.set('Content-Type', 'text/css').send(text)
      } catch {
        res.status(404).send('No such asset.')
      }
    },
    { sample: '/assets/style.css' },
  )

  const show: VictimHandler = (req, res) => {
    if (req.url.startsWith('/pages/vault')) return res.status(403).send('Staff only.')
    const text = PAGES.get(posix.join('/', twice(req.params.name)))
    if (text === undefined) return res.status(404).send('No such page.')
    return res.send(`<!doctype html><p>${text}</p>`)
  }
  app.get('/pages/:name', show, { sample: '/pages/welcome', html: true })
  app.get('/pages/vault', show, { html: true })

  const notes: string[] = []
  const keep: VictimHandler = (req, res) => {
    const method = String(req.headers['x-http-method-override'] ?? req.method)
    if (method === 'POST') notes.push(String(req.body['text'] ?? req.query['text']))
    return res.json(notes)
  }
  app.get('/notes', keep)
  app.post('/notes', keep, { body: { type: 'form', fields: { text: 'milk' } }, readBack: '/notes' })
}

function twice(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '')
  } catch {
    return text ?? ''
  }
}
