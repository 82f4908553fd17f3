import type { VictimApp } from '../../core/victim.ts'
import { nonce } from '../../toolbox/tokens.ts'

/** A shop whose answers say nothing about what browsers may do with them. */
export function victim(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<!doctype html><title>Shop</title><p>Everything must go.</p>'), { html: true })
  app.get(
    '/account',
    (_req, res) => res.send('<!doctype html><title>Account</title><button>Close my account</button>'),
    {
      html: true,
    },
  )
  app.get('/notes', (_req, res) => res.set('Content-Type', 'text/plain').send('<script>alert(1)</script>'))
  app.get('/prices', (_req, res) => res.json([1, 2, 3]))
  app.get('/label', (_req, res) => {
    res.set('Content-Security-Policy', "default-src 'self'; script-src 'self' 'unsafe-inline'") // spots: headers/weak-policy
    res.set('X-Frame-Options', 'ALLOW-FROM https://partner.example') // spots: headers/weak-policy
    res.set('Content-Type', 'text/plain').send('Fragile')
  })
}

const NONCE = 'c2FtZS1mb3ItZXZlcnlib2R5'

/** A page whose nonce was typed in by hand. */
export function reusedNonceVictim(app: VictimApp): void {
  app.get(
    '/',
    (_req, res) => {
      res.set('Content-Security-Policy', `script-src 'nonce-${NONCE}'; object-src 'none'; base-uri 'none'`)
      res.send(`<!doctype html><title>Shop</title><script nonce="${NONCE}">document.title = 'Sale'</script>`)
    },
    { html: true },
  )
}

/** The same page with a nonce of its own for every answer. */
export function freshNonceVictim(app: VictimApp): void {
  app.get(
    '/',
    (_req, res) => {
      const fresh = nonce()
      res.set('Content-Security-Policy', `script-src 'nonce-${fresh}'; object-src 'none'; base-uri 'none'`)
      res.send(`<!doctype html><title>Shop</title><script nonce="${fresh}">document.title = 'Sale'</script>`)
    },
    { html: true },
  )
}
