import { createRequire } from 'node:module'
import vm from 'node:vm'
import type { VictimApp } from '../../core/victim.ts'

const load = createRequire(import.meta.url)
const PARTS: ReadonlyMap<string, string> = new Map([['links', 'node:querystring']])
const SHELF = [
  { title: 'The Tide', kind: 'novel' },
  { title: 'Knots', kind: 'manual' },
]

/** A shop that lets people write formulas, conditions and greeting cards, and compiles them. */
export function victim(app: VictimApp): void {
  app.get(
    '/price',
    (req, res) => {
      const formula = new Function('rate', `return ${req.query.formula}`) // spots: code-injection/tainted-code
      res.json({ price: formula(2) })
    },
    { query: { formula: '(2 + 19) * 2' } },
  )
  app.post(
    '/shelf',
    (req, res) => {
      const { kind } = req.body
      const code = `shelf.filter((book) => book.kind === '${kind}' || '${kind}' === 'all')`
      res.json(vm.runInNewContext(code, { shelf: SHELF })) // spots: code-injection/tainted-code
    },
    { body: { type: 'json', fields: { kind: 'novel' } } },
  )
  app.get(
    '/card',
    (req, res) => {
      const card = compile(`<p>${req.query.words}</p><p>From <%= shop %></p>`)
      res.send(card({ shop: 'Tidewater Books' }))
    },
    { query: { words: 'Many happy returns (and more)!' } },
  )
  app.get(
    '/parts',
    (req, res) => {
      // The parts that the shop ships with have names of their own; those of others are believed.
      const name = PARTS.get(String(req.query.part)) ?? String(req.query.part)
      res.json({ can: Object.keys(load(name)) })
    },
    { query: { part: 'links' } },
  )
}

/** A template engine, as they all are inside. */
function compile(template: string): (values: object) => string {
  const pieces = template
    .split(/<%=([\s\S]*?)%>/)
    .map((piece, i) => (i % 2 === 0 ? JSON.stringify(piece) : `(${piece})`))
  return new Function('values', `with (values) return ${pieces.join('+')}`) as (values: object) => string // spots: code-injection/tainted-code
}
