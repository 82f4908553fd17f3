import { BSON } from 'mongodb'
import { Collection } from './collection.ts'
import type { Surroundings } from './expressions.ts'
import { Refusal } from './refusal.ts'
import type { Doc } from './values.ts'

/** What is left of an answer that was too long for one message. */
interface Cursor {
  readonly namespace: string
  readonly rest: Doc[]
}

const FIRST_BATCH = 101
const LARGEST_BATCH = 16_000_000

/** Everything that the server keeps, in memory. */
export class State {
  /** An empty collection, for commands on one that is not there. */
  readonly nowhere: Collection = new Collection('nowhere')
  readonly #databases = new Map<string, Map<string, Collection>>()
  readonly #cursors = new Map<bigint, Cursor>()
  #lastCursor = 0n

  get databases(): readonly string[] {
    return [...this.#databases.keys()]
  }

  collections(database: string): readonly string[] {
    return [...(this.#databases.get(database)?.keys() ?? [])]
  }

  collection(database: string, name: string): Collection | undefined {
    return this.#databases.get(database)?.get(name)
  }

  /** The collection, made if it is not there: whoever writes makes it. */
  ensure(database: string, name: unknown): Collection {
    if (typeof name !== 'string' || name === '' || /\0|^\$/.test(name))
      throw new Refusal('BadValue', `Invalid namespace specified '${database}.${String(name)}'`)
    const collections = this.#databases.get(database) ?? new Map<string, Collection>()
    const collection = collections.get(name) ?? new Collection(`${database}.${name}`)
    this.#databases.set(database, collections.set(name, collection))
    return collection
  }

  drop(database: string, name?: string): boolean {
    if (name === undefined) return this.#databases.delete(database)
    return this.#databases.get(database)?.delete(name) === true
  }

  sweep(now: number): void {
    for (const collections of this.#databases.values())
      for (const collection of collections.values()) collection.sweep(now)
  }

  around(database: string, variables: unknown): Surroundings {
    return {
      collection: (name) => [...(this.collection(database, name)?.docs() ?? [])],
      variables: variables as Doc | undefined,
    }
  }

  /** Answers the first of the documents, and keeps the rest. */
  answer(namespace: string, docs: readonly Doc[], size: unknown = FIRST_BATCH, single = false): Doc {
    const cursor: Cursor = { namespace, rest: [...docs] }
    const batch = takeBatch(cursor, Number(size))
    const id = cursor.rest.length > 0 && !single ? ++this.#lastCursor : 0n
    if (id > 0n) this.#cursors.set(id, cursor)
    return { cursor: { firstBatch: batch, id: BSON.Long.fromBigInt(id), ns: namespace } }
  }

  more(id: bigint, size: unknown): Doc {
    const cursor = this.#cursors.get(id)
    if (!cursor) throw new Refusal('CursorNotFound', `cursor id ${id} not found`)
    const batch = takeBatch(cursor, size === undefined ? Number.POSITIVE_INFINITY : Number(size))
    const left = cursor.rest.length > 0 ? id : 0n
    if (left === 0n) this.#cursors.delete(id)
    return { cursor: { nextBatch: batch, id: BSON.Long.fromBigInt(left), ns: cursor.namespace } }
  }

  forget(id: bigint): boolean {
    return this.#cursors.delete(id)
  }
}

function takeBatch(cursor: Cursor, size: number): Doc[] {
  let bytes = 0
  let count = 0
  for (const doc of cursor.rest) {
    if (count >= size) break
    bytes += BSON.calculateObjectSize(doc)
    if (bytes > LARGEST_BATCH && count > 0) break
    count++
  }
  return cursor.rest.splice(0, count)
}
