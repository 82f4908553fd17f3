import { placeIn } from '../expressions.ts'
import { compileFilter } from '../filter.ts'
import { cannot, Refusal } from '../refusal.ts'
import { isDoc } from '../values.ts'
import type { Commands } from './command.ts'
import { refuseCollation } from './reading.ts'

/** Collections, databases and indexes. */
export const keeping: Commands = {
  createIndexes: (state, { command, target, database }) => {
    const isNew = !state.collection(database, String(target))
    const collection = state.ensure(database, target)
    const before = collection.indexes.length
    const place = placeIn(state.around(database, undefined), false)
    const specs = Array.isArray(command['indexes']) ? command['indexes'] : []
    for (const spec of specs) if (isDoc(spec)) collection.createIndex(spec, place)
    const after = collection.indexes.length
    return { numIndexesBefore: before, numIndexesAfter: after, createdCollectionAutomatically: isNew }
  },
  listIndexes: (state, { target, database }) => {
    const collection = state.collection(database, String(target))
    if (!collection) throw new Refusal('NamespaceNotFound', `ns does not exist: ${database}.${String(target)}`)
    return state.answer(collection.namespace, collection.indexes)
  },
  dropIndexes: (state, { command, target, database }) => {
    const collection = state.collection(database, String(target))
    if (!collection) throw new Refusal('NamespaceNotFound', 'ns not found')
    const before = collection.indexes.length
    collection.dropIndex(command['index'])
    return { nIndexesWas: before }
  },
  create: (state, { command, target, database }) => {
    for (const option of ['capped', 'timeseries', 'validator', 'viewOn']) {
      if (command[option]) throw cannot(`collections with ${option}`)
    }
    refuseCollation(command)
    if (state.collection(database, String(target)))
      throw new Refusal('NamespaceExists', `Collection ${database}.${String(target)} already exists.`)
    state.ensure(database, target)
    return {}
  },
  drop: (state, { target, database }) => {
    if (!state.drop(database, String(target))) throw new Refusal('NamespaceNotFound', 'ns not found')
    return {}
  },
  dropDatabase: (state, { database }) => {
    state.drop(database)
    return { dropped: database }
  },
  listCollections: (state, { command, database }) => {
    const all = state.collections(database).map((name) => ({
      name,
      type: 'collection',
      options: {},
      info: { readOnly: false },
      idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
    }))
    const fits = compileFilter(command['filter'], placeIn(state.around(database, undefined), false))
    return state.answer(`${database}.$cmd.listCollections`, all.filter(fits))
  },
  listDatabases: (state) => {
    const databases = state.databases.map((name) => ({ name, sizeOnDisk: 1, empty: false }))
    return { databases, totalSize: databases.length }
  },
}
