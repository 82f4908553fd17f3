import { startCarrying } from '../../../firewall/context.ts'
import { driverKindOf } from '../../../firewall/drivers/kinds.ts'
import { mariadbMakers } from '../../../firewall/drivers/mariadb.ts'
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
    case 'postgres':
    case 'tedious':
      return driverKindOf(driver) === name ? guardDatabase(driver) : driver
    case 'mariadb':
      return driverKindOf(driver) === name ? guardMariadb(driver) : driver
    case 'pg':
      return typeof Client === 'function' ? guardDatabase(driver) : driver
    case 'mysql2':
      return typeof createPool === 'function' ? guardDatabase(driver) : driver
    case 'better-sqlite3':
    case 'libsql':
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

/** What a bundle exports cannot be replaced: another object stands in front of it. */
function guardMariadb(driver: object): object {
  startCarrying()
  const makers = mariadbMakers(driver, inspectorOf('mysql'))
  const properties = Object.entries(makers).map(([name, value]) => [name, { value, enumerable: true }])
  return Object.create(driver, Object.fromEntries(properties)) as object
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
