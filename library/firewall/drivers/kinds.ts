/** What an object is that an app talks to its database with, told by its shape: the packages themselves are never imported. */
export type DriverKind =
  | 'pg'
  | 'pg-pool'
  | 'pg-client'
  | 'postgres'
  | 'mysql'
  | 'mysql-pool'
  | 'mysql-connection'
  | 'mariadb'
  | 'mariadb-pool'
  | 'mariadb-connection'
  | 'sqlite'
  | 'sqlite-class'
  | 'tedious'
  | 'mssql'

export function driverKindOf(database: object): DriverKind | undefined {
  const has = (name: string): boolean => typeof (database as Record<string, unknown>)[name] === 'function'
  if (has('PostgresError') && (has('unsafe') || has('toPascal'))) return 'postgres'
  if (has('Client') && has('Pool')) return 'pg'
  if (has('createPool') && has('createConnection')) {
    if (has('Connection')) return 'mysql'
    return has('importFile') || has('SqlError') ? 'mariadb' : undefined
  }
  if (has('Request') && has('BulkLoad')) return 'tedious'
  if (has('Request') && has('ConnectionPool')) return 'mssql'
  if (has('DatabaseSync')) return 'sqlite-class'
  if (has('exec') && has('prepare')) return 'sqlite'
  if (!has('query')) return undefined
  if (has('getConnection')) return has('taskQueueSize') ? 'mariadb-pool' : 'mysql-pool'
  if (has('execute')) return has('queryStream') ? 'mariadb-connection' : 'mysql-connection'
  if (has('connect') && 'totalCount' in database) return 'pg-pool'
  if (has('connect') && 'processID' in database) return 'pg-client'
  // A client that a pool lent out.
  return has('escapeLiteral') ? 'pg-client' : undefined
}
