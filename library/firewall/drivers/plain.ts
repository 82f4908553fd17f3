import { fail, type Inspector, keepExchange, type Method, wrap } from './wrap.ts'

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
  const guardStatement = statementGuard(inspector)
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
      if (typeof statement === 'object' && statement !== null) guardStatement(statement)
      return statement
    }
  })
}

/** Guards methods whose first argument is the text that is run. Answers how many of them are there. */
export function guardMethods(
  owner: object,
  methods: readonly string[],
  inspector: Inspector,
  style: 'promise' | 'throw' = 'throw',
): number {
  return methods.filter((name) =>
    wrap(owner, name, (native) => {
      return function (...args) {
        const [text] = args
        if (typeof text === 'string') {
          try {
            inspector.text(text)
            if (args.length > 1) inspector.bound(args.slice(1))
          } catch (error) {
            return fail(error, args, style)
          }
        }
        keepExchange(args)
        return native.apply(this, args)
      }
    }),
  ).length
}

/** Statements share a prototype: what one of them stores, all of them are asked about. Where it is sealed, each has a function of its own. */
function statementGuard(inspector: Inspector): (statement: object) => void {
  let done: object | undefined
  let own: PropertyDescriptor | undefined
  return (statement) => {
    const prototype = Object.getPrototypeOf(statement) as { run?: Method } | null
    if (prototype === done) {
      if (own !== undefined) Object.defineProperty(statement, 'run', own)
      return
    }
    if (prototype === null || typeof prototype.run !== 'function') return
    done = prototype
    const remember = (native: Method): Method =>
      function (...values) {
        if (values.length > 0) inspector.bound(values)
        return native.apply(this, values)
      }
    if (wrap(prototype, 'run', remember)) return
    own = { value: remember(prototype.run), writable: true, configurable: true }
    Object.defineProperty(statement, 'run', own)
  }
}
