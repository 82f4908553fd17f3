import type { VictimApp } from '../../core/victim.ts'

/** A mailbox that every site may read. */
export function victim(app: VictimApp): void {
  app.get('/me', (req, res) => {
    res.set('Access-Control-Allow-Origin', String(req.headers.origin ?? '*')) // spots: cors/reflected-origin
    res.set('Access-Control-Allow-Credentials', 'true')
    res.json({ name: 'Ada', mails: 3 })
  })
  app.get('/mails', (_req, res) => {
    res.set('Access-Control-Allow-Origin', 'null') // spots: cors/null-allowed
    res.set('Access-Control-Allow-Credentials', 'true')
    res.json(['Hello Ada'])
  })
  app.get('/contacts', (req, res) => {
    const origin = String(req.headers.origin ?? '')
    if (origin.startsWith(`http://${req.headers.host}`)) {
      res.set('Access-Control-Allow-Origin', origin) // spots: cors/reflected-origin
      res.set('Access-Control-Allow-Credentials', 'true')
    }
    res.json(['Grace'])
  })
}
