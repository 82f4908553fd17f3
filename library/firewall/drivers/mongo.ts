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

/** What the arguments of a method are. */
type Arguments = readonly (MongoReading | undefined)[]

interface Calls {
  readonly [method: string]: Arguments
}

const COLLECTION: Calls = {
  find: ['filter', 'options'],
  findOne: ['filter', 'options'],
  findOneAndUpdate: ['filter', 'update', 'options'],
  findOneAndReplace: ['filter', undefined, 'options'],
  findOneAndDelete: ['filter', 'options'],
  updateOne: ['filter', 'update', 'options'],
  updateMany: ['filter', 'update', 'options'],
  replaceOne: ['filter', undefined, 'options'],
  deleteOne: ['filter', 'options'],
  deleteMany: ['filter', 'options'],
  countDocuments: ['filter', 'options'],
  count: ['filter', 'options'],
  distinct: [undefined, 'filter', 'options'],
  aggregate: ['compute', 'options'],
  watch: ['compute', 'options'],
  bulkWrite: ['command', 'options'],
  // Drivers of older versions.
  findAndModify: ['filter', undefined, 'update', 'options'],
  findAndRemove: ['filter', undefined, 'options'],
  update: ['filter', 'update', 'options'],
  remove: ['filter', 'options'],
  mapReduce: ['script', 'script', 'options'],
  group: [undefined, 'filter', undefined, 'script', 'script'],
}
const DATABASE: Calls = {
  command: ['command'],
  executeDbAdminCommand: ['command'],
  runCursorCommand: ['command'],
  aggregate: ['compute', 'options'],
  watch: ['compute', 'options'],
  createCollection: [undefined, 'options'],
  eval: ['script'],
}
const CLIENT: Calls = { bulkWrite: ['command', 'options'], watch: ['compute', 'options'] }
const ADMIN: Calls = { command: ['command'] }
const CURSOR: Calls = {
  filter: ['filter'],
  project: ['compute'],
  match: ['filter'],
  addStage: ['compute'],
  lookup: ['compute'],
  group: ['compute'],
  redact: ['compute'],
}
const BULK: Calls = { find: ['filter'], raw: ['command'] }
const BULK_FOUND: Calls = {
  update: ['update'],
  updateOne: ['update'],
  arrayFilters: ['filter'],
}
/** What answers at once throws at once; the others answer with a promise. */
const SYNCHRONOUS: ReadonlySet<string> = new Set([
  'find',
  'aggregate',
  'watch',
  'runCursorCommand',
  ...Object.keys(CURSOR),
  ...Object.keys(BULK),
])

/** Greater than 0 while a guarded method runs: what it calls of the others was judged with it. */
let inside = 0

/** Guards the module `mongodb`: every client, whoever made it. */
export function guardMongoModule(module: object, inspector: MongoInspector): void {
  const classes = module as Readonly<Record<string, { readonly prototype: object } | undefined>>
  const { Collection, Db, MongoClient, Admin, FindCursor, AggregationCursor } = classes
  if (Collection !== undefined) guardMongoCollection(Collection.prototype, inspector)
  if (Db !== undefined) guardCalls(Db.prototype, DATABASE, inspector)
  if (MongoClient !== undefined) guardCalls(MongoClient.prototype, CLIENT, inspector)
  if (Admin !== undefined) guardCalls(Admin.prototype, ADMIN, inspector)
  for (const cursor of [FindCursor, AggregationCursor])
    if (cursor !== undefined) guardCalls(cursor.prototype, CURSOR, inspector)
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
  for (const name of ['initializeOrderedBulkOp', 'initializeUnorderedBulkOp'])
    guardResult(collection, name, (bulk) => {
      guardCalls(bulk, BULK, inspector)
      guardResult(bulk, 'find', (found) => guardCalls(found, BULK_FOUND, inspector))
    })
}

/** Wraps the methods where they are defined, in the prototype that all objects of the kind share. */
function guardCalls(object: object, calls: Calls, inspector: MongoInspector): void {
  for (const [name, kinds] of Object.entries(calls)) {
    const owner = ownerOf(object, name)
    if (owner !== undefined && owner !== Object.prototype) {
      wrap(owner, name, (native) => judging(native, name, kinds, inspector))
    }
  }
}

function judging(native: Method, name: string, kinds: Arguments, inspector: MongoInspector): Method {
  return function (...args) {
    if (inside > 0) return native.apply(this, args)
    const parts: MongoPart[] = []
    kinds.forEach((reading, i) => {
      const value: unknown = args[i]
      if (reading !== undefined && value !== undefined && value !== null) parts.push({ value, reading })
    })
    try {
      inspector(parts)
    } catch (error) {
      return fail(error, args, SYNCHRONOUS.has(name) ? 'throw' : 'promise')
    }
    inside++
    try {
      return native.apply(this, args)
    } finally {
      inside--
    }
  }
}

/** Guards what a method answers with, of which no class is to be had. */
function guardResult(object: object, name: string, guard: (result: object) => void): void {
  const owner = ownerOf(object, name)
  if (owner === undefined) return
  const guarded = Symbol.for(`bulwark.firewall.result ${name}`)
  if (Object.hasOwn(owner, guarded)) return
  Object.defineProperty(owner, guarded, { value: true })
  const native = (owner as Record<string, Method>)[name] as Method
  Object.defineProperty(owner, name, {
    value: function (this: unknown, ...args: unknown[]) {
      const result: unknown = native.apply(this, args)
      if (typeof result === 'object' && result !== null) guard(result)
      return result
    },
    writable: true,
    configurable: true,
  })
}
