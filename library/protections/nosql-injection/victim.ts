import { createContext, runInContext } from 'node:vm'
import type { VictimApp } from '../../core/victim.ts'
import { guardMongo } from './index.ts'

type Doc = Readonly<Record<string, unknown>>

/** A small shop that hands what its visitors send to its database as it came. */
export function victim(app: VictimApp): void {
  const people = guardMongo(new Collection([{ name: 'ann', secret: 'a sentence of hers' }]))
  const goods = guardMongo(
    new Collection([
      { title: 'Tide clock', shelf: 'sea', price: 40 },
      { title: 'Compass', shelf: 'sea', price: 15 },
      { title: 'Lantern', shelf: 'camp', price: 20 },
    ]),
  )

  app.post(
    '/sign-in',
    async (req, res) => {
      const { name, secret } = req.body
      const person = await people.findOne({ name, secret }) // spots: nosql-injection/tainted-filter
      if (person === undefined) res.status(401).send('wrong name or secret')
      else res.json({ welcome: person['name'] })
    },
    { body: { type: 'json', fields: { name: 'ann', secret: 'nobody knows' } } },
  )
  app.get(
    '/goods',
    (req, res) => {
      const { shelf } = nested(req.query)
      res.json(goods.find({ shelf }).map(({ title }) => title)) // spots: nosql-injection/tainted-filter
    },
    { query: { shelf: 'camp' } },
  )
  app.get(
    '/goods/search',
    async (req, res) => {
      const $where = `this.title == '${req.query.title}'`
      res.json((await goods.findOne({ $where })) ?? {}) // spots: nosql-injection/tainted-script
    },
    { query: { title: 'Compass' } },
  )
}

/** What parsers like `qs` make of `a[b]=c`. */
function nested(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...query }
  for (const [name, value] of Object.entries(query)) {
    const [, outer, inner] = /^(\w+)\[(\$?\w+)\]$/.exec(name) ?? []
    if (outer !== undefined && inner !== undefined) fields[outer] = { [inner]: value }
  }
  return fields
}

/** As much of a collection of MongoDB as a small shop needs. */
class Collection {
  readonly #docs: readonly Doc[]

  constructor(docs: readonly Doc[]) {
    this.#docs = docs
  }

  findOne(filter: Doc): Promise<Doc | undefined> {
    return Promise.resolve(this.#docs.find((doc) => holds(doc, filter)))
  }

  find(filter: Doc): Doc[] {
    return this.#docs.filter((doc) => holds(doc, filter))
  }
}

function holds(doc: Doc, filter: Doc): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    if (name === '$where') return runs(String(wanted), doc)
    const value = doc[name]
    if (typeof wanted !== 'object' || wanted === null) return value === wanted
    return Object.entries(wanted).every(([operator, operand]) => {
      const test = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
      return test?.(value as string, operand) === true
    })
  })
}

const OPERATORS: Readonly<Record<string, (value: string, operand: string) => boolean>> = {
  $eq: (value, operand) => value === operand,
  $ne: (value, operand) => value !== operand,
  $gt: (value, operand) => typeof value === typeof operand && value > operand,
  $in: (value, operand) => Array.isArray(operand) && (operand as readonly unknown[]).includes(value),
  $regex: (value, operand) => new RegExp(operand).test(value),
}

/** MongoDB runs scripts with the document as `this`, and gives up on them some day. */
function runs(script: string, doc: Doc): boolean {
  try {
    const realm = createContext({ doc: JSON.stringify(doc) })
    return runInContext(`Boolean((function () { return ${script} }).call(JSON.parse(doc)))`, realm, { timeout: 1000 })
  } catch {
    // MongoDB answers with an error, and a shop like this one shows no goods then.
    return false
  }
}
