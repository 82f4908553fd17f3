import type { VictimApp } from '../../core/victim.ts'

/** A shop that has never seen a request without its fields. */
export function victim(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<h1>Shop</h1>'), { html: true })
  app.get(
    '/search',
    async (req, res) => {
      const found = await search(req.query as { readonly q: string })
      res.send(`<p>${found} goods found.</p>`)
    },
    { query: { q: 'lamps' }, html: true },
  )
}

async function search({ q }: { readonly q: string }): Promise<number> {
  return q.trim().split(' ').length
}
