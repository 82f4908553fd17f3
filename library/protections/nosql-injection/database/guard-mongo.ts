import { BulwarkError } from '../../../core/errors.ts'
import type { Mode } from '../../../core/policy.ts'
import { refuseUnknown } from '../../../core/unknown-key.ts'
import { consult } from '../../../firewall/consult.ts'
import { startCarrying } from '../../../firewall/context.ts'
import {
  guardMongoClient,
  guardMongoCollection,
  guardMongoDatabase,
  guardMongoModule,
  type MongoInspector,
} from '../../../firewall/drivers/mongo.ts'
import { type KnownKeys, strangerIn } from '../../../toolbox/known-keys.ts'
import { mongoSink } from './sink.ts'

const KNOWN: KnownKeys<MongoOptions> = { mode: true }

export interface MongoOptions {
  /**
   * `observe` reports what would have been stopped and lets it pass.
   * @default the mode of the policy that the request came through
   */
  readonly mode?: Mode
}

/**
 * Stops calls to MongoDB in which an operator, a reference to a field or a script comes from the client of the current request. Answers the
 * same object.
 *
 * Takes a client, database or collection of `mongodb`, that module, `mongoose`, or a connection of it. Whatever it is, all of the driver
 * that it belongs to is guarded. A stopped call fails the way the driver's own errors do, with a `BlockedError` that is answered with 403.
 *
 * **Security**: only calls of requests that came through Bulwark are judged (CWE-943, ASVS 1.2.4). A filter made by `filter()` is never
 * stopped.
 * @throws BulwarkError `BULWARK_ADAPTER_MISUSED` when it is nothing of MongoDB
 */
export function guardMongo<T extends object>(database: T, options: MongoOptions = {}): T {
  refuseUnknown(strangerIn(options, KNOWN, 'guardMongo()'))
  if (!put(database, inspectorOf(options.mode))) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'guardMongo(): what it was given is nothing of MongoDB', {
      fix: 'give it a client, database or collection of mongodb, the module itself, or mongoose',
    })
  }
  startCarrying()
  return database
}

/**
 * Guards a driver as it was loaded. One that has another shape than expected is left as it is: an app that cannot be touched must start.
 */
export function guardMongoDriver(driver: object): object {
  if (put(driver, inspectorOf())) startCarrying()
  return driver
}

function inspectorOf(mode?: Mode): MongoInspector {
  return (parts) => consult(mongoSink, parts, mode)
}

/** Everything is told by its shape: the packages themselves are never imported. */
function put(database: object, inspector: MongoInspector): boolean {
  const face = database as Readonly<Record<string, unknown>>
  const has = (...names: readonly string[]): boolean => names.every((name) => typeof face[name] === 'function')
  const { mongo, base } = face
  if (isObject(mongo) && has('Collection', 'Schema')) {
    guardMongoModule(mongo, inspector)
    // What mongoose keeps until it is connected is called later, in nobody's name; so it is judged when it comes.
    guardMongoCollection((face['Collection'] as { readonly prototype: object }).prototype, inspector)
    return true
  }
  if (has('MongoClient', 'Collection')) guardMongoModule(database, inspector)
  else if (isObject(base) && isObject((base as { mongo?: unknown }).mongo)) return put(base, inspector)
  else if (has('db', 'connect')) guardMongoClient(database, inspector)
  else if (has('collection', 'command')) guardMongoDatabase(database, inspector)
  else if (has('find', 'findOne')) guardMongoCollection(database, inspector)
  else return false
  return true
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
