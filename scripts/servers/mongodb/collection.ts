import { BSON } from 'mongodb'
import { compileFilter, type FilterPlace, type Test } from './filter.ts'
import { candidates, reach } from './paths.ts'
import { cannot, Refusal } from './refusal.ts'
import { type Doc, encode, isDoc, toKey } from './values.ts'

/** What a document may weigh. */
const LARGEST = 16 * 1024 * 1024

interface Index {
  readonly spec: Doc
  readonly name: string
  readonly fields: readonly string[]
  readonly unique: boolean
  readonly sparse: boolean
  /** The seconds after the time in the field at which documents go. */
  readonly expiresAfter: number | undefined
  readonly covers: Test
  /** For a unique index: each key, and the document that has it. */
  readonly owners: Map<string, string>
}

/** The documents of one collection by their `_id`, and its indexes. What it keeps is never changed, only replaced. */
export class Collection {
  readonly namespace: string
  readonly #docs = new Map<string, Doc>()
  #indexes: Index[] = []

  constructor(namespace: string) {
    this.namespace = namespace
    this.#indexes.push(this.#toIndex({ v: 2, key: { _id: 1 }, name: '_id_' }, undefined))
  }

  get size(): number {
    return this.#docs.size
  }

  get indexes(): readonly Doc[] {
    return this.#indexes.map(({ spec }) => spec)
  }

  docs(): IterableIterator<Doc> {
    return this.#docs.values()
  }

  /** Those that a filter matches; by its `_id` or a unique field it is found at once. */
  find(filter: unknown, place: FilterPlace): Doc[] {
    const test = compileFilter(filter, place)
    const known = isDoc(filter) ? this.#byKey(filter) : undefined
    const found: Doc[] = []
    for (const doc of known ?? this.#docs.values()) if (test(doc)) found.push(doc)
    return found
  }

  /** Adds a document, or replaces the one that has this `_id`. Throws a refusal, and changes nothing, when a unique key is taken. */
  put(doc: Doc, isNew: boolean): void {
    if (encode(doc).length > LARGEST) throw new Refusal('BSONObjectTooLarge', 'Object to be written is too large')
    const id = toKey(doc['_id'])
    if (isNew && this.#docs.has(id)) throw this.#duplicate('_id_', { _id: 1 }, { _id: doc['_id'] })
    for (const index of this.#indexes) this.#checkUnique(index, doc, id)
    this.#forget(id)
    this.#docs.set(id, doc)
    for (const index of this.#indexes) for (const key of toKeys(index, doc)) index.owners.set(key, id)
  }

  remove(doc: Doc): void {
    const id = toKey(doc['_id'])
    this.#forget(id)
    this.#docs.delete(id)
  }

  /** Makes an index unless it is there already. Throws a refusal when what is there is another, or the documents do not fit. */
  createIndex(spec: Doc, place: FilterPlace): void {
    const { collation, ...wanted }: Doc = { v: 2, ...spec }
    if (!isSimple(collation)) throw cannot('collations')
    const same = this.#indexes.find(
      ({ name, spec: { key } }) => name === spec['name'] || JSON.stringify(key) === JSON.stringify(spec['key']),
    )
    if (same) {
      if (BSON.EJSON.stringify(same.spec) === BSON.EJSON.stringify(wanted) || same.name === '_id_') return
      const why = 'An existing index has the same name or the same key, with different options'
      throw new Refusal(same.name === spec['name'] ? 'IndexKeySpecsConflict' : 'IndexOptionsConflict', why)
    }
    const index = this.#toIndex(wanted, place)
    for (const [id, doc] of this.#docs) {
      this.#checkUnique(index, doc, id)
      for (const key of toKeys(index, doc)) index.owners.set(key, id)
    }
    this.#indexes.push(index)
  }

  /** By name or `*`; the index of `_id` stays. */
  dropIndex(name: unknown): void {
    const rest = this.#indexes.filter((index) => index.name === '_id_' || (name !== '*' && index.name !== name))
    if (rest.length === this.#indexes.length && name !== '*')
      throw new Refusal('IndexNotFound', `index not found with name [${String(name)}]`)
    this.#indexes = rest
  }

  /** Deletes what a TTL index says has lived long enough. */
  sweep(now: number): void {
    for (const { expiresAfter, fields } of this.#indexes) {
      if (expiresAfter === undefined) continue
      const limit = now - expiresAfter * 1000
      for (const doc of this.#docs.values()) {
        const times = candidates(doc, fields[0] ?? '').filter((value) => value instanceof Date)
        if (times.some((time) => time.getTime() <= limit)) this.remove(doc)
      }
    }
  }

  #byKey(filter: Doc): Doc[] | undefined {
    for (const { fields, owners, unique, sparse, spec } of this.#indexes) {
      const [field] = fields
      if (!unique || sparse || fields.length !== 1 || field === undefined || !Object.hasOwn(filter, field)) continue
      if ('partialFilterExpression' in spec) continue
      const wanted = filter[field]
      // Arrays have a key for each element, and documents may hold operators.
      if (Array.isArray(wanted) || isDoc(wanted) || wanted instanceof RegExp || wanted instanceof BSON.BSONRegExp)
        continue
      const doc = this.#docs.get(owners.get(toKey([wanted])) ?? '')
      return doc ? [doc] : []
    }
    return undefined
  }

  #toIndex(spec: Doc, place: FilterPlace | undefined): Index {
    const { key, name, unique, sparse, expireAfterSeconds, partialFilterExpression } = spec
    if (!isDoc(key) || typeof name !== 'string') throw new Refusal('FailedToParse', 'an index has a key and a name')
    for (const [field, kind] of Object.entries(key)) {
      if (kind !== 1 && kind !== -1) throw cannot(`the index ${field}: ${JSON.stringify(kind)}`)
    }
    return {
      spec,
      name,
      fields: Object.keys(key),
      unique: unique === true || name === '_id_',
      sparse: sparse === true,
      expiresAfter: expireAfterSeconds === undefined ? undefined : Number(expireAfterSeconds),
      covers: place && partialFilterExpression ? compileFilter(partialFilterExpression, place) : () => true,
      owners: new Map(),
    }
  }

  #checkUnique(index: Index, doc: Doc, id: string): void {
    for (const key of toKeys(index, doc)) {
      const owner = index.owners.get(key)
      if (owner === undefined || owner === id) continue
      const values = index.fields.map((field) => [field, reach(doc, field)[0] ?? null])
      throw this.#duplicate(index.name, index.spec['key'], Object.fromEntries(values))
    }
  }

  #forget(id: string): void {
    const old = this.#docs.get(id)
    if (!old) return
    for (const index of this.#indexes) for (const key of toKeys(index, old)) index.owners.delete(key)
  }

  #duplicate(name: string, keyPattern: unknown, keyValue: Doc): Refusal {
    const text = `E11000 duplicate key error collection: ${this.namespace} index: ${name} dup key: ${BSON.EJSON.stringify(keyValue)}`
    return new Refusal('DuplicateKey', text, { keyPattern, keyValue })
  }
}

/** Byte by byte. Two texts that a collation holds equal are different for this double: better no answer than a wrong one. */
export function isSimple(collation: unknown): boolean {
  return collation === undefined || (isDoc(collation) && collation['locale'] === 'simple')
}

/** The keys of a document in a unique index: one, or one for each element of the array among its fields. */
function toKeys(index: Index, doc: Doc): string[] {
  if (!index.unique || !index.covers(doc)) return []
  const columns = index.fields.map((field) =>
    reach(doc, field).flatMap((value) => (Array.isArray(value) && value.length > 0 ? value : [value])),
  )
  if (index.sparse && columns.every((values) => values.every((value) => value === undefined))) return []
  let keys: unknown[][] = [[]]
  for (const values of columns)
    keys = keys.flatMap((key) => (values.length > 0 ? values : [null]).map((v) => [...key, v]))
  return keys.map(toKey)
}
