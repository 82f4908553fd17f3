import type { MongoReading } from '../../../firewall/drivers/mongo.ts'
import { isMade } from '../filter/filter.ts'
import { isBranch, Likeness } from './likeness.ts'
import { isOperator } from './sent.ts'

/** What is asked about the parts of a call that are more than values. Each answers whether to stop. */
export interface Questions {
  operator(owner: object, name: string, operand: unknown, likeness: Likeness): boolean
  reference(text: string): boolean
  script(code: string): boolean
}

/** Looks at everything in a part of a call once, without recursion. Answers whether a question was answered with yes. */
export function walk(part: unknown, reading: MongoReading, ask: Questions): boolean {
  const likeness = new Likeness()
  const open: [unknown, MongoReading][] = [[part, changing(part, reading)]]
  const seen = new Set<unknown>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, as] = next
    if (typeof value === 'string') {
      if (as === 'compute' && value.charCodeAt(0) === 0x24 && ask.reference(value)) return true
      if (as === 'script' && ask.script(value)) return true
      continue
    }
    const code = codeOf(value, as)
    if (code !== undefined && ask.script(code)) return true
    const branch: unknown = value instanceof Map ? Object.fromEntries(value) : value
    if (!isBranch(branch) || seen.has(branch) || isMade(branch)) continue
    seen.add(branch)
    const isList = Array.isArray(branch)
    for (const key in branch) {
      const child = branch[key]
      if (!isList && isOperator(key) && ask.operator(branch, key, child, likeness)) return true
      const inner = isList ? as : ofKey(as, key, child)
      if (inner !== undefined) open.push([child, as === 'update' ? inner : changing(child, inner)])
    }
  }
  return false
}

/** A function, or code by its BSON type. */
function codeOf(value: unknown, as: MongoReading): string | undefined {
  if (typeof value === 'function') return as === 'script' ? Function.prototype.toString.call(value) : undefined
  const { _bsontype: type, code } = (value ?? {}) as { _bsontype?: unknown; code?: unknown }
  if (type !== 'Code') return undefined
  return typeof code === 'function' ? Function.prototype.toString.call(code) : String(code)
}

/** A list of changes is a pipeline; a list inside of a change, such as that of `$each`, holds what is stored. */
function changing(value: unknown, as: MongoReading): MongoReading {
  return as === 'update' && Array.isArray(value) ? 'compute' : as
}

const COMMAND: ReadonlyMap<string, MongoReading | undefined> = new Map<string, MongoReading | undefined>([
  ...['filter', 'query', 'q', 'selector', 'arrayFilters', 'cond'].map((key) => [key, 'filter'] as const),
  ...['update', 'u'].map((key) => [key, 'update'] as const),
  ...['pipeline', 'projection', 'fields', 'let', 'c'].map((key) => [key, 'compute'] as const),
  ...['map', 'reduce', 'finalize', '$eval', '$reduce', '$keyf'].map((key) => [key, 'script'] as const),
  // What is stored is nothing but a value.
  ...['document', 'documents', 'replacement'].map((key) => [key, undefined] as const),
])

/** How a child is read; `undefined` when it is a value and nothing else. */
function ofKey(as: MongoReading, key: string, child: unknown): MongoReading | undefined {
  if (as === 'command' || as === 'options') return COMMAND.has(key) ? COMMAND.get(key) : as
  switch (key) {
    case '$where':
      return 'script'
    case '$expr':
      return 'compute'
    case '$match':
      return 'filter'
    case '$literal':
      return undefined
    case '$set':
    case '$setOnInsert':
      // In a pipeline it computes; else it holds what is stored.
      return as === 'update' ? undefined : as
    case 'body':
    case 'init':
    case 'accumulate':
    case 'merge':
    case 'finalize':
      // Of $function and $accumulator. In a document of the app's own they may be names of fields, and hold no text of the client's then.
      return as === 'compute' && isScript(child) ? 'script' : as
    default:
      return as
  }
}

function isScript(child: unknown): boolean {
  return typeof child === 'function' || (typeof child === 'string' && /=>|\bfunction\b|\breturn\b|;/.test(child))
}
