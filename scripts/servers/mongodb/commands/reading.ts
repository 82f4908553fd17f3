import { isSimple } from '../collection.ts'
import { aggregate, placeIn, sorted } from '../expressions.ts'
import { candidates } from '../paths.ts'
import { cannot } from '../refusal.ts'
import type { State } from '../state.ts'
import { type Doc, isDoc, toKey } from '../values.ts'
import type { Asked, Commands } from './command.ts'

export const reading: Commands = {
  find: (state, { command, target, database }) => {
    const docs = select(state, { command, target, database }, command['filter'])
    const { sort, skip, limit, projection, batchSize, singleBatch } = command
    let found = isDoc(sort) ? sorted(docs, sort) : docs
    found = found.slice(Number(skip ?? 0))
    if (Number(limit ?? 0) !== 0) found = found.slice(0, Math.abs(Number(limit)))
    found = projected(found, projection, state, database)
    return state.answer(`${database}.${String(target)}`, found, batchSize ?? undefined, singleBatch === true)
  },
  aggregate: (state, { command, target, database }) => {
    refuseCollation(command)
    const docs = typeof target === 'string' ? [...(state.collection(database, target)?.docs() ?? [])] : []
    const found = aggregate(docs, command['pipeline'], state.around(database, command['let']))
    const size = isDoc(command['cursor']) ? command['cursor']['batchSize'] : undefined
    return state.answer(
      `${database}.${typeof target === 'string' ? target : '$cmd.aggregate'}`,
      found,
      size ?? undefined,
    )
  },
  count: (state, asked) => {
    const { skip, limit, query } = asked.command
    const rest = select(state, asked, query).slice(Number(skip ?? 0))
    return { n: limit ? Math.min(rest.length, Math.abs(Number(limit))) : rest.length }
  },
  distinct: (state, asked) => {
    const { key, query } = asked.command
    const values = new Map<string, unknown>()
    for (const doc of select(state, asked, query)) {
      for (const value of candidates(doc, String(key))) {
        if (value !== undefined && !Array.isArray(value)) values.set(toKey(value), value)
      }
    }
    return { values: [...values.values()] }
  },
  getMore: (state, { command, target }) => state.more(BigInt(String(target)), command['batchSize']),
  killCursors: (state, { command }) => {
    const cursors = Array.isArray(command['cursors']) ? command['cursors'] : []
    const killed = cursors.filter((id) => state.forget(BigInt(String(id))))
    const unknown = cursors.filter((id) => !killed.includes(id))
    return { cursorsKilled: killed, cursorsNotFound: unknown, cursorsAlive: [], cursorsUnknown: [] }
  },
}

/** Those that the command means, in no particular order. */
export function select(state: State, { command, target, database }: Asked, filter: unknown): Doc[] {
  refuseCollation(command)
  const place = placeIn(state.around(database, command['let']))
  // A filter is judged also where there is nothing that it could match.
  const collection = state.collection(database, String(target))
  if (collection) return collection.find(filter, place)
  return state.nowhere.find(filter, place)
}

export function projected(docs: readonly Doc[], projection: unknown, state: State, database: string): Doc[] {
  if (!isDoc(projection) || Object.keys(projection).length === 0) return [...docs]
  return aggregate(docs, [{ $project: projection }], state.around(database, undefined))
}

export function refuseCollation(command: Doc): void {
  if (!isSimple(command['collation'])) throw cannot('collations')
}
