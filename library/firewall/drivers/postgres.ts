import { type Inspector, type Method, wrap } from './wrap.ts'

/** A query of postgres.js: lazy, and a fragment of another one as long as nobody waits for it. */
interface Query {
  readonly strings: readonly string[]
  readonly args: readonly unknown[]
  readonly executed: boolean
  reject(error: unknown): void
}

/**
 * Guards postgres.js, given its function or what this function made. All queries of one copy of the package share a prototype, whatever
 * pool or transaction they are of: they are guarded together.
 */
export function guardPostgres(face: object, inspector: Inspector): void {
  const { unsafe } = face as { unsafe?: Method }
  // Nothing connects before the first query is waited for.
  const sql = typeof unsafe === 'function' ? face : (face as Method)({ max: 1, no_subscribe: true })
  guardPostgresQuery(Object.getPrototypeOf(sql.unsafe('')) as object, inspector)
}

/** Guards the class of all queries. */
export function guardPostgresQuery(prototype: object, inspector: Inspector): boolean {
  return wrap(
    prototype,
    'handle',
    (native) =>
      function (this: Query, ...args) {
        if (!this.executed) {
          try {
            // A query of a file has no text yet, and never one of the client's.
            if (this.strings.length > 0) inspector.text(textOf(this))
            inspector.bound(this.args.flatMap(valuesOf))
          } catch (error) {
            Object.assign(this, { executed: true })
            this.reject(error)
            return undefined
          }
        }
        return native.apply(this, args)
      },
  )
}

/** The text as it will be sent, but for the numbers of placeholders and what helpers write, which escape by themselves. */
function textOf({ strings, args }: Query): string {
  let text = strings[0] ?? ''
  for (let i = 1; i < strings.length; i++) text += pieceOf(args[i - 1]) + strings[i]
  return text
}

function pieceOf(value: unknown): string {
  if (isQuery(value)) return textOf(value)
  if (Array.isArray(value) && value.length > 0 && value.every(isQuery)) return value.map(textOf).join(' ')
  return '$1'
}

/** What is stored beside the text: not the names of columns and tables, which helpers write. */
function valuesOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [value]
  if (isQuery(value)) return value.args.flatMap(valuesOf)
  if (typeof value !== 'object' || value === null) return []
  // What `sql({ ... })` and `sql([...])` make, and parameters with a type.
  const { first, value: typed, type } = value as { first?: unknown; value?: unknown; type?: unknown }
  if (typeof first === 'object' && first !== null) return Array.isArray(first) ? first : [first]
  return type === undefined ? [] : [typed]
}

function isQuery(value: unknown): value is Query {
  return value instanceof Promise && Array.isArray((value as unknown as Query).strings)
}
