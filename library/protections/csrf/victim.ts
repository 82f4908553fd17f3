import type { VictimApp } from '../../core/victim.ts'

/** A bank that believes every form. */
export function victim(app: VictimApp): void {
  const memos: string[] = []
  const transfers = { create: (memo: unknown) => memos.push(String(memo)) }

  app.get('/transfers', (_req, res) => res.json(memos))
  app.post(
    '/transfers',
    (req, res) => {
      transfers.create(req.body.memo)
      res.status(201).send('done')
    },
    { body: { type: 'form', fields: { memo: 'rent' } }, readBack: '/transfers' },
  )
  app.post(
    '/api/transfers',
    (req, res) => {
      transfers.create(req.body.memo)
      res.status(201).json({ done: true })
    },
    { body: { type: 'json', fields: { memo: 'rent' } }, readBack: '/transfers' },
  )
  app.get(
    '/transfers/new',
    (req, res) => {
      transfers.create(req.query.memo) // spots: csrf/state-change-on-get
      res.send('done')
    },
    { query: { memo: 'rent' }, readBack: '/transfers', contract: { changesState: true } },
  )
  app.upgrade('/live')
}
