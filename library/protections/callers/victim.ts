import type { VictimApp } from '../../core/victim.ts'

/** A program behind a gateway that believes whatever looks as if the gateway had said it. */
export function victim(app: VictimApp): void {
  const messages: string[] = []

  app.get('/account', (req, res) => {
    const user = req.headers['x-forwarded-user'] // spots: callers/believed-header
    if (user === undefined) return void res.status(401).json({ error: 'no' })
    res.json({ hello: user })
  })
  app.get('/messages', (_req, res) => res.json(messages))
  app.post(
    '/internal/messages',
    (req, res) => {
      if (req.headers['x-internal'] === undefined) return void res.status(401).json({ error: 'no' }) // spots: callers/believed-header
      messages.push(String(req.body['text']))
      res.status(201).json({ sent: true })
    },
    {
      body: { type: 'json', fields: { text: 'hello' } },
      readBack: '/messages',
      contract: { caller: 'messages:send' },
    },
  )
}
