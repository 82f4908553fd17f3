import type { Node } from '../library/core/rule.ts'
import { bare, bindingOf, type Definition, keyOf } from './bindings.ts'
import { treeOf } from './tree.ts'
import { originsOf } from './values.ts'

/** Sums nest as deep as they are long. */
const MAX_DEPTH = 100
let depth = 0

export type Constant = string | number | boolean | null

/** What an expression refers to, by its origin; see `SourceFile.nameOf`. */
export function nameOf(node: Node): string | undefined {
  for (const origin of originsOf(node)) if ('name' in origin) return origin.name
  return undefined
}

/** The constant that an expression stands for. `undefined` when it is none, or may be several. */
export function constantOf(node: Node): Constant | undefined {
  const { constants } = treeOf(node).project.known
  if (constants.has(node)) return constants.get(node)
  // A name that is made from itself is no constant.
  constants.set(node, undefined)
  if (depth >= MAX_DEPTH) return undefined
  depth++
  try {
    const value = evaluate(bare(node))
    constants.set(node, value)
    return value
  } finally {
    depth--
  }
}

function evaluate(expression: Node): Constant | undefined {
  switch (expression.type) {
    case 'Literal': {
      const value: unknown = expression['value']
      return isConstant(value) && !('regex' in expression && expression['regex']) ? value : undefined
    }
    case 'TemplateLiteral':
      return templateValue(expression)
    case 'BinaryExpression': {
      if (expression['operator'] !== '+' && expression['operator'] !== '*') return undefined
      const left = constantOf(expression['left'])
      const right = constantOf(expression['right'])
      if (typeof left === 'number' && typeof right === 'number') {
        return expression['operator'] === '+' ? left + right : left * right
      }
      if (expression['operator'] === '*' || left === undefined || right === undefined) return undefined
      return typeof left === 'string' || typeof right === 'string' ? `${left}${right}` : undefined
    }
    case 'UnaryExpression': {
      const value = constantOf(expression['argument'])
      if (expression['operator'] === '-' && typeof value === 'number') return -value
      return expression['operator'] === '!' && value !== undefined ? !value : undefined
    }
    case 'Identifier': {
      const definitions = bindingOf(expression)?.definitions ?? []
      if (definitions.some(({ from }) => from === 'param')) return undefined
      return definitions.length > 1 ? agreed(definitions) : ofOrigins(expression)
    }
    case 'MemberExpression':
      return ofOrigins(expression)
    default:
      return undefined
  }
}

/** What a name stands for that is assigned more than once: a constant only when it is the same each time. */
function agreed(definitions: readonly Definition[]): Constant | undefined {
  let value: Constant | undefined
  for (const [index, definition] of definitions.entries()) {
    if (definition.from !== 'value' || definition.path.length > 0) return undefined
    const other = constantOf(definition.value)
    if (other === undefined || (index > 0 && other !== value)) return undefined
    value = other
  }
  return value
}

function ofOrigins(expression: Node): Constant | undefined {
  let value: Constant | undefined
  for (const [index, origin] of originsOf(expression).entries()) {
    if (!('node' in origin) || origin.node === expression || origin.node.type === 'Identifier') return undefined
    const other = constantOf(origin.node)
    if (other === undefined || (index > 0 && other !== value)) return undefined
    value = other
  }
  return value
}

/** The value of an object literal's property, through constants and spreads. The last one of a name wins, as at run time. */
export function propertyOf(object: Node | undefined, name: string): Node | undefined {
  return object && propertyIn(object, name, [])
}

/** `options = { ...options }` spreads itself, hence the list of what was already looked into. */
function propertyIn(object: Node, name: string, seen: readonly Node[]): Node | undefined {
  for (const origin of originsOf(object)) {
    if (!('node' in origin) || origin.node.type !== 'ObjectExpression' || seen.includes(origin.node)) continue
    const properties: Node[] = origin.node['properties']
    for (let index = properties.length - 1; index >= 0; index--) {
      const property = properties[index]
      if (property?.type === 'SpreadElement') {
        const inner = propertyIn(property['argument'], name, [...seen, origin.node])
        if (inner) return inner
      } else if (property && keyOf(property) === name) return property['value']
    }
  }
  return undefined
}

function templateValue(node: Node): string | undefined {
  const quasis: Node[] = node['quasis']
  const expressions: Node[] = node['expressions']
  let text: string = quasis[0]?.['value'].cooked ?? ''
  for (const [index, expression] of expressions.entries()) {
    const value = constantOf(expression)
    if (value === undefined) return undefined
    text += `${value}${quasis[index + 1]?.['value'].cooked ?? ''}`
  }
  return text
}

function isConstant(value: unknown): value is Constant {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
