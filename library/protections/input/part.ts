import type { Awaitable } from '../../core/exchange.ts'
import type { FieldError, Schema, SchemaResult } from '../../core/schema.ts'
import { retyped } from './coerce.ts'
import { errorsOf, knownPart } from './errors.ts'
import { type Shape, shapeOf } from './shape.ts'
import { normalized, unfitText } from './text.ts'
import { type Known, type Undeclared, undeclaredIn } from './unknown.ts'

export type Unicode = 'NFC' | 'NFKC' | 'as sent'

/** One part of a request that a route declares, ready to judge what comes. */
export interface Part {
  readonly schema: Schema
  readonly shape: Shape
  readonly known: Known
  /** What is judged where nothing was sent. */
  readonly absent: unknown
}

export type Judged =
  | { readonly value: unknown }
  | { readonly risk: string; readonly reason: string; readonly errors: readonly FieldError[] }

export interface How {
  /** Everything came as text, so numbers and the like are read from it: exactly, or not at all. */
  readonly texts: boolean
  readonly isForm: boolean
  /** Keys too many are dropped and not refused: links carry what others have added to them. */
  readonly drops: boolean
  readonly unicode: Unicode
}

export function compilePart(schema: Schema): Part {
  return { schema, shape: shapeOf(schema), known: new Map(), absent: takesNothingByHabit(schema) ? {} : undefined }
}

/** Judges what was sent for one part: answers what the handler gets, or what is wrong. */
export function judge(part: Part, received: unknown, how: How): Awaitable<Judged> {
  const sent = received === undefined ? part.absent : received
  const unfit = unfitText(sent)
  if (unfit !== undefined) {
    const errors = [{ ...unfit, path: knownPart(unfit.path.split('.'), part.shape) }]
    return { risk: 'control-characters', reason: 'a text with control characters or broken Unicode', errors }
  }
  const raw = how.unicode === 'as sent' ? sent : normalized(sent, how.unicode)
  const result = part.schema['~standard'].validate(raw)
  return isPromise(result) ? result.then((settled) => decide(part, raw, settled, how)) : decide(part, raw, result, how)
}

function decide(part: Part, raw: unknown, result: SchemaResult, how: How): Awaitable<Judged> {
  if (result.issues === undefined) return accept(part, raw, result.value, how)
  return how.texts ? retry(part, raw, result, how) : refuse(part, raw, result)
}

function accept(part: Part, raw: unknown, value: unknown, how: How): Awaitable<Judged> {
  const found = undeclaredIn(part.schema, part.shape, part.known, raw, value, how.drops)
  return isPromise(found) ? found.then((settled) => conclude(part, value, settled)) : conclude(part, value, found)
}

function conclude(part: Part, value: unknown, found: Undeclared | undefined): Judged {
  if (found === undefined) return { value }
  const { path, lossy } = found
  return lossy
    ? {
        risk: 'unvalidated-input',
        reason: 'a value of another type, which the schema would have bent into its own',
        errors: [{ path: knownPart(path, part.shape), message: 'is of the wrong type' }],
      }
    : {
        risk: 'unknown-keys',
        reason: 'a key that the schema does not know',
        errors: [{ path: knownPart(path.slice(0, -1), part.shape), message: 'has a key that is not known' }],
      }
}

/** Texts are tried as what else they exactly are; when nothing fits, the client hears about the texts. */
async function retry(part: Part, raw: unknown, first: SchemaResult, how: How): Promise<Judged> {
  let base = raw
  let left = first
  // Each round settles the values that one kind of reading was right for, and leaves the others as they came.
  for (let round = 0; round < 3 && left.issues !== undefined; round++) {
    const before = left
    for (const candidate of retyped(base, left.issues, how.isForm)) {
      const result: SchemaResult = await part.schema['~standard'].validate(candidate)
      if (result.issues === undefined) return accept(part, candidate, result.value, how)
      if (left.issues !== undefined && result.issues.length < left.issues.length) {
        base = candidate
        left = result
        break
      }
    }
    if (left === before) break
  }
  return refuse(part, raw, first)
}

function refuse(part: Part, raw: unknown, result: SchemaResult): Judged {
  return {
    risk: 'unvalidated-input',
    reason: 'what was sent is not what the route declares',
    errors: errorsOf(result.issues ?? [], raw, part.shape),
  }
}

/**
 * joi takes `undefined` wherever nobody wrote `required()`, for the whole as well: a request without a body would pass every rule of it.
 * So it is judged as an empty object there, unless the schema says `optional()` in so many words.
 */
function takesNothingByHabit(schema: Schema): boolean {
  if (schema['~standard'].vendor !== 'joi') return false
  const { _flags: flags } = schema as { readonly _flags?: { readonly presence?: unknown } }
  return flags?.presence === undefined
}

function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}
