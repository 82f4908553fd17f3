import { Aggregator } from 'mingo/aggregator'
import { Context, evalExpr } from 'mingo/core'
import { type Iterator, Lazy } from 'mingo/lazy'
import * as accumulators from 'mingo/operators/accumulator'
import * as expressions from 'mingo/operators/expression'
import * as stages from 'mingo/operators/pipeline'
import * as projections from 'mingo/operators/projection'
import * as queries from 'mingo/operators/query'
import * as windows from 'mingo/operators/window'
import type { AnyObject, Options } from 'mingo/types'
import { compileFilter, type FilterPlace } from './filter.ts'
import { valueAt } from './paths.ts'
import { cannot, Refusal } from './refusal.ts'
import { compileFunction } from './scripting.ts'
import { compare, type Doc, isDoc, rankOf } from './values.ts'

/** What expressions and pipelines of one command may refer to. */
export interface Surroundings {
  /** The documents of another collection of the same database. */
  readonly collection: (name: string) => Doc[]
  /** The variables of the command's `let`. */
  readonly variables?: Doc | undefined
}

/** Where filters of a command stand. */
export function placeIn(around: Surroundings, scripts = true): FilterPlace {
  return { scripts, expression: (expression) => compileExpression(expression, around) }
}

/** Runs an aggregation. The documents are not changed. */
export function aggregate(docs: readonly Doc[], pipeline: unknown, around: Surroundings): Doc[] {
  if (!Array.isArray(pipeline)) throw new Refusal('TypeMismatch', "'pipeline' option must be specified as an array")
  const checked = pipeline.map((stage: unknown) => {
    if (!isDoc(stage) || Object.keys(stage).length !== 1)
      throw new Refusal('Location40324', 'A pipeline stage specification object must contain exactly one field.')
    const [name] = Object.keys(stage)
    if (name === '$out' || name === '$merge') throw cannot(name)
    if (name === undefined || !Object.hasOwn(stages, name))
      throw new Refusal('Location40324', `Unrecognized pipeline stage name: '${String(name)}'`)
    return stage
  })
  return calculate(() => new Aggregator(checked, toOptions(around)).run<Doc>([...docs]))
}

/** Sorted as `{ field: 1, other: -1 }` says, in the order of MongoDB. The order of equals stays. */
export function sorted(docs: readonly Doc[], order: Doc): Doc[] {
  const fields = Object.entries(order)
  for (const [field, direction] of fields) {
    if (direction !== 1 && direction !== -1) throw cannot(`sorting ${field} by ${JSON.stringify(direction)}`)
  }
  return [...docs].sort((a, b) => {
    for (const [field, direction] of fields) {
      const difference = compare(toSortValue(a, field, direction), toSortValue(b, field, direction))
      if (difference !== 0) return difference * Number(direction)
    }
    return 0
  })
}

/** Of an array counts the least element when the order rises, and the greatest when it falls. */
function toSortValue(doc: Doc, field: string, direction: unknown): unknown {
  const value = valueAt(doc, field)
  if (!Array.isArray(value)) return value
  return value.reduce(
    (best: unknown, next: unknown) => (compare(next, best) * Number(direction) < 0 ? next : best),
    value[0],
  )
}

function compileExpression(expression: unknown, around: Surroundings): (doc: Doc) => unknown {
  checkExpression(expression)
  const options = toOptions(around)
  return (doc) => calculate(() => evalExpr(doc, expression, options))
}

/** An operator that nobody knows is refused before the first document, also where there is none. */
function checkExpression(expression: unknown): void {
  if (Array.isArray(expression)) expression.forEach(checkExpression)
  if (!isDoc(expression)) return
  for (const [name, operand] of Object.entries(expression)) {
    if (name === '$literal') continue
    if (name.startsWith('$') && !Object.hasOwn(expressions, name) && !Object.hasOwn(accumulators, name))
      throw new Refusal('InvalidPipelineOperator', `Unrecognized expression '${name}'`)
    checkExpression(operand)
  }
}

/** Errors of the library become those of MongoDB. */
function calculate<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal) throw error
    const message = error instanceof Error ? error.message : String(error)
    if (/unregistered pipeline operator/.test(message)) throw new Refusal('Location40324', message)
    if (/is not registered/.test(message)) throw new Refusal('InvalidPipelineOperator', message)
    throw new Refusal('BadValue', message)
  }
}

/** Compiled once for each command, and not for each document. */
type Scripts = WeakMap<object, (args: readonly unknown[]) => unknown>

function toOptions(around: Surroundings): Options {
  const scripts: Scripts = new WeakMap()
  const own = toContext({
    pipeline: {
      $match: (docs: Iterator, filter: AnyObject) => docs.filter(compileFilter(filter, placeIn(around, false))),
      $sort: (docs: Iterator, order: AnyObject) => docs.transform<Doc>((all) => Lazy(sorted(all, order))),
    },
    expression: {
      ...comparisons(),
      $function: (doc: unknown, operand: unknown, options: Options) => {
        if (!isDoc(operand) || !Array.isArray(operand['args']))
          throw new Refusal('BadValue', 'The args field must be specified.')
        const script = scripts.get(operand) ?? compileFunction(operand['body'])
        scripts.set(operand, script)
        return script(operand['args'].map((argument) => evalExpr(doc, argument, options)))
      },
    },
  })
  return {
    idKey: '_id',
    processingMode: 0,
    useStrictMode: true,
    scriptEnabled: false,
    failOnError: true,
    collectionResolver: around.collection,
    variables: around.variables ?? {},
    context: Context.from(own, LIBRARY),
  }
}

/** The types of the library know its own operators only. */
function toContext(operators: Readonly<Record<string, object>>): Context {
  return Context.init(operators as Parameters<typeof Context.init>[0])
}

const LIBRARY: Context = toContext({
  accumulator: accumulators,
  expression: expressions,
  pipeline: stages,
  projection: projections,
  query: queries,
  window: windows,
})

type Compute = (doc: unknown, operands: unknown, options: Options) => unknown

/** In expressions all types compare with each other, and an array is one value. */
function comparisons(): Record<`$${string}`, Compute> {
  const of =
    (answer: (difference: number) => unknown): Compute =>
    (doc, operands, options) => {
      const pair = evalExpr(doc, operands, options)
      if (!Array.isArray(pair) || pair.length !== 2)
        throw new Refusal('BadValue', 'Expression takes exactly 2 arguments.')
      return answer(order(pair[0], pair[1]))
    }
  return {
    $eq: of((difference) => difference === 0),
    $ne: of((difference) => difference !== 0),
    $gt: of((difference) => difference > 0),
    $gte: of((difference) => difference >= 0),
    $lt: of((difference) => difference < 0),
    $lte: of((difference) => difference <= 0),
    $cmp: of(Math.sign),
  }
}

/** Here what is missing comes before null, while for filters they are the same. */
function order(a: unknown, b: unknown): number {
  if (rankOf(a) !== rankOf(null) || rankOf(b) !== rankOf(null)) return compare(a, b)
  return Number(a !== undefined) - Number(b !== undefined)
}
