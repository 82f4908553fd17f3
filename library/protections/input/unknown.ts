import type { Awaitable } from '../../core/exchange.ts'
import type { Schema, SchemaResult } from '../../core/schema.ts'
import { isLossy } from './exact.ts'
import { isRecord, type Path, withValueAt } from './path.ts'
import type { Shape } from './shape.ts'

/** Nothing that a schema could mean. */
const MARK: unique symbol = Symbol('nobody declared this')
const DEEPEST = 32
/** Where lists hold many alike, one answer serves for all of them. */
const REMEMBERED = 1_000
/** The token of a form belongs to the protection against forgery, and to no schema. */
const OF_FORMS = '_csrf'

/** What has been found out about places in values, where lists are all one place: `declared`, or `free` to hold anything. */
export type Known = Map<string, 'declared' | 'free'>

export interface Undeclared {
  readonly path: Path
  /** Not a key too many, but a value that a conversion has bent. */
  readonly lossy: boolean
}

/**
 * Where a value that the schema accepted has a key that the schema does not know, or was given another type by a conversion that loses
 * something. `undefined` when all is well.
 *
 * A key that the schema was not seen to ask for is put to the test: a value that is accepted with something in that place that no schema can
 * mean shows that nobody looks at it.
 *
 * @param kept only keys that the schema has let through count, and not those that it has dropped
 */
export function undeclaredIn(
  schema: Schema,
  shape: Shape,
  known: Known,
  raw: unknown,
  made: unknown,
  kept: boolean,
): Awaitable<Undeclared | undefined> {
  const lossy = lossyPath(raw, made, [])
  if (lossy !== undefined) return { path: lossy, lossy: true }
  const open = openQuestions(raw, made, shape, known, kept)
  return open.length === 0
    ? undefined
    : askAll(schema, open, () => openQuestions(raw, made, shape, known, kept), known, raw)
}

/** A place that nothing is known about yet. */
interface Question {
  readonly path: Path
  /** The schema asks for the key by its name; open is only whether it looks at what is in there. */
  readonly named: boolean
}

async function askAll(
  schema: Schema,
  first: readonly Question[],
  next: () => readonly Question[],
  known: Known,
  raw: unknown,
): Promise<Undeclared | undefined> {
  // What is below a place is looked at once the place itself is known.
  for (let open = first; open.length > 0; open = next()) {
    if (known.size >= REMEMBERED) known.clear()
    for (const { path, named } of open) {
      const result: SchemaResult = await schema['~standard'].validate(withValueAt(raw, path, MARK))
      if (result.issues === undefined && !named) return { path, lossy: false }
      known.set(placeOf(path), result.issues === undefined ? 'free' : 'declared')
    }
  }
  return undefined
}

function openQuestions(raw: unknown, made: unknown, shape: Shape, known: Known, kept: boolean): readonly Question[] {
  const open: Question[] = []
  const visit = (value: unknown, from: unknown, at: Shape | undefined, path: Path): void => {
    if (path.length === DEEPEST) return
    if (Array.isArray(value)) {
      value.forEach((entry: unknown, i) => {
        visit(entry, Array.isArray(from) ? from[i] : undefined, at, [...path, String(i)])
      })
      return
    }
    if (!isRecord(value)) return
    for (const key of Object.keys(value)) {
      if (path.length === 0 && key === OF_FORMS) continue
      const isKept = isRecord(from) && Object.hasOwn(from, key)
      if (kept && !isKept) continue
      const below = at?.keys.get(key)
      const place = [...path, key]
      const holdsMore = typeof value[key] === 'object' && value[key] !== null
      const isClear = below !== undefined && (below.keys.size > 0 || !holdsMore)
      const answer = isClear ? 'declared' : known.get(placeOf(place))
      if (answer === undefined) open.push({ path: place, named: below !== undefined })
      else if (answer === 'declared') visit(value[key], isKept ? from[key] : undefined, below, place)
    }
  }
  visit(raw, made, shape, [])
  return open
}

function lossyPath(raw: unknown, made: unknown, path: Path): Path | undefined {
  if (isLossy(raw, made)) return path
  if (path.length === DEEPEST) return undefined
  if (Array.isArray(made) && Array.isArray(raw)) {
    for (let i = 0; i < Math.min(made.length, raw.length); i++) {
      const found = lossyPath(raw[i], made[i], [...path, String(i)])
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isRecord(raw) || !isRecord(made)) return undefined
  for (const key of Object.keys(made)) {
    const found = Object.hasOwn(raw, key) ? lossyPath(raw[key], made[key], [...path, key]) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function placeOf(path: Path): string {
  return JSON.stringify(path.map((key) => (/^\d+$/.test(key) ? '*' : key)))
}
