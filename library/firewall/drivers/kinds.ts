/** What an object is that an app talks to its database with, told by its shape: the packages themselves are never imported. */
export type DriverKind =
  | 'pg'
  | 'pg-pool'
  | 'pg-client'
  | 'mysql'
  | 'mysql-pool'
  | 'mysql-connection'
  | 'sqlite'
  | 'sqlite-class'

export function driverKindOf(database: object): DriverKind | undefined {
  const has = (name: string): boolean => typeof (database as Record<string, unknown>)[name] === 'function'
  if (has('Client') && has('Pool')) return 'pg'
  if (has('createPool') && has('createConnection') && has('Connection')) return 'mysql'
  if (has('DatabaseSync')) return 'sqlite-class'
  if (has('exec') && has('prepare')) return 'sqlite'
  if (!has('query')) return undefined
  if (has('getConnection')) return 'mysql-pool'
  if (has('execute')) return 'mysql-connection'
  if (has('connect') && 'totalCount' in database) return 'pg-pool'
  if (has('connect') && 'processID' in database) return 'pg-client'
  // A client that a pool lent out.
  return has('escapeLiteral') ? 'pg-client' : undefined
}
