import type { Harmless, Node } from '../library/core/rule.ts'
import { bare, type Path } from './bindings.ts'
import { handedOver, implies } from './conditions.ts'
import { constantOf, nameOf } from './names.ts'
import { type Form, isSame, type Place, placeOfParam, placeOfValue } from './places.ts'
import { isWithin, parentOf, treeOf } from './tree.ts'
import { functionsOf } from './values.ts'

/** Whether every way to `use` passes a condition that leaves its value, or what is at `path` of it, only a fixed set, or a harmless form. */
export function isChecked(use: Node, path: Path, when?: Harmless['when']): boolean {
  // What is checked as a whole is checked in its parts.
  if (path.length > 0 && isChecked(use, [], when)) return true
  if (isCheckedFor(use, path, 'any')) return true
  if (when === 'local') return isCheckedFor(use, path, 'rooted') && isCheckedFor(use, path, 'single')
  return when === 'text' && isCheckedFor(use, path, 'text')
}

function isCheckedFor(use: Node, path: Path, form: Form): boolean {
  const { checked } = treeOf(use).project.known
  const kind = path.length === 0 ? form : `${form} ${path.join('.')}`
  let answers = checked.get(kind)
  if (!answers) checked.set(kind, (answers = new Map()))
  const known = answers.get(use)
  if (known !== undefined) return known
  const found = isCheckedAt(use, path, form)
  answers.set(use, found)
  return found
}

/** Whether the place itself is checked where `node` stands. */
export function isPlaceChecked(node: Node, place: Place): boolean {
  let child = node
  for (let at = parentOf(node); at !== undefined && child !== place.binding.scope; child = at, at = parentOf(at)) {
    if (isCheckedBy(at, child, place, node)) return true
  }
  return false
}

function isCheckedAt(use: Node, path: Path, form: Form): boolean {
  const whole = placeOfValue(use, form)
  if (!whole || path.includes('*')) return false
  const place =
    path.length === 0 ? whole : { ...whole, path: [...(whole.path === '' ? [] : [whole.path]), ...path].join('.') }
  let child = use
  for (let at = parentOf(use); at !== undefined; child = at, at = parentOf(at)) {
    if (isCheckedBy(at, child, place, use)) return true
    if (at === place.binding.scope) return false
  }
  return false
}

function isCheckedBy(at: Node, child: Node, place: Place, use: Node): boolean {
  switch (at.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      if (child === at['consequent']) return implies(at['test'], true, place) && !isWritten(place, at['test'], use)
      return child === at['alternate'] && implies(at['test'], false, place) && !isWritten(place, at['test'], use)
    case 'LogicalExpression':
      return child === at['right'] && at['operator'] !== '??' && implies(at['left'], at['operator'] === '&&', place)
    case 'WhileStatement':
    case 'ForStatement':
      return (
        child === at['body'] && at['test'] && implies(at['test'], true, place) && !isWritten(place, at['test'], use)
      )
    case 'SwitchCase':
      if (isCase(at, place)) return true
      return precedes(at['consequent'], child, place, use)
    case 'BlockStatement':
    case 'Program':
    case 'StaticBlock':
      return precedes(at['body'], child, place, use)
    default:
      return false
  }
}

/** `if (!ALLOWED.has(x)) return` and its like among the statements before. */
function precedes(statements: readonly Node[], child: Node, place: Place, use: Node): boolean {
  for (const statement of statements) {
    if (statement === child) return false
    if (statement.type === 'ExpressionStatement') {
      if (isAssertion(statement['expression'], place) && !isWritten(place, statement, use)) return true
      continue
    }
    if (statement.type !== 'IfStatement') continue
    const { test, consequent, alternate } = statement as unknown as { test: Node; consequent: Node; alternate?: Node }
    const stops = leaves(consequent) || replaces(consequent, place)
    const passed =
      (stops && implies(test, false, place)) || (alternate && leaves(alternate) && implies(test, true, place))
    if (passed && !isWritten(place, statement, use)) return true
  }
  return false
}

/** The case of a `switch` over the value with only constant labels. */
function isCase(node: Node, place: Place): boolean {
  const parent = parentOf(node)
  if (parent?.type !== 'SwitchStatement' || !isSame(parent['discriminant'], place)) return false
  const cases: Node[] = parent['cases']
  for (let index = cases.indexOf(node); index >= 0; index--) {
    const label: Node | null = cases[index]?.['test']
    if (!label || constantOf(label) === undefined) return false
    const before = cases[index - 1]
    if (!before || before['consequent'].some(leaves)) return true
  }
  return true
}

/** Whether control never runs past the statement. */
function leaves(statement: Node): boolean {
  switch (statement.type) {
    case 'ReturnStatement':
    case 'ThrowStatement':
    case 'ContinueStatement':
    case 'BreakStatement':
      return true
    case 'BlockStatement':
      return (statement['body'] as Node[]).some(leaves)
    case 'IfStatement':
      return statement['alternate'] && leaves(statement['consequent']) && leaves(statement['alternate'])
    case 'ExpressionStatement':
      return (
        statement['expression'].type === 'CallExpression' && STOPS.test(nameOf(statement['expression'].callee) ?? '')
      )
    default:
      return false
  }
}

/** Calls that never come back. */
const STOPS = /^(?:process\.(?:exit|abort)|(?:res|ctx)\.throw|node:assert\.fail)$/

/** `if (!ALLOWED.has(x)) x = '/'`. */
function replaces(statement: Node, place: Place): boolean {
  if (statement.type === 'BlockStatement') return (statement['body'] as Node[]).some((inner) => replaces(inner, place))
  if (statement.type !== 'ExpressionStatement') return false
  const assignment: Node = statement['expression']
  if (assignment.type !== 'AssignmentExpression' || assignment['operator'] !== '=') return false
  return isSame(assignment['left'], place) && constantOf(assignment['right']) !== undefined
}

/** Whether the value is assigned anew between the check and the use. */
function isWritten(place: Place, check: Node, use: Node): boolean {
  return place.binding.definitions.some(
    ({ at }) =>
      at.type === 'AssignmentExpression' && !isWithin(at, check) && at.start >= check.end && at.end <= use.start,
  )
}

/** `assertAllowed(x)`, which throws unless a condition on its parameter holds. */
function isAssertion(expression: Node, place: Place): boolean {
  const call = bare(expression.type === 'AwaitExpression' ? expression['argument'] : expression)
  if (call.type !== 'CallExpression') return false
  const args: Node[] = call['arguments']
  const name = nameOf(call['callee'])
  if (name === 'node:assert' || name === 'node:assert.ok') return args[0] !== undefined && implies(args[0], true, place)
  const handed = handedOver(args, place)
  if (!handed) return false
  const fns = functionsOf(call['callee'])
  return (
    fns.length > 0 &&
    fns.every((fn) => {
      const inner = placeOfParam(fn, handed.index, place, handed.path)
      const body: Node[] = fn['body']?.type === 'BlockStatement' ? fn['body'].body : []
      return (
        inner !== undefined &&
        body.some((statement) => {
          if (statement.type !== 'IfStatement') return false
          return throws(statement['consequent']) && implies(statement['test'], false, inner, 1)
        })
      )
    })
  )
}

function throws(statement: Node): boolean {
  if (statement.type === 'BlockStatement') return (statement['body'] as Node[]).some(throws)
  return statement.type === 'ThrowStatement'
}
