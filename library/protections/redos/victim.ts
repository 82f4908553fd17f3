import type { VictimApp } from '../../core/victim.ts'
import { escapePattern } from './index.ts'

const NAMES = ['Ann', 'Bob', 'Cid']

/** A list of people that can be searched, and joined. */
export function victim(app: VictimApp): void {
  app.get(
    '/people',
    (req, res) => {
      const wanted = new RegExp(req.query.q ?? '', 'i') // spots: redos/pattern-from-request
      res.json({ found: NAMES.filter((name) => wanted.test(name)) })
    },
    { query: { q: 'ann' } },
  )
  app.get(
    '/tags',
    (req, res) => {
      res.json({ isList: /^\w+\s*,?\s*$/.test(String(req.query.tags)) }) // spots: redos/catastrophic
    },
    { query: { tags: 'tea, ' } },
  )
  app.post(
    '/join',
    (req, res) => {
      const isMail = /^([a-z0-9_.-]+)@(([a-z0-9-])+.)+([a-z0-9]{2,4})+$/i.test(String(req.body.email)) // spots: redos/catastrophic
      if (isMail) res.json({ welcome: true })
      else res.status(422).json({ welcome: false })
    },
    { body: { type: 'form', fields: { email: 'ann@mail.example' } } },
  )
}

/** The same list: what is searched for means itself, and an address is read in one way only. */
export function fixedVictim(app: VictimApp): void {
  app.get(
    '/people',
    (req, res) => {
      const wanted = new RegExp(escapePattern(req.query.q ?? ''), 'i')
      res.json({ found: NAMES.filter((name) => wanted.test(name)) })
    },
    { query: { q: 'ann' } },
  )
  app.get(
    '/tags',
    (req, res) => {
      res.json({ isList: /^\w+\s*(?:,\s*)?$/.test(String(req.query.tags)) })
    },
    { query: { tags: 'tea, ' } },
  )
  app.post(
    '/join',
    (req, res) => {
      const isMail = /^[a-z0-9_.-]+@(?:[a-z0-9-]+\.)+[a-z0-9]{2,}$/i.test(String(req.body.email))
      if (isMail) res.json({ welcome: true })
      else res.status(422).json({ welcome: false })
    },
    { body: { type: 'form', fields: { email: 'ann@mail.example' } } },
  )
}
