import type { VictimApp } from '../../core/victim.ts'

/** A journal that asks its visitors what it is called. */
export function victim(app: VictimApp): void {
  const mails: string[] = []

  app.get(
    '/',
    (req, res) => {
      const home = `http://${req.headers.host}/` // spots: host-header/link-from-host
      res.send(`<!doctype html><title>Journal</title><link rel="canonical" href="${home}"><a href="${home}">Home</a>`)
    },
    { html: true },
  )
  app.get('/forgot', (_req, res) => res.send('<!doctype html><form method="post"><input name="email"></form>'), {
    html: true,
  })
  app.post(
    '/forgot',
    (req, res) => {
      const host = req.headers['x-forwarded-host'] ?? req.headers.host
      // biome-ignore lint/style/useTemplate: the rule has to see it in this shape too
      mails.push('http://' + host + '/reset?token=5c3e') // spots: host-header/link-from-host
      res.send('<!doctype html><p>Look into your mail.</p>')
    },
    { body: { type: 'form', fields: { email: 'ada@example.com' } }, readBack: '/outbox' },
  )
  app.get('/outbox', (_req, res) => res.json(mails.slice(-5)))
  app.get('/where', (req, res) => {
    const url = new URL(req.url, `http://${req.headers.host}`)
    res.json({ path: url.pathname })
  })
}
