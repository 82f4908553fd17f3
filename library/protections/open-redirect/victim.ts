import type { VictimApp } from '../../core/victim.ts'
import { safeRedirect } from './index.ts'

/** A shop that sends people on to wherever the link says. */
export function victim(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<!doctype html><title>Shop</title><a href="/sign-in?next=/">Sign in</a>'), {
    html: true,
  })
  app.get(
    '/go',
    (req, res) => {
      res.redirect(String(req.query.to)) // spots: open-redirect/tainted-location
    },
    { query: { to: '/' } },
  )
  app.get(
    '/back',
    (req, res) => {
      const to = String(req.query.return)
      // Believes that a slash in front means a page of its own.
      const path = /^\/|^https?:(?!\/)/.test(to) ? to : '/'
      res.status(302).set('Location', path).end() // spots: open-redirect/tainted-location
    },
    { query: { return: '/' } },
  )
  app.post(
    '/sign-in',
    (req, res) => {
      res.redirect(String(req.body.next)) // spots: open-redirect/tainted-location
    },
    { body: { type: 'form', fields: { name: 'ann', next: '/' } } },
  )
  app.get(
    '/home',
    (req, res) => {
      res.redirect(safeRedirect(req.query.next))
    },
    { query: { next: '/' } },
  )
}
