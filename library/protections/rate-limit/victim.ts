import type { VictimApp, VictimRequest } from '../../core/victim.ts'

const MOST_SEARCHES = 30

/** A newspaper that answers everybody for ever, but believes that it limits its search. */
export function victim(app: VictimApp): void {
  app.get('/news', (_req, res) => res.send('<h1>News</h1>'), { html: true })

  const searches = new Map<string, number>()
  app.get(
    '/search',
    (req, res) => {
      const client = addressOf(req)
      const count = (searches.get(client) ?? 0) + 1
      searches.set(client, count)
      if (count > MOST_SEARCHES) res.status(429).send('Too many searches')
      else res.send('<p>Nothing found.</p>')
    },
    { query: { q: 'weather' } },
  )

  app.post(
    '/sign-in',
    (req, res) => {
      if (req.body['user'] === 'ada' && req.body['password'] === 'correct horse 7') {
        res.set('Set-Cookie', 'reader=ada; HttpOnly; SameSite=Lax; Path=/').send('Welcome, Ada')
      } else res.status(401).send('That is not right')
    },
    {
      signIn: true,
      body: { type: 'form', fields: { user: 'ada', password: 'correct horse 7' } },
      contract: { limit: '5/min' },
    },
  )
}

function addressOf(req: VictimRequest): string {
  const forwarded = req.headers['x-forwarded-for'] // spots: rate-limit/forgeable-address
  return String(forwarded ?? req.ip).split(',')[0] ?? ''
}
