import { checkField, type Filter, type Scalar, textOf } from '../deciding/filter.ts'
import { type Scope, toFilterOf } from './scope.ts'

export interface ScopeMongoOptions {
  /** The names in the collection, where they differ: `{ id: '_id' }`. */
  readonly fields?: Readonly<Record<string, string>>
  /**
   * Makes the stored form of a value, for fields that hold something else than text, numbers and booleans:
   * `{ _id: (text) => new ObjectId(text) }`.
   */
  readonly values?: Readonly<Record<string, (text: string) => unknown>>
}

/** A filter for `find`, `$match` and their like. */
export type MongoFilter = Readonly<Record<string, unknown>>

/**
 * Turns a scope into a filter of MongoDB for exactly the documents that `can` allows.
 *
 * **Security**: values stand behind `$in` only, so no operator can be among them; a list in the document is not its elements.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` when a field is no word
 */
export function scopeToMongo(scope: Scope, options: ScopeMongoOptions = {}): MongoFilter {
  return write(toFilterOf(scope), options)
}

function write(filter: Filter, options: ScopeMongoOptions): MongoFilter {
  switch (filter.op) {
    case 'always':
      return {}
    case 'never':
      return { $nor: [{}] }
    case 'not':
      return { $nor: [write(filter.of, options)] }
    case 'all':
      return { $and: filter.of.map((part) => write(part, options)) }
    case 'any':
      return { $or: filter.of.map((part) => write(part, options)) }
    case 'in': {
      const { fields, values } = options
      const name =
        fields !== undefined && Object.hasOwn(fields, filter.field) ? (fields[filter.field] as string) : filter.field
      const field = checkField(name, `scopeToMongo({ fields: { ${filter.field} } })`)
      const stored = values !== undefined && Object.hasOwn(values, field) ? values[field] : undefined
      const of = filter.values.flatMap((value) => formsOf(value, stored))
      // MongoDB compares with the elements of a list too, and `can` does not.
      return { $and: [{ [field]: { $in: of } }, { [field]: { $not: { $type: 'array' } } }] }
    }
  }
}

/** Every form in which a document may hold what `can` takes for the same value. */
function formsOf(value: Scalar, stored: ((text: string) => unknown) | undefined): unknown[] {
  const text = textOf(value)
  if (typeof text !== 'string') return [null]
  if (stored !== undefined) return [stored(text)]
  const number = Number(text)
  const forms: unknown[] = [text]
  if (text !== '' && String(number) === text && Number.isFinite(number)) forms.push(number)
  if (text === '1' || text === '0') forms.push(text === '1')
  return forms
}
