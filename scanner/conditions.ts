import type { Node } from '../library/core/rule.ts'
import { bare, bindingOf, keyOf, type Path } from './bindings.ts'
import { isHarmlessByJson } from './declared.ts'
import { isRelativeOf, tellsForm } from './forms.ts'
import { isPlaceChecked } from './guards.ts'
import { constantOf, nameOf } from './names.ts'
import { isForeignPattern, isTightPattern, isWholePrefix } from './patterns.ts'
import { isSame, type Place, placeOfParam, placeOfValue } from './places.ts'
import { definitionOf, isHarmlessBy, validationOf } from './schemas.ts'
import { treeOf } from './tree.ts'
import { functionsOf, originsOf, returnsOf, startsWith } from './values.ts'

/** Whether `test` being `outcome` means that the value is one of a fixed set or of a harmless form. */
export function implies(test: Node, outcome: boolean, place: Place, depth = 0): boolean {
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
      if ((node['operator'] === '&&') === outcome) return left || right
      return left
        ? right || isRootItself(node['right'], node['left'], place)
        : right && isRootItself(node['left'], node['right'], place)
    }
    case 'BinaryExpression':
      return comparison(node, outcome, place)
    case 'CallExpression':
      return callImplies(node, outcome, place, depth)
    case 'MemberExpression':
      return passesSchema(node, outcome, place)
    case 'Identifier': {
      if (passesSchema(node, outcome, place)) return true
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

/** `if (schema.validate(req.body).error) return`, and `if (!parsed.success) return`, also with the answer's parts under names. */
function passesSchema(node: Node, outcome: boolean, place: Place): boolean {
  if (place.form === 'rooted' || place.form === 'single') return false
  const part = node.type === 'MemberExpression' ? partOf(node['object'], [keyOf(node)]) : partOf(node, [])
  if (part?.path.length !== 1 || part.call.type !== 'CallExpression') return false
  const [key] = part.path
  const isPass = key === 'success' ? outcome : (key === 'error' || key === 'issues') && !outcome
  const validation = isPass ? validationOf(part.call) : undefined
  const inner = validation && pathFrom(validation.input, place)
  return !!inner && isHarmlessBy(validation.schema, inner, place.form === 'text' ? 'text' : undefined)
}

/** The call whose answer a name or a property of it is. */
function partOf(node: Node, path: Path): { call: Node; path: Path } | undefined {
  const expression = bare(node)
  if (expression.type === 'AwaitExpression') return partOf(expression['argument'], path)
  if (expression.type === 'CallExpression') return { call: expression, path }
  if (expression.type !== 'Identifier') return undefined
  const [definition, second] = bindingOf(expression)?.definitions ?? []
  if (second || definition?.from !== 'value') return undefined
  const value = bare(definition.value)
  return value.type === 'Identifier' ? undefined : partOf(value, [...definition.path, ...path])
}

/** Where the place lies in what was checked: `req.body.name` in `req.body`, also when it was taken out before. */
function pathFrom(input: Node, place: Place): Path | undefined {
  const whole = placeOfValue(input)
  if (!whole) return undefined
  const own = place.path === '' ? [] : place.path.split('.')
  const outer = whole.path === '' ? [] : whole.path.split('.')
  if (whole.binding === place.binding && startsWith(own, outer)) return own.slice(outer.length)
  const [definition, second] = place.binding.definitions
  if (second || definition?.from !== 'value') return undefined
  const from = placeOfValue(definition.value)
  if (from?.binding !== whole.binding) return undefined
  const taken = [...(from.path === '' ? [] : from.path.split('.')), ...definition.path, ...own]
  return startsWith(taken, outer) ? taken.slice(outer.length) : undefined
}

function isCondition(node: Node): boolean {
  return ['UnaryExpression', 'LogicalExpression', 'BinaryExpression', 'CallExpression'].includes(node.type)
}

function comparison(node: Node, outcome: boolean, place: Place): boolean {
  if (place.form !== 'any') return tellsForm(node, outcome, place)
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
    if (outcome === equal && constantOf(right) === 0 && isBeginning(left, place)) return true
    return outcome === unequal && isIndexOf(left, place) && constantOf(right) === -1
  }
  if (!isIndexOf(left, place)) return false
  const bound = constantOf(right)
  if (operator === '>=' || operator === '>') return outcome && bound === (operator === '>' ? -1 : 0)
  return operator === '<' && !outcome && bound === 0
}

/** `x === ROOT` beside `x.startsWith(ROOT + path.sep)`: whoever may be below a folder may be the folder. */
function isRootItself(test: Node, beside: Node, place: Place): boolean {
  const equal = bare(test)
  let call = bare(beside)
  if (call.type === 'UnaryExpression') call = bare(call['argument'])
  const prefix: Node | undefined = call.type === 'CallExpression' ? call['arguments'][0] : undefined
  const root = prefix && isWholePrefix(prefix) ? (bare(prefix)['left'] ?? bare(prefix)['expressions']?.[0]) : undefined
  if (!root || equal.type !== 'BinaryExpression' || !/^[!=]==?$/.test(equal['operator'])) return false
  const { text } = treeOf(equal)
  const own = text.slice(root.start, root.end)
  return [
    [equal['left'], equal['right']],
    [equal['right'], equal['left']],
  ].some(([one, other]) => isSame(one, place) && text.slice(other.start, other.end) === own)
}

/** `x.indexOf(ROOT + path.sep)`. */
function isBeginning(node: Node, place: Place): boolean {
  const call = bare(node)
  const callee = call.type === 'CallExpression' ? bare(call['callee']) : undefined
  const first: Node | undefined = callee && call['arguments'][0]
  if (callee?.type !== 'MemberExpression' || keyOf(callee) !== 'indexOf' || !first) return false
  return isSame(callee['object'], place) && isWholePrefix(first)
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
  if (place.form !== 'any' && tellsForm(call, outcome, place)) return true
  if (callee.type === 'MemberExpression') {
    const method = keyOf(callee)
    if (outcome && MEMBERS.has(method) && isListOf(callee, call, place)) return true
    if (method === 'test' && first && isSame(first, place)) {
      return outcome ? isTightPattern(callee['object']) : isForeignPattern(callee['object'])
    }
    if (outcome && method === 'match' && first && isSame(callee['object'], place)) return isTightPattern(first)
    if (outcome && method === 'startsWith' && first && isSame(callee['object'], place)) return isWholePrefix(first)
    if (!outcome && method === 'startsWith' && first && isRelativeOf(callee['object'], place)) {
      return String(constantOf(first)).startsWith('..')
    }
    if (outcome && method === 'some' && first && isListCheck(first, place)) return true
  }
  const name = nameOf(callee)
  if (name !== undefined) {
    if (outcome && name.startsWith('ajv') && passesJson(call, name, place)) return true
    if ((name === 'Object.hasOwn' || name.endsWith('hasOwnProperty.call')) && args[1])
      return outcome && isSame(args[1], place)
    if (!first || !isSame(first, place)) return false
    if (name === 'isNaN' || name === 'Number.isNaN') return !outcome && name === 'isNaN'
    return outcome && (NUMBER_TESTS.test(name) || (FORM_TESTS.test(name) && /validator|uuid|mongo|bson/.test(name)))
  }
  return depth < 3 && predicateImplies(call, outcome, place, depth)
}

const AJV = /^ajv(?:\/[\w/]+)?(?:\.\w+)?\(\)\.(?:compile\(\)|validate)$/

/** `ajv.compile(schema)(data)`, and `ajv.validate(schema, data)`. */
function passesJson(call: Node, name: string, place: Place): boolean {
  if (!AJV.test(name) || place.form === 'rooted' || place.form === 'single') return false
  const isCompiled = name.endsWith('()')
  const maker = isCompiled ? definitionOf(call['callee']) : call
  const schema: Node | undefined = maker?.type === 'CallExpression' ? maker['arguments'][0] : undefined
  const input: Node | undefined = call['arguments'][isCompiled ? 0 : 1]
  const inner = schema && input && pathFrom(input, place)
  return !!inner && isHarmlessByJson(schema, inner, place.form === 'text' ? 'text' : undefined)
}

/** Which argument the value is, or is in, and where: `isAllowed(x)`, `isAllowed(req.body)`, `isAllowed({ name: x })`. */
export function handedOver(args: readonly Node[], place: Place): { index: number; path: Path } | undefined {
  for (const [index, arg] of args.entries()) {
    if (isSame(arg, place)) return { index, path: [] }
    const path = arg.type === 'ObjectExpression' ? pathInLiteral(arg, place) : pathFrom(arg, place)
    if (path) return { index, path }
  }
  return undefined
}

function pathInLiteral(literal: Node, place: Place): Path | undefined {
  for (const property of literal['properties'] as Node[]) {
    if (property.type === 'Property' && isSame(property['value'], place)) return [keyOf(property)]
  }
  return undefined
}

/** `isAllowed(x)`, where the project's own `isAllowed` answers a condition on its parameter. */
function predicateImplies(call: Node, outcome: boolean, place: Place, depth: number): boolean {
  const handed = handedOver(call['arguments'], place)
  if (!handed) return false
  const fns = functionsOf(call['callee'])
  return (
    fns.length > 0 &&
    fns.every((fn) => {
      const inner = placeOfParam(fn, handed.index, place, handed.path)
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
