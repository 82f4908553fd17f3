export { BlockedError } from '../../firewall/consult.ts'
export { type DatabaseOptions, guardDatabase } from './database/guard-database.ts'
export { guardDriver } from './database/guard-driver.ts'
export type { Dialect, SqlModes } from './judge/dialect.ts'
export type {
  Identifier as SqlIdentifier,
  Parameter as SqlParameter,
  Query as SqlQuery,
  SqlValue,
} from './template/query.ts'
export { type SqlTemplate, sql } from './template/sql.ts'
