import type { VictimApp } from '../../core/victim.ts'

type Tree = { readonly [key: string]: Tree } | readonly Tree[] | string

/** A notebook that takes whatever it is sent: as large, as deep and as oddly named as anybody likes. */
export function victim(app: VictimApp): void {
  const notes: string[] = []
  app.get('/notes', (_req, res) => res.json(notes))
  app.post(
    '/notes',
    (req, res) => {
      notes.push(String(req.body['memo']))
      res.status(201).json({ done: true })
    },
    { body: { type: 'json', fields: { memo: 'buy milk' } }, readBack: '/notes' },
  )
  app.post(
    '/notes/form',
    (req, res) => {
      notes.push(String(req.body['memo']))
      res.status(201).send('done')
    },
    { body: { type: 'form', fields: { memo: 'buy milk' } }, readBack: '/notes' },
  )

  let tree: unknown = { title: 'home' }
  app.get('/tree', (_req, res) => res.send(draw(tree as Tree)), { html: true })
  app.post(
    '/tree',
    (req, res) => {
      tree = req.body
      res.status(201).json({ done: true })
    },
    { body: { type: 'json', fields: { title: 'home' } }, readBack: '/tree' },
  )

  const defaults: Record<string, unknown> = { theme: 'light' }
  app.get('/settings/of-somebody-else', (_req, res) => {
    const settings: Record<string, unknown> = Object.create(defaults)
    const all: string[] = []
    for (const name in settings) all.push(`${name}: ${String(settings[name])}`)
    res.send(all.join('<br>'))
  })
  app.post(
    '/settings',
    (req, res) => {
      const settings: Record<string, unknown> = Object.create(defaults)
      merge(settings, req.body)
      res.status(200).json({ saved: true })
    },
    { body: { type: 'json', fields: { theme: 'dark' } }, readBack: '/settings/of-somebody-else' },
  )
}

function draw(node: Tree): string {
  if (typeof node === 'string') return `<li>${node}</li>`
  const children: readonly Tree[] = Array.isArray(node) ? node : Object.values(node)
  return `<ul>${children.map((child) => draw(child)).join('')}</ul>`
}

function merge(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const key in source) {
    const value = source[key]
    const there = target[key]
    if (isRecord(value) && isRecord(there))
      merge(there, value) // spots: body-limits/unguarded-merge
    else target[key] = value
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
