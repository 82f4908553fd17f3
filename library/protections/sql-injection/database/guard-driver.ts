import { startCarrying } from '../../../firewall/context.ts'
import { guardSqlite } from '../../../firewall/drivers/plain.ts'
import { guardDatabase, inspectorOf } from './guard-database.ts'

type Class = abstract new (...args: never[]) => object

/**
 * Guards a driver as it was loaded, and answers what the app gets of it: most of the time the same object.
 *
 * A driver that has another shape than expected is left as it is: an app that cannot be touched must start.
 */
export function guardDriver(driver: object, name: string): object {
  const { Database, Client, createPool } = driver as { Database?: Class; Client?: unknown; createPool?: unknown }
  switch (name) {
    case 'pg':
      return typeof Client === 'function' ? guardDatabase(driver) : driver
    case 'mysql2':
      return typeof createPool === 'function' ? guardDatabase(driver) : driver
    case 'better-sqlite3':
      return typeof driver === 'function' ? guardClass(driver as Class, driver) : driver
    case 'sqlite3':
      return typeof Database === 'function' ? guardClass(Database, driver) : driver
    default:
      return guardSync(driver)
  }
}

function guardClass({ prototype }: Class, driver: object): object {
  guardSqlite(prototype as object, inspectorOf('sqlite'))
  startCarrying()
  return driver
}

/** `node:sqlite`, or the binary of the package with the same face, whose class is sealed: its instances are guarded one by one. */
function guardSync(driver: object): object {
  const { DatabaseSync } = driver as { DatabaseSync?: Class }
  if (typeof DatabaseSync !== 'function') return driver
  const inspector = inspectorOf('sqlite')
  startCarrying()
  if (guardSqlite(DatabaseSync.prototype as object, inspector)) return driver
  const guarded = new Proxy(DatabaseSync, {
    construct(Target, args, newTarget) {
      const database = Reflect.construct(Target, args, newTarget) as object
      guardSqlite(database, inspector)
      return database
    },
  })
  return Object.create(driver, { DatabaseSync: { value: guarded, enumerable: true } }) as object
}
