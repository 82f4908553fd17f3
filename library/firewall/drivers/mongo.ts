import { shared } from '../shared.ts'
import { fail, type Method, ownerOf, wrap } from './wrap.ts'

/**
 * How MongoDB reads a part of a call: as conditions, as a change of documents, as something to compute, as a command or its options with such
 * parts in them, or as a script.
 */
export type MongoReading = 'filter' | 'update' | 'compute' | 'command' | 'options' | 'script'

/** A part of a call that is about to be made. */
export interface MongoPart {
  readonly value: unknown
  readonly reading: MongoReading
}

/** Called with the parts of each call; throws to stop it. */
export type MongoInspector = (parts: readonly MongoPart[]) => void

interface Call {
  /** What its arguments are. */
  readonly parts: readonly (MongoReading | undefined)[]
  /** What is called at once throws at once; everything else answers with a promise. */
  readonly isSync: boolean
  /** The methods of what it answers with, of which no class may be to be had. */
  readonly result?: Calls
}

type Calls = Readonly<Record<string, Call>>

function later(...parts: readonly (MongoReading | undefined)[]): Call {
  return { parts, isSync: false }
}

function atOnce(parts: readonly MongoReading[], result?: Calls): Call {
  return { parts, isSync: true, ...(result && { result }) }
}

const CURSOR: Calls = {
  filter: atOnce(['filter']),
  project: atOnce(['compute']),
  match: atOnce(['filter']),
  addStage: atOnce(['compute']),
  lookup: atOnce(['compute']),
  group: atOnce(['compute']),
  redact: atOnce(['compute']),
}
const BULK_FOUND: Calls = {
  update: atOnce(['update']),
  updateOne: atOnce(['update']),
  arrayFilters: atOnce(['filter']),
}
const BULK: Calls = { find: atOnce(['filter'], BULK_FOUND), raw: atOnce(['command']) }
const COLLECTION: Calls = {
  find: atOnce(['filter', 'options'], CURSOR),
  findOne: later('filter', 'options'),
  findOneAndUpdate: later('filter', 'update', 'options'),
  findOneAndReplace: later('filter', undefined, 'options'),
  findOneAndDelete: later('filter', 'options'),
  updateOne: later('filter', 'update', 'options'),
  updateMany: later('filter', 'update', 'options'),
  replaceOne: later('filter', undefined, 'options'),
  deleteOne: later('filter', 'options'),
  deleteMany: later('filter', 'options'),
  countDocuments: later('filter', 'options'),
  count: later('filter', 'options'),
  distinct: later(undefined, 'filter', 'options'),
  aggregate: atOnce(['compute', 'options'], CURSOR),
  watch: atOnce(['compute', 'options']),
  bulkWrite: later('command', 'options'),
  initializeOrderedBulkOp: atOnce([], BULK),
  initializeUnorderedBulkOp: atOnce([], BULK),
  // Drivers of older versions.
  findAndModify: later('filter', undefined, 'update', 'options'),
  findAndRemove: later('filter', undefined, 'options'),
  update: later('filter', 'update', 'options'),
  remove: later('filter', 'options'),
  mapReduce: later('script', 'script', 'options'),
}
const DATABASE: Calls = {
  command: later('command'),
  executeDbAdminCommand: later('command'),
  runCursorCommand: atOnce(['command']),
  aggregate: atOnce(['compute', 'options'], CURSOR),
  watch: atOnce(['compute', 'options']),
  createCollection: later(undefined, 'options'),
  eval: later('script'),
}
const CLIENT: Calls = { bulkWrite: later('command', 'options'), watch: atOnce(['compute', 'options']) }
const ADMIN: Calls = { command: later('command') }

const state = shared('firewall.mongo', () => ({
  /** Classes whose methods are wrapped. */
  classes: new WeakSet<object>(),
  /** Greater than 0 while a guarded method runs: what it calls of the others was judged with it. */
  inside: 0,
}))

/** Guards the module `mongodb`: every client, whoever made it. */
export function guardMongoModule(module: object, inspector: MongoInspector): void {
  const { Collection, Db, MongoClient, Admin } = module as Readonly<Record<string, { readonly prototype: object }>>
  if (Collection !== undefined) guardMongoCollection(Collection.prototype, inspector)
  if (Db !== undefined) guardCalls(Db.prototype, DATABASE, inspector)
  if (MongoClient !== undefined) guardCalls(MongoClient.prototype, CLIENT, inspector)
  if (Admin !== undefined) guardCalls(Admin.prototype, ADMIN, inspector)
}

/** Guards the copy of the driver that a client belongs to: its collections are made anew with each call, so their prototype is guarded. */
export function guardMongoClient(client: object, inspector: MongoInspector): void {
  guardCalls(client, CLIENT, inspector)
  guardMongoDatabase((client as { db(): object }).db(), inspector)
}

export function guardMongoDatabase(db: object, inspector: MongoInspector): void {
  guardCalls(db, DATABASE, inspector)
  const { admin, collection } = db as { admin?(): object; collection(name: string): object }
  if (typeof admin === 'function') guardCalls(admin.call(db), ADMIN, inspector)
  guardMongoCollection(collection.call(db, 'bulwark'), inspector)
}

export function guardMongoCollection(collection: object, inspector: MongoInspector): void {
  guardCalls(collection, COLLECTION, inspector)
}

/** Wraps the methods where they are defined, in the prototype that all objects of the kind share. */
function guardCalls(object: object, calls: Calls, inspector: MongoInspector): void {
  for (const [name, call] of Object.entries(calls)) {
    const owner = ownerOf(object, name)
    if (owner !== undefined && owner !== Object.prototype) {
      wrap(owner, name, (native) => judging(native, call, inspector))
    }
  }
}

function judging(native: Method, { parts, isSync, result }: Call, inspector: MongoInspector): Method {
  return function (...args) {
    if (state.inside > 0) return native.apply(this, args)
    const found: MongoPart[] = []
    parts.forEach((reading, i) => {
      const value: unknown = args[i]
      if (reading !== undefined && value !== undefined && value !== null) found.push({ value, reading })
    })
    try {
      if (found.length > 0) inspector(found)
    } catch (error) {
      return fail(error, args, isSync ? 'throw' : 'promise')
    }
    const answer: unknown = runInside(this, native, args)
    if (result !== undefined && typeof answer === 'object' && answer !== null) guardClassOf(answer, result, inspector)
    return answer
  }
}

function runInside(self: unknown, native: Method, args: unknown[]): unknown {
  state.inside++
  try {
    return native.apply(self, args)
  } finally {
    state.inside--
  }
}

function guardClassOf(object: object, calls: Calls, inspector: MongoInspector): void {
  const prototype: object | null = Object.getPrototypeOf(object)
  if (
    prototype === null ||
    prototype === Object.prototype ||
    prototype === Array.prototype ||
    state.classes.has(prototype)
  )
    return
  state.classes.add(prototype)
  guardCalls(prototype, calls, inspector)
}
