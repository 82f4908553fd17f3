import type { SqlQuery } from 'bulwark'

export { type SqlQuery, sql } from 'bulwark'

/** A statement with its values apart, as each driver takes it: what is written by people never becomes part of its text. */
export type Sql = Pick<SqlQuery, 'text' | 'sql' | 'values'>
