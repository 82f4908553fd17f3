import { updateOne } from 'mingo/updater'
import { aggregate, type Surroundings } from './expressions.ts'
import { reach, valueAt } from './paths.ts'
import { Refusal } from './refusal.ts'
import { copyOf, type Doc, isDoc, isEqual, isNumber } from './values.ts'

export interface Update {
  /** The filter that found the document, for the positional operator `$`. */
  readonly filter: Doc
  /** Operators, a whole document, or a pipeline. */
  readonly change: unknown
  readonly arrayFilters: unknown
  readonly around: Surroundings
}

export function isReplacement(change: unknown): change is Doc {
  return isDoc(change) && !Object.keys(change)[0]?.startsWith('$')
}

/** The document as the update leaves it. The one that is handed in stays as it is. */
export function updated(doc: Doc, update: Update, isNew: boolean): Doc {
  const after = change(copyOf(doc), update, isNew)
  if ('_id' in doc && !isEqual(doc['_id'], after['_id'])) throw immutable()
  return after
}

function immutable(): Refusal {
  return new Refusal('ImmutableField', "Performing an update on the path '_id' would modify the immutable field '_id'")
}

/** What an upsert begins with: every field of which the filter says what it equals. */
export function seedOf(filter: Doc): Doc {
  const seed: Doc = {}
  for (const [name, condition] of Object.entries(filter)) {
    if (name === '$and' && Array.isArray(condition))
      for (const part of condition) Object.assign(seed, seedOf(part as Doc))
    if (name.startsWith('$')) continue
    const operators = isDoc(condition) && Object.keys(condition)[0]?.startsWith('$') ? condition : undefined
    if (operators && !('$eq' in operators)) continue
    const value = operators ? operators['$eq'] : condition
    if (!(value instanceof RegExp)) plant(seed, name.split('.'), value)
  }
  return seed
}

const OPERATORS = new Set([
  ...['$set', '$unset', '$setOnInsert', '$rename', '$inc', '$mul', '$min', '$max', '$currentDate', '$bit'],
  ...['$push', '$pull', '$pullAll', '$addToSet', '$pop'],
])

function change(doc: Doc, { filter, change, arrayFilters, around }: Update, isNew: boolean): Doc {
  if (Array.isArray(change)) {
    const [after] = aggregate([doc], change, around)
    if (!after) throw new Refusal('BadValue', 'a pipeline of an update must leave one document')
    return copyOf(after)
  }
  if (!isDoc(change)) throw new Refusal('FailedToParse', 'Update argument must be either an object or an array')
  if (isReplacement(change)) {
    const strange = Object.keys(change).find((name) => name.startsWith('$'))
    if (strange !== undefined)
      throw new Refusal('DollarPrefixedFieldName', `The dollar ($) prefixed field '${strange}' is not allowed here`)
    return '_id' in doc && !('_id' in change) ? { _id: doc['_id'], ...change } : { ...change }
  }
  const operators = toOperators(change, doc, isNew)
  if (Object.keys(operators).length === 0) return doc
  try {
    const options = { cloneMode: 'deep' as const, ...(Array.isArray(arrayFilters) && { arrayFilters }) }
    // Only the positional operator looks at the filter, which has been judged already.
    const docs = [doc]
    updateOne(docs, usesPosition(operators) ? filter : {}, operators, options)
    return docs[0] ?? doc
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Refusal(/would create a conflict/.test(message) ? 'ConflictingUpdateOperators' : 'BadValue', message)
  }
}

/** Checks the operators as MongoDB does, and leaves only what has an effect here. */
function toOperators(change: Doc, doc: Doc, isNew: boolean): Doc {
  const operators: Doc = {}
  for (const [name, fields] of Object.entries(change)) {
    if (!OPERATORS.has(name))
      throw new Refusal(
        'FailedToParse',
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update`,
      )
    if (!isDoc(fields))
      throw new Refusal('FailedToParse', `Modifiers operate on fields but we found ${name} without any`)
    for (const [path, operand] of Object.entries(fields)) checkTypes(name, path, operand, doc)
    const target = name === '$setOnInsert' ? '$set' : name
    if (name === '$setOnInsert' && !isNew) continue
    const given = isDoc(operators[target]) ? operators[target] : {}
    const kept = Object.entries(fields).filter(([path, value]) => !keepsId(target, path, value, doc, isNew))
    if (kept.length > 0) operators[target] = { ...given, ...Object.fromEntries(kept) }
  }
  return operators
}

/** To set the `_id` that is there already is allowed, and does nothing; to set that of a new document is what it says. */
function keepsId(operator: string, path: string, value: unknown, doc: Doc, isNew: boolean): boolean {
  if (path !== '_id') return false
  if (isNew && !('_id' in doc)) doc['_id'] = value
  if (operator !== '$set' || !isEqual(doc['_id'], value)) throw immutable()
  return true
}

function checkTypes(operator: string, path: string, operand: unknown, doc: Doc): void {
  if (path.includes('$')) return
  const value = valueAt(doc, path)
  if (operator === '$inc' || operator === '$mul') {
    if (!isNumber(operand)) throw new Refusal('TypeMismatch', `Cannot ${operator} with non-numeric argument: ${path}`)
    if (value !== undefined && !isNumber(value))
      throw new Refusal('TypeMismatch', `Cannot apply ${operator} to a value of non-numeric type: ${path}`)
  }
  if (/^\$(?:push|addToSet|pull|pullAll|pop)$/.test(operator) && value !== undefined && !Array.isArray(value))
    throw new Refusal('BadValue', `The field '${path}' must be an array`)
}

function usesPosition(operators: Doc): boolean {
  return Object.values(operators).some(
    (fields) => isDoc(fields) && Object.keys(fields).some((path) => /\.\$(?:\.|$)/.test(path)),
  )
}

function plant(doc: Doc, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) doc[name] = value
  else {
    const inner = reach(doc, name)[0]
    const next = isDoc(inner) ? inner : {}
    doc[name] = next
    plant(next, rest, value)
  }
}
