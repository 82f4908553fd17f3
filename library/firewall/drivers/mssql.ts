import { guardMethods } from './plain.ts'
import { type Inspector, ownerOf, wrap } from './wrap.ts'

/** A request of tedious: its text, and whom to tell of its end. */
interface TediousRequest {
  readonly sqlTextOrProcedure?: unknown
  callback(error: unknown): void
}

/** Guards the module `tedious`, which mssql, Sequelize, TypeORM and Knex stand on. */
export function guardTediousModule(tedious: object, inspector: Inspector): void {
  const { Connection } = tedious as { Connection?: { prototype: object } }
  for (const name of ['execSql', 'execSqlBatch', 'prepare']) {
    if (Connection === undefined) return
    wrap(
      Connection.prototype,
      name,
      (native) =>
        function (request: TediousRequest, ...rest) {
          const text = request.sqlTextOrProcedure
          if (typeof text === 'string') {
            try {
              inspector.text(text)
            } catch (error) {
              process.nextTick(() => request.callback(error))
              return undefined
            }
          }
          return native.call(this, request, ...rest)
        },
    )
  }
}

/** Guards the module `mssql`: every request, whatever pool or transaction it is of. */
export function guardMssqlModule(mssql: object, inspector: Inspector): void {
  const { Request, PreparedStatement } = mssql as Partial<Record<string, { prototype: object }>>
  for (const [Class, names] of [
    [Request, ['query', 'batch']],
    [PreparedStatement, ['prepare']],
  ] as const) {
    for (const name of names) {
      const owner = Class && ownerOf(Class.prototype, name)
      if (owner !== undefined) guardMethods(owner, [name], inspector, 'promise')
    }
  }
}
