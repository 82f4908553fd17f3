import type { VictimApp } from '../../core/victim.ts'

/** A guest book that waits for everybody, however long it takes. */
export function victim(app: VictimApp): void {
  const guests: string[] = []
  app.get('/guests', (_req, res) => res.json(guests))
  app.post(
    '/guests',
    (req, res) => {
      guests.push(String(req.body['name']))
      res.status(201).json({ welcome: true })
    },
    { body: { type: 'json', fields: { name: 'Ada' } }, readBack: '/guests' },
  )
}
