import { candidates, reach } from './paths.ts'
import { JUDGES, type Judge, toEquality, toList } from './predicates.ts'
import { cannot, Refusal } from './refusal.ts'
import { compileWhere } from './scripting.ts'
import { type Doc, isDoc, isEqual, isNumber } from './values.ts'

export type Test = (doc: unknown) => boolean

/** What a filter may use besides operators. */
export interface FilterPlace {
  /** Compiles what `$expr` computes. */
  readonly expression: (expression: unknown) => (doc: Doc) => unknown
  /** Whether scripts may stand here: only in the filter of a command itself. */
  readonly scripts: boolean
}

/** Compiles a filter as MongoDB understands it. What it does not know it refuses with code 2, before it looks at any document. */
export function compileFilter(filter: unknown, place: FilterPlace): Test {
  if (filter === undefined || filter === null) return () => true
  if (!isDoc(filter)) throw new Refusal('TypeMismatch', 'the filter must be an object')
  const tests = Object.entries(filter).map(([name, condition]) =>
    name.startsWith('$') ? compileTop(name, condition, place) : compileField(name, condition, place),
  )
  return (doc) => tests.every((test) => test(doc))
}

const MISSING_HERE = new Set([
  '$text',
  '$jsonSchema',
  '$near',
  '$nearSphere',
  '$geoWithin',
  '$geoIntersects',
  '$sampleRate',
])

function compileTop(name: string, condition: unknown, place: FilterPlace): Test {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor': {
      const tests = toBranches(name, condition).map((branch) => compileFilter(branch, place))
      if (name === '$and') return (doc) => tests.every((test) => test(doc))
      if (name === '$or') return (doc) => tests.some((test) => test(doc))
      return (doc) => !tests.some((test) => test(doc))
    }
    case '$expr': {
      const compute = place.expression(condition)
      return (doc) => isTruthy(compute(doc as Doc))
    }
    case '$where':
      if (!place.scripts) throw new Refusal('BadValue', '$where is not allowed in this context')
      return compileWhere(condition)
    case '$comment':
    case '$alwaysTrue':
      return () => true
    case '$alwaysFalse':
      return () => false
    default:
      if (MISSING_HERE.has(name)) throw cannot(name)
      throw new Refusal(
        'BadValue',
        `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      )
  }
}

function toBranches(name: string, condition: unknown): readonly Doc[] {
  if (!Array.isArray(condition)) throw new Refusal('BadValue', `${name} argument must be an array`)
  if (condition.length === 0) throw new Refusal('BadValue', '$and/$or/$nor must be a nonempty array')
  if (!condition.every(isDoc)) throw new Refusal('BadValue', '$or/$and/$nor entries need to be full objects')
  return condition
}

/** A document whose first name begins with `$` holds operators; any other value is what the field shall equal. */
function compileField(path: string, condition: unknown, place: FilterPlace): Test {
  return isOperators(condition) ? compileOperators(path, condition, place) : some(path, toEquality(condition))
}

function isOperators(condition: unknown): condition is Doc {
  return isDoc(condition) && Object.keys(condition)[0]?.startsWith('$') === true
}

function compileOperators(path: string, operators: Doc, place: FilterPlace): Test {
  if ('$options' in operators && !('$regex' in operators)) throw new Refusal('BadValue', '$options needs a $regex')
  const tests = Object.entries(operators).map(([name, operand]) =>
    compileOperator(path, name, operand, operators, place),
  )
  return (doc) => tests.every((test) => test(doc))
}

function compileOperator(path: string, name: string, operand: unknown, all: Doc, place: FilterPlace): Test {
  switch (name) {
    case '$options':
    case '$comment':
      return () => true
    case '$ne':
      if (operand instanceof RegExp) throw new Refusal('BadValue', "Can't have regex as arg to $ne.")
      return not(some(path, (value) => isEqual(value, operand)))
    case '$nin':
      return not(some(path, toJudge('$in', operand, all)))
    case '$not':
      if (operand instanceof RegExp) return not(some(path, toEquality(operand)))
      if (!isDoc(operand)) throw new Refusal('BadValue', '$not needs a regex or a document')
      if (Object.keys(operand).length === 0) throw new Refusal('BadValue', '$not cannot be empty')
      return not(compileOperators(path, operand, place))
    case '$exists': {
      const exists: Test = (doc) => reach(doc, path).some((value) => value !== undefined)
      return isTruthy(operand) ? exists : not(exists)
    }
    case '$size': {
      if (!isNumber(operand) || !Number.isInteger(Number(operand)) || Number(operand) < 0)
        throw new Refusal(
          'FailedToParse',
          `Failed to parse $size. Expected a non-negative whole number: ${String(operand)}`,
        )
      return (doc) => reach(doc, path).some((value) => Array.isArray(value) && value.length === Number(operand))
    }
    case '$all': {
      const tests = toList(operand, '$all').map((wanted) =>
        isOperators(wanted) ? compileOperators(path, wanted, place) : some(path, toEquality(wanted)),
      )
      return (doc) => tests.length > 0 && tests.every((test) => test(doc))
    }
    case '$elemMatch':
      return compileElementMatch(path, operand, place)
    default:
      if (MISSING_HERE.has(name)) throw cannot(name)
      return some(path, toJudge(name, operand, all))
  }
}

function compileElementMatch(path: string, operand: unknown, place: FilterPlace): Test {
  if (!isDoc(operand)) throw new Refusal('BadValue', '$elemMatch needs an Object')
  const inner = { ...place, scripts: false }
  // The element itself is judged as if it were the only field of a document.
  const ofValue = isOperators(operand) && !/^\$(?:and|or|nor|expr|where)$/.test(Object.keys(operand)[0] ?? '')
  const test = ofValue ? compileOperators('e', operand, inner) : compileFilter(operand, inner)
  return (doc) =>
    reach(doc, path).some(
      (value) => Array.isArray(value) && value.some((e) => (ofValue ? test({ e }) : isDoc(e) && test(e))),
    )
}

function toJudge(name: string, operand: unknown, all: Doc): Judge {
  const judge = Object.hasOwn(JUDGES, name) ? JUDGES[name] : undefined
  if (!judge) throw new Refusal('BadValue', `unknown operator: ${name}`)
  return judge(operand, all)
}

function some(path: string, judge: Judge): Test {
  return (doc) => candidates(doc, path).some(judge)
}

function not(test: Test): Test {
  return (doc) => !test(doc)
}

/** Everything but false, 0, null and what is missing: the empty string, too, is true for MongoDB. */
export function isTruthy(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return !isNumber(value) || Number(value) !== 0
}
