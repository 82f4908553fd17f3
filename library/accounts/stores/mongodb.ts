import { BulwarkError } from '../../core/errors.ts'
import { refuseUnknown } from '../../core/unknown-key.ts'
import { Link } from '../../stores/remote/link.ts'
import { type KnownKeys, strangerIn } from '../../toolbox/known-keys.ts'
import type { AccountRow, PageQuery } from '../record.ts'
import type { AccountStore } from '../store.ts'
import { partOf, RemoteAccountStore, type Rows, type StoredRow, Unfit } from './remote/rows.ts'

const KNOWN: KnownKeys<MongodbAccountStoreOptions> = { collection: true, deadline: true }

/** A `Db` of the package `mongodb`, or anything else with this method. */
export interface MongodbDatabase {
  collection(name: string): MongodbCollection
}

/** What the store uses of a collection. */
export interface MongodbCollection {
  insertOne(doc: object, options: object): Promise<unknown>
  replaceOne(filter: object, doc: object, options: object): Promise<{ matchedCount: number } | object>
  deleteOne(filter: object, options: object): Promise<{ deletedCount: number }>
  findOne(filter: object, options: object): Promise<object | null>
  find(filter: object, options: object): { toArray(): Promise<object[]> }
  createIndex(keys: { email: 1 }, options: object): Promise<unknown>
  listIndexes(): { toArray(): Promise<object[]> }
}

export interface MongodbAccountStoreOptions {
  /** @default 'bulwark_accounts' */
  readonly collection?: string
  /** How long each method may take, such as `'500ms'`; milliseconds when it is a number. @default '2s' */
  readonly deadline?: string | number
}

const AT = 'mongodbAccountStore(db)'

/**
 * Accounts in MongoDB (4.4 or newer). The app hands in the `Db` that it has; the store never connects, and never closes its client. The unique
 * index on `email` is made when it is missing, and looked for before each new account.
 *
 * **Security**: writes wait for a majority, and reads ask the primary, whatever the `Db` says: an account that was closed, or a password that
 * was changed, must not come back. Comparisons are `simple` and by `$eq`, so that neither a collation nor an object in the place of an id matters.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` or `BULWARK_DURATION_INVALID` for what cannot be used. Each method rejects with
 * `BULWARK_STORE_UNAVAILABLE` when it did not succeed within the deadline; a write may then have been carried out, as a whole or not at all.
 */
export function mongodbAccountStore(db: MongodbDatabase, options: MongodbAccountStoreOptions = {}): AccountStore {
  refuseUnknown(strangerIn(options, KNOWN, 'mongodbAccountStore()'))
  const { collection = 'bulwark_accounts', deadline = '2s' } = options
  if (
    typeof collection !== 'string' ||
    !/^[A-Za-z_][\w.-]{0,99}$/.test(collection) ||
    collection.startsWith('system.')
  ) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no name for a collection', {
      at: 'mongodbAccountStore(db, { collection })',
      fix: "use up to 100 letters, digits, underscores, dots and hyphens: 'people.accounts'",
    })
  }
  const link = new Link({ at: AT, deadline, isAnswer: isMongodbAnswer })
  return new RemoteAccountStore('mongodb', new MongodbRows(db.collection(collection)), link)
}

const DUPLICATE_KEY = 11000
const NAMESPACE_NOT_FOUND = 26
const INDEX = 'bulwark_email'
const SIMPLE = { locale: 'simple' } as const
const READ = { collation: SIMPLE, readPreference: 'primary', projection: { _id: 1, body: 1, version: 1 } } as const
const MAJORITY = { writeConcern: { w: 'majority' } } as const
const WRITE = { collation: SIMPLE, ...MAJORITY } as const

class MongodbRows implements Rows {
  readonly #collection: MongodbCollection
  #isUnique = false

  constructor(collection: MongodbCollection) {
    this.#collection = collection
  }

  async insert(row: AccountRow): Promise<boolean> {
    // Each time: whoever writes into a collection that is gone makes a new one, without an index, where an address is not unique any more.
    await this.#prepare()
    try {
      await this.#collection.insertOne(toDocument(row), MAJORITY)
      return true
    } catch (error) {
      if (partOf(error, 'code') === DUPLICATE_KEY) return false
      throw error
    }
  }

  async byId(id: string): Promise<StoredRow | undefined> {
    return toRow(await this.#collection.findOne({ _id: { $eq: id } }, READ))
  }

  async byEmail(email: string): Promise<StoredRow | undefined> {
    return toRow(await this.#collection.findOne({ email: { $eq: email } }, READ))
  }

  async replace(row: AccountRow, expected: number): Promise<'done' | 'conflict' | 'taken'> {
    if (!this.#isUnique) await this.#prepare()
    const filter = { _id: { $eq: row.id }, version: { $eq: expected } }
    try {
      const answer = await this.#collection.replaceOne(filter, toDocument(row), WRITE)
      return 'matchedCount' in answer && answer.matchedCount === 1 ? 'done' : 'conflict'
    } catch (error) {
      if (partOf(error, 'code') === DUPLICATE_KEY) return 'taken'
      throw error
    }
  }

  async delete(id: string): Promise<boolean> {
    return (await this.#collection.deleteOne({ _id: { $eq: id } }, WRITE)).deletedCount === 1
  }

  async page({ limit, after, search }: PageQuery): Promise<readonly StoredRow[]> {
    // A literal, and no regular expression: nothing that is searched for has a meaning.
    const found = { $gte: [{ $indexOfBytes: ['$search', { $literal: search }] }, 0] }
    const filter = { ...(after !== undefined && { _id: { $lt: after } }), ...(search !== '' && { $expr: found }) }
    const docs = await this.#collection.find(filter, { ...READ, sort: { _id: -1 }, limit }).toArray()
    return docs.flatMap((doc) => toRow(doc) ?? [])
  }

  /** Sees that the collection compares byte by byte and holds e-mail keys unique. Nothing is written where it does not. */
  async #prepare(): Promise<void> {
    let indexes = await this.#indexes()
    if (!indexes.some(isByEmail)) {
      await this.#collection.createIndex({ email: 1 }, { name: INDEX, unique: true, sparse: true, collation: SIMPLE })
      indexes = await this.#indexes()
    }
    const isExact = indexes.length > 0 && indexes.every((index) => index['name'] !== '_id_' || isSimple(index))
    this.#isUnique = isExact && indexes.some((index) => isByEmail(index) && index['unique'] === true && isSimple(index))
    if (!this.#isUnique) {
      throw new Unfit(
        'the collection has a collation, or an index on email that is not unique: start with one that is empty',
      )
    }
  }

  async #indexes(): Promise<readonly Document[]> {
    try {
      return (await this.#collection.listIndexes().toArray()) as readonly Document[]
    } catch (error) {
      if (partOf(error, 'code') === NAMESPACE_NOT_FOUND) return []
      throw error
    }
  }
}

type Document = Readonly<Record<string, unknown>>

/** Without `email` where there is none: a sparse index then leaves it out. */
function toDocument({ id, email, search, body, version }: AccountRow): Document {
  return { _id: id, ...(email !== null && { email }), search, body, version }
}

function toRow(doc: object | null): StoredRow | undefined {
  if (doc === null) return undefined
  const { _id: id, body, version } = doc as Document
  return { id: String(id), body: String(body), version: Number(version) }
}

function isByEmail(index: Document): boolean {
  return index['name'] === INDEX || JSON.stringify(index['key']) === '{"email":1}'
}

/** Comparing byte by byte is what MongoDB does unless it is told otherwise, and then it does not list it. */
function isSimple(index: Document): boolean {
  const collation = index['collation'] as Document | undefined
  return collation === undefined || collation['locale'] === 'simple'
}

/** Whether the server itself refuses the command: only its errors have a number. */
function isMongodbAnswer(error: unknown): boolean {
  return error instanceof Unfit || typeof partOf(error, 'code') === 'number'
}
