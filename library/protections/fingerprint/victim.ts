import type { VictimApp } from '../../core/victim.ts'

/** A shop that is proud of its engine. */
export function victim(app: VictimApp): void {
  app.get(
    '/',
    (_req, res) => {
      res.set('X-Powered-By', 'AcmeShop 4.2.1') // spots: fingerprint/software-named
      res.set('Server', 'acme/4.2.1 (Unix)') // spots: fingerprint/software-named
      res.send('<!doctype html><title>Shop</title><p>Everything must go.</p>')
    },
    { html: true },
  )
  app.get('/prices', (_req, res) => res.json([1, 2, 3]))
}
