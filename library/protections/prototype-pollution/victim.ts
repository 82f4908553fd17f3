import type { VictimApp } from '../../core/victim.ts'

type Settings = Record<string, unknown>

/** A board of notes that everybody arranges as they like: what is set, and where, is said by whoever sends it. */
export function victim(app: VictimApp): void {
  const defaults: Settings = { theme: 'light' }
  const ofAnn: Settings = Object.create(defaults)
  const saved = { saved: true }

  app.get('/settings/of-somebody-else', (_req, res) => {
    const settings: Settings = Object.create(defaults)
    const all: string[] = []
    for (const name in settings) all.push(`${name}: ${String(settings[name])}`)
    res.send(all.join('<br>'))
  })
  app.post(
    '/settings',
    (req, res) => {
      setAt(ofAnn, String(req.body['path']), req.body['value'])
      res.json(saved)
    },
    { body: { type: 'json', fields: { path: 'look.theme', value: 'dark' } }, readBack: '/settings/of-somebody-else' },
  )
  app.put(
    '/settings/operation',
    (req, res) => {
      const { op, path, value } = req.body
      if (op !== 'add' && op !== 'replace') return void res.status(422).json({ saved: false })
      setAt(ofAnn, String(path).slice(1), value)
      res.json(saved)
    },
    {
      body: { type: 'json', fields: { op: 'add', path: '/look/theme', value: 'dark' } },
      readBack: '/settings/of-somebody-else',
    },
  )
  app.post(
    '/settings/group',
    (req, res) => {
      const { group, name, value } = req.body as Record<string, string>
      const groups = Object.assign(Object.create(defaults), { look: {}, mail: {} })
      groups[group ?? ''][name ?? ''] = value // spots: prototype-pollution/tainted-key
      res.json(saved)
    },
    {
      body: { type: 'json', fields: { group: 'look', name: 'theme', value: 'dark' } },
      readBack: '/settings/of-somebody-else',
    },
  )
  app.post(
    '/settings/form',
    (req, res) => {
      for (const [name, value] of Object.entries(req.body)) setAt(ofAnn, name, value)
      res.send('saved')
    },
    { body: { type: 'form', fields: { 'look.theme': 'dark' } }, readBack: '/settings/of-somebody-else' },
  )
  app.get(
    '/notes',
    (req, res) => {
      const options: Settings = Object.create(defaults)
      for (const [name, value] of Object.entries(req.query)) setAt(options, name, value)
      res.json({ sorted: Object.keys(options) })
    },
    { query: { 'sort.by': 'date' }, readBack: '/settings/of-somebody-else' },
  )
}

/** Sets what a path leads to, and makes the objects on the way: `a.b`, `a/b`, `a[b]`. */
function setAt(target: object, path: string, value: unknown): void {
  const keys = path.split(/[./[\]]+/).filter((key) => key !== '')
  const last = keys.pop() ?? ''
  let at = target as Settings
  for (const key of keys) {
    if (!isObject(at[key])) at[key] = {}
    at = at[key] as Settings
  }
  at[last] = value // spots: prototype-pollution/unguarded-path
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
