import { fail, type Inspector, keepExchange, wrap } from './wrap.ts'

/** What databases like `node:sqlite`, `better-sqlite3` and `sqlite3` run their text with. */
const SQLITE: readonly string[] = ['exec', 'run', 'get', 'all', 'each', 'pragma']

/** Guards every database of `node:sqlite`. */
export function guardSqliteModule(sqlite: object, inspector: Inspector): void {
  const { DatabaseSync } = sqlite as { DatabaseSync?: { prototype: object } }
  if (DatabaseSync !== undefined) guardSqlite(DatabaseSync.prototype, inspector)
}

/** Guards a SQLite database, or the prototype of all of them. Answers whether it could be guarded. */
export function guardSqlite(database: object, inspector: Inspector): boolean {
  guardMethods(database, SQLITE, inspector)
  return wrap(database, 'prepare', (native) => {
    return function (...args) {
      const [text] = args
      if (typeof text === 'string') {
        try {
          inspector.text(text)
        } catch (error) {
          return fail(error, args, 'throw')
        }
      }
      const statement: unknown = native.apply(this, args)
      if (typeof statement === 'object' && statement !== null) guardStatements(statement, inspector)
      return statement
    }
  })
}

/** Guards methods whose first argument is the text that is run. Answers how many of them are there. */
export function guardMethods(owner: object, methods: readonly string[], inspector: Inspector): number {
  return methods.filter((name) =>
    wrap(owner, name, (native) => {
      return function (...args) {
        const [text] = args
        if (typeof text === 'string') {
          try {
            inspector.text(text)
            if (args.length > 1) inspector.bound(args.slice(1))
          } catch (error) {
            return fail(error, args, 'throw')
          }
        }
        keepExchange(args)
        return native.apply(this, args)
      }
    }),
  ).length
}

/** Statements share a prototype: what one of them stores, all of them are asked about. */
function guardStatements(statement: object, inspector: Inspector): void {
  const prototype: object | null = Object.getPrototypeOf(statement)
  if (prototype === null || prototype === Object.prototype || !guardRun(prototype, inspector))
    guardRun(statement, inspector)
}

function guardRun(owner: object, inspector: Inspector): boolean {
  return wrap(owner, 'run', (native) => {
    return function (...values) {
      if (values.length > 0) inspector.bound(values)
      return native.apply(this, values)
    }
  })
}
