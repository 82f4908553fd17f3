import type { Node } from '../library/core/rule.ts'
import { type Binding, bare, bindingOf, keyOf, memberPath } from './bindings.ts'
import { constantOf, nameOf } from './names.ts'
import { isWithin, parentOf, treeOf } from './tree.ts'
import { functionsOf, nameOfParam, originsOf, returnsOf } from './values.ts'

/** A name or a property chain on a name, as far as conditions can speak about it. */
export interface Place {
  readonly binding: Binding
  readonly path: string
  /** How many more conditions may be looked into: predicates that call predicates never end otherwise. */
  readonly fuel: { left: number }
}

/** Whether every way to `use` passes a condition that leaves its value only a fixed set, or a harmless form. */
export function isChecked(use: Node): boolean {
  const { checked } = treeOf(use).project.known
  const known = checked.get(use)
  if (known !== undefined) return known
  const found = isCheckedAt(use)
  checked.set(use, found)
  return found
}

function isCheckedAt(use: Node): boolean {
  const place = placeOfValue(use)
  if (!place) return false
  let child = use
  for (let at = parentOf(use); at !== undefined; child = at, at = parentOf(at)) {
    if (isCheckedBy(at, child, place, use)) return true
    if (at === place.binding.scope) return false
  }
  return false
}

export function placeOfValue(node: Node): Place | undefined {
  const expression = bare(node)
  const parts = memberPath(expression)
  if (parts?.object.type !== 'Identifier' || parts.path.includes('*')) return undefined
  const binding = bindingOf(parts.object)
  return binding && { binding, path: parts.path.join('.'), fuel: { left: 200 } }
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
        statement['expression'].type === 'CallExpression' && nameOf(statement['expression'].callee) === 'process.exit'
      )
    default:
      return false
  }
}

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

/** Whether `test` being `outcome` means that the value is one of a fixed set or of a harmless form. */
function implies(test: Node, outcome: boolean, place: Place, depth = 0): boolean {
  if (place.fuel.left-- <= 0) return false
  const node = bare(test)
  switch (node.type) {
    case 'UnaryExpression':
      return node['operator'] === '!' && implies(node['argument'], !outcome, place, depth)
    case 'AwaitExpression':
      return implies(node['argument'], outcome, place, depth)
    case 'LogicalExpression': {
      const left = implies(node['left'], outcome, place, depth)
      const right = implies(node['right'], outcome, place, depth)
      // When `a && b` holds both hold; when `a || b` holds only one of them does.
      return (node['operator'] === '&&') === outcome ? left || right : left && right
    }
    case 'BinaryExpression':
      return comparison(node, outcome, place)
    case 'CallExpression':
      return callImplies(node, outcome, place, depth)
    case 'Identifier': {
      // const ok = ALLOWED.has(x); if (!ok) return
      const [origin] = originsOf(node)
      if (depth > 3 || !origin || !('node' in origin)) return definedBy(node, outcome, place, depth)
      return origin.node !== node && isCondition(origin.node) && implies(origin.node, outcome, place, depth + 1)
    }
    default:
      return false
  }
}

function definedBy(identifier: Node, outcome: boolean, place: Place, depth: number): boolean {
  const [definition, second] = bindingOf(identifier)?.definitions ?? []
  if (second || definition?.from !== 'value' || definition.path.length > 0 || depth > 3) return false
  return implies(definition.value, outcome, place, depth + 1)
}

function isCondition(node: Node): boolean {
  return ['UnaryExpression', 'LogicalExpression', 'BinaryExpression', 'CallExpression'].includes(node.type)
}

function comparison(node: Node, outcome: boolean, place: Place): boolean {
  const operator: string = node['operator']
  const [left, right]: [Node, Node] = [node['left'], node['right']]
  if (operator === 'in') return outcome && isSame(left, place)
  const equal = operator === '===' || operator === '=='
  const unequal = operator === '!==' || operator === '!='
  if (equal || unequal) {
    if (outcome === equal) {
      if (isSame(left, place) && isFixed(right)) return true
      if (isSame(right, place) && isFixed(left)) return true
      if (left.type === 'UnaryExpression' && left['operator'] === 'typeof' && isSame(left['argument'], place)) {
        return ['number', 'boolean'].includes(String(constantOf(right)))
      }
    }
    return outcome === unequal && isIndexOf(left, place) && constantOf(right) === -1
  }
  if (!isIndexOf(left, place)) return false
  const bound = constantOf(right)
  if (operator === '>=' || operator === '>') return outcome && bound === (operator === '>' ? -1 : 0)
  return operator === '<' && !outcome && bound === 0
}

function isIndexOf(node: Node, place: Place): boolean {
  const call = bare(node)
  if (call.type !== 'CallExpression') return false
  const callee = bare(call['callee'])
  return callee.type === 'MemberExpression' && keyOf(callee) === 'indexOf' && isListOf(callee, call, place)
}

/** A value that the client has no say in. */
function isFixed(node: Node): boolean {
  if (constantOf(node) !== undefined) return true
  const name = nameOf(node)
  return name?.startsWith('process.env.') === true
}

const MEMBERS: ReadonlySet<string> = new Set(['includes', 'has', 'hasOwnProperty'])
const NUMBER_TESTS = /(?:^|\.)(?:isInteger|isSafeInteger|isFinite)$/
const FORM_TESTS =
  /(?:^|\.)(?:isInt|isUUID|isUuid|isAlphanumeric|isAlpha|isNumeric|isMongoId|isHexadecimal|isValidObjectId|isIn|ObjectId\.isValid|validate)$/

function callImplies(call: Node, outcome: boolean, place: Place, depth: number): boolean {
  const callee = bare(call['callee'])
  const args: Node[] = call['arguments']
  const first = args[0]
  if (callee.type === 'MemberExpression') {
    const method = keyOf(callee)
    if (outcome && MEMBERS.has(method) && isListOf(callee, call, place)) return true
    if (outcome && method === 'test' && first && isSame(first, place)) return isTightPattern(callee['object'])
    if (outcome && method === 'match' && first && isSame(callee['object'], place)) return isTightPattern(first)
    if (outcome && method === 'startsWith' && first && isSame(callee['object'], place)) return isWholePrefix(first)
    if (outcome && method === 'some' && first && isListCheck(first, place)) return true
  }
  const name = nameOf(callee)
  if (name !== undefined) {
    if ((name === 'Object.hasOwn' || name.endsWith('hasOwnProperty.call')) && args[1])
      return outcome && isSame(args[1], place)
    if (!first || !isSame(first, place)) return false
    if (name === 'isNaN' || name === 'Number.isNaN') return !outcome && name === 'isNaN'
    return outcome && (NUMBER_TESTS.test(name) || (FORM_TESTS.test(name) && /validator|uuid|mongo|bson/.test(name)))
  }
  return depth < 3 && predicateImplies(call, outcome, place, depth)
}

/** `isAllowed(x)`, where the project's own `isAllowed` answers a condition on its parameter. */
function predicateImplies(call: Node, outcome: boolean, place: Place, depth: number): boolean {
  const index = (call['arguments'] as Node[]).findIndex((arg) => isSame(arg, place))
  if (index === -1) return false
  const fns = functionsOf(call['callee'])
  return (
    fns.length > 0 &&
    fns.every((fn) => {
      const inner = placeOfParam(fn, index, place)
      if (!inner) return false
      // An answer that cannot be `outcome` says nothing about the value; all others must.
      const answers = returnsOf(fn).filter((answer) => {
        const value = constantOf(answer)
        return value === undefined || Boolean(value) === outcome
      })
      return (
        answers.length > 0 &&
        answers.every((answer) =>
          constantOf(answer) === undefined ? implies(answer, outcome, inner, depth + 1) : isPlaceChecked(answer, inner),
        )
      )
    })
  )
}

/** `assertAllowed(x)`, which throws unless a condition on its parameter holds. */
function isAssertion(expression: Node, place: Place): boolean {
  const call = bare(expression.type === 'AwaitExpression' ? expression['argument'] : expression)
  if (call.type !== 'CallExpression') return false
  const args: Node[] = call['arguments']
  const name = nameOf(call['callee'])
  if (name === 'node:assert' || name === 'node:assert.ok') return args[0] !== undefined && implies(args[0], true, place)
  const index = args.findIndex((arg) => isSame(arg, place))
  if (index === -1) return false
  const fns = functionsOf(call['callee'])
  return (
    fns.length > 0 &&
    fns.every((fn) => {
      const inner = placeOfParam(fn, index, place)
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

function placeOfParam(fn: Node, index: number, { fuel }: Place): Place | undefined {
  const param: Node | undefined = fn['params'][index]
  const name = param && nameOfParam(param)
  const binding = name === undefined ? undefined : treeOf(fn).scopes.get(fn)?.get(name)
  return binding && { binding, path: '', fuel }
}

/** Whether the place itself is checked where `node` stands. */
function isPlaceChecked(node: Node, place: Place): boolean {
  let child = node
  for (let at = parentOf(node); at !== undefined && child !== place.binding.scope; child = at, at = parentOf(at)) {
    if (isCheckedBy(at, child, place, node)) return true
  }
  return false
}

/** `LIST.includes(x)`: the list must not be the client's, and the value must be what is looked for. */
function isListOf(callee: Node, call: Node, place: Place): boolean {
  const first: Node | undefined = call['arguments'][0]
  if (!first || !isSame(first, place)) return false
  return !/^req\b/.test(nameOf(callee['object']) ?? '')
}

/** `LIST.some((item) => item === x)`. */
function isListCheck(fn: Node, place: Place): boolean {
  return functionsOf(fn).some((inner) => {
    const item = placeOfParam(inner, 0, place)
    return returnsOf(inner).some((answer) => {
      const node = bare(answer)
      if (!item || node.type !== 'BinaryExpression' || node['operator'] !== '===') return false
      return (
        (isSame(node['left'], place) && isSame(node['right'], item)) ||
        (isSame(node['right'], place) && isSame(node['left'], item))
      )
    })
  })
}

/** An expression that the whole text must match and that leaves no room for free text. */
function isTightPattern(node: Node): boolean {
  const [origin] = originsOf(node)
  const literal = origin && 'node' in origin ? origin.node : bare(node)
  const regex: { pattern: string; flags: string } | undefined = literal['regex']
  if (!regex || regex.flags.includes('m')) return false
  const { pattern } = regex
  if (!pattern.startsWith('^') || !/(?<!\\)\$$/.test(pattern)) return false
  const outside = pattern.replace(/\\[^SDWPpxu]/g, '').replace(/\[(?!\^)[^\]]*\]/g, '')
  if (/\.|\[\^|\\[SDW]/.test(outside)) return false
  // In `^a|b$` neither end holds for both sides.
  let depth = 0
  for (const char of outside) {
    if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) return false
  }
  return true
}

/** `ROOT + path.sep` or `https://host/`: a prefix that nothing else can continue. */
function isWholePrefix(node: Node): boolean {
  const value = constantOf(node)
  if (typeof value === 'string') return /^https?:\/\/[^/]+\/|^\/[^/]+.*\/$/.test(value)
  const expression = bare(node)
  if (expression.type === 'TemplateLiteral') {
    const last: Node | undefined = expression['expressions'].at(-1)
    const tail: string = expression['quasis'].at(-1).value.cooked
    return tail.endsWith('/') || (tail === '' && last !== undefined && nameOf(last) === 'node:path.sep')
  }
  if (expression.type !== 'BinaryExpression' || expression['operator'] !== '+') return false
  return nameOf(expression['right']) === 'node:path.sep' || constantOf(expression['right']) === '/'
}

const UNCHANGED: ReadonlySet<string> = new Set(['toLowerCase', 'toUpperCase', 'toString', 'trim'])
const HOSTS: ReadonlySet<string> = new Set(['host', 'hostname', 'origin'])

/** Whether the expression is the value itself, in another letter case, or the host of the URL made from it. */
function isSame(node: Node, place: Place, depth = 0): boolean {
  const expression = bare(node)
  if (expression.type === 'CallExpression') {
    const callee = bare(expression['callee'])
    if (callee.type === 'MemberExpression' && UNCHANGED.has(keyOf(callee)))
      return isSame(callee['object'], place, depth)
    return (
      nameOf(callee) === 'String' &&
      expression['arguments'].length === 1 &&
      isSame(expression['arguments'][0], place, depth)
    )
  }
  if (expression.type === 'MemberExpression' && HOSTS.has(keyOf(expression))) {
    const url = bare(expression['object'])
    if (isSame(url, place, depth) || isUrlOf(url, place, depth)) return true
  }
  const other = placeOfValue(expression)
  return other !== undefined && other.binding === place.binding && other.path === place.path
}

/** `new URL(x)`, also under a name. */
function isUrlOf(node: Node, place: Place, depth: number): boolean {
  if (depth > 2) return false
  if (node.type === 'NewExpression') {
    const first: Node | undefined = node['arguments'][0]
    return first !== undefined && nameOf(node['callee']) === 'URL' && isSame(first, place, depth + 1)
  }
  if (node.type !== 'Identifier') return false
  return (bindingOf(node)?.definitions ?? []).some(
    (definition) => definition.from === 'value' && isUrlOf(bare(definition.value), place, depth + 1),
  )
}
