import { randomUUID } from 'node:crypto'
import type { VictimApp, VictimRequest } from '../../core/victim.ts'

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

const ANN = { name: 'ann', password: 'Correct-horse-7' }

/** A bank whose forms show a token that nobody looks at. */
export function decorated(app: VictimApp): void {
  const memos: string[] = []
  const clients = new Set<string>()
  const isClient = (req: VictimRequest): boolean =>
    clients.has(/\bbank=([\w-]+)/.exec(String(req.headers['cookie']))?.[1] ?? '')
  const field = (req: VictimRequest): string =>
    `<input type="hidden" name="_csrf" value="${req.security?.csrfToken?.() ?? 'looks-like-one'}">`

  app.get(
    '/sign-in',
    (req, res) => {
      res.send(
        `<form method="post" action="/sign-in">${field(req)}<input name="name"><input type="password" name="password"></form>`,
      )
    },
    { html: true },
  )
  app.post(
    '/sign-in',
    (req, res) => {
      if (req.body.name !== ANN.name || req.body.password !== ANN.password) return void res.status(401).send('no')
      const id = randomUUID()
      clients.add(id)
      res.set('Set-Cookie', `bank=${id}; Path=/; HttpOnly; SameSite=Lax`).redirect('/memos')
    },
    { body: { type: 'form', fields: ANN }, signIn: true },
  )
  app.get(
    '/memos',
    (req, res) => {
      if (!isClient(req)) return void res.status(401).send('no')
      res.send(
        `<p>${memos.map((memo) => memo.replace(/[^\w ]/g, '')).join(', ')}</p><form method="post" action="/memos">${field(req)}<input name="memo"></form>`,
      )
    },
    { html: true },
  )
  app.post(
    '/memos',
    (req, res) => {
      if (!isClient(req)) return void res.status(401).send('no')
      memos.push(String(req.body.memo))
      res.redirect('/memos')
    },
    { body: { type: 'form', fields: { memo: 'rent' } }, readBack: '/memos' },
  )
}
