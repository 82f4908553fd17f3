import { pbkdf2Sync } from 'node:crypto'
import type { VictimApp } from '../../core/victim.ts'

const ROUNDS = 40_000

/** A town hall with one desk: whoever has a certificate sealed keeps everybody else waiting. */
export function victim(app: VictimApp): void {
  app.get('/hours', (_req, res) => res.json({ open: '9 to 5' }))
  app.get(
    '/certificate',
    (req, res) => {
      const seal = pbkdf2Sync(String(req.query.name), 'town hall', ROUNDS, 32, 'sha512') // spots: overload/blocking-call
      res.json({ seal: seal.toString('hex') })
    },
    { query: { name: 'ann' } },
  )
}
