import { ObjectId } from 'mongodb'
import type { Collection } from '../collection.ts'
import { placeIn, sorted } from '../expressions.ts'
import { Refusal } from '../refusal.ts'
import type { State } from '../state.ts'
import { isReplacement, seedOf, updated } from '../updating.ts'
import { type Doc, isDoc, isEqual } from '../values.ts'
import type { Asked, Commands } from './command.ts'
import { projected, refuseCollation } from './reading.ts'

export const writing: Commands = {
  insert: (state, { command, target, database }) => {
    const collection = state.ensure(database, target)
    return inOrder(command, 'documents', (doc) => {
      insert(collection, doc)
      return { n: 1 }
    })
  },
  update: (state, { command, target, database }) => {
    const collection = state.ensure(database, target)
    const upserted: Doc[] = []
    const answer = inOrder(command, 'updates', (one, index) => {
      const done = update(state, { command: one, target, database }, collection, toDoc(one['q']))
      if (done.upserted) upserted.push({ index, _id: done.upserted['_id'] })
      return { n: done.matched + (done.upserted ? 1 : 0), nModified: done.modified }
    })
    return { nModified: 0, ...answer, ...(upserted.length > 0 && { upserted }) }
  },
  delete: (state, { command, target, database }) => {
    const collection = state.ensure(database, target)
    const place = placeIn(state.around(database, command['let']))
    return inOrder(command, 'deletes', (one) => {
      refuseCollation(one)
      const found = collection.find(one['q'], place)
      const gone = Number(one['limit']) === 1 ? found.slice(0, 1) : found
      for (const doc of gone) collection.remove(doc)
      return { n: gone.length }
    })
  },
  findAndModify: (state, asked) => {
    const { command, target, database } = asked
    refuseCollation(command)
    const collection = state.ensure(database, target)
    const place = placeIn(state.around(database, command['let']))
    const found = collection.find(command['query'], place)
    const [old] = isDoc(command['sort']) ? sorted(found, command['sort']) : found
    const shown = (doc: Doc | undefined): unknown =>
      doc ? projected([doc], command['fields'], state, database)[0] : null
    if (command['remove'] === true) {
      if (old) collection.remove(old)
      return { lastErrorObject: { n: old ? 1 : 0 }, value: shown(old) }
    }
    if (!old && command['upsert'] !== true) return { lastErrorObject: { n: 0, updatedExisting: false }, value: null }
    const one = { ...command, u: command['update'], multi: false }
    const filter = toDoc(command['query'])
    const done = update(state, { ...asked, command: one }, collection, filter, old ? [old] : [])
    const now = done.upserted ?? done.after
    const about = done.upserted ? { upserted: done.upserted['_id'] } : {}
    return {
      lastErrorObject: { n: 1, updatedExisting: old !== undefined, ...about },
      value: shown(command['new'] === true ? now : old),
    }
  },
}

interface Done {
  readonly matched: number
  readonly modified: number
  readonly upserted?: Doc
  /** As the last of the documents is now. */
  readonly after?: Doc | undefined
}

/** One update of a command: `u` applied to what the filter finds, or to `found` where that is known already. */
function update(state: State, asked: Asked, collection: Collection, filter: Doc, found?: readonly Doc[]): Done {
  const { u: change, multi, upsert, arrayFilters } = asked.command
  refuseCollation(asked.command)
  const around = state.around(asked.database, asked.command['c'] ?? asked.command['let'])
  if (multi === true && isReplacement(change))
    throw new Refusal('FailedToParse', 'multi update is not supported for replacement-style update')
  const all = found ?? collection.find(filter, placeIn(around))
  const docs = multi === true ? all : all.slice(0, 1)
  let modified = 0
  let after: Doc | undefined
  for (const doc of docs) {
    after = updated(doc, { filter, change, arrayFilters, around }, false)
    if (isEqual(doc, after)) continue
    collection.put(after, false)
    modified++
  }
  if (docs.length > 0 || upsert !== true) return { matched: docs.length, modified, after }
  const fresh = updated(seedOf(filter), { filter, change, arrayFilters, around }, true)
  return { matched: 0, modified: 0, upserted: insert(collection, fresh) }
}

/** Fields keep their order, but `_id` comes first. */
function insert(collection: Collection, doc: Doc): Doc {
  const { _id: id = new ObjectId(), ...fields } = doc
  if (Array.isArray(id) || id instanceof RegExp) throw new Refusal('BadValue', "can't use this type for _id")
  if (isDoc(id) && Object.keys(id).some((name) => name.startsWith('$')))
    throw new Refusal('DollarPrefixedFieldName', '_id fields may not contain $-prefixed fields')
  const whole = { _id: id, ...fields }
  collection.put(whole, true)
  return whole
}

/** One after the other; after an error only if the command says that their order does not matter. */
function inOrder(
  command: Doc,
  list: string,
  write: (one: Doc, index: number) => Readonly<Record<string, number>>,
): Doc {
  const totals: Record<string, number> = { n: 0 }
  const writeErrors: Doc[] = []
  const parts = Array.isArray(command[list]) ? command[list] : []
  for (const [index, part] of parts.entries()) {
    try {
      for (const [name, count] of Object.entries(write(toDoc(part), index))) totals[name] = (totals[name] ?? 0) + count
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      writeErrors.push({ index, code: error.code, errmsg: error.message, ...error.more })
      if (command['ordered'] !== false) break
    }
  }
  return { ...totals, ...(writeErrors.length > 0 && { writeErrors }) }
}

function toDoc(value: unknown): Doc {
  if (!isDoc(value)) throw new Refusal('TypeMismatch', 'this must be an object')
  return value
}
