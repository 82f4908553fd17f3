import type { Node } from '../library/core/rule.ts'
import { bare, keyOf } from './bindings.ts'
import { originsOf } from './values.ts'

export type Constant = string | number | boolean | null

/** What an expression refers to, by its origin; see `SourceFile.nameOf`. */
export function nameOf(node: Node): string | undefined {
  for (const origin of originsOf(node)) if ('name' in origin) return origin.name
  return undefined
}

/** The constant that an expression stands for. `undefined` when it is none, or may be several. */
export function constantOf(node: Node, depth = 0): Constant | undefined {
  if (depth > 20) return undefined
  const expression = bare(node)
  switch (expression.type) {
    case 'Literal': {
      const value: unknown = expression['value']
      return isConstant(value) && !('regex' in expression && expression['regex']) ? value : undefined
    }
    case 'TemplateLiteral':
      return templateValue(expression, depth)
    case 'BinaryExpression': {
      if (expression['operator'] !== '+' && expression['operator'] !== '*') return undefined
      const left = constantOf(expression['left'], depth + 1)
      const right = constantOf(expression['right'], depth + 1)
      if (typeof left === 'number' && typeof right === 'number') {
        return expression['operator'] === '+' ? left + right : left * right
      }
      if (expression['operator'] === '*' || left === undefined || right === undefined) return undefined
      return typeof left === 'string' || typeof right === 'string' ? `${left}${right}` : undefined
    }
    case 'UnaryExpression': {
      const value = constantOf(expression['argument'], depth + 1)
      if (expression['operator'] === '-' && typeof value === 'number') return -value
      return expression['operator'] === '!' && value !== undefined ? !value : undefined
    }
    case 'Identifier':
    case 'MemberExpression': {
      const origins = originsOf(expression)
      const values = origins.map((origin) =>
        'node' in origin && origin.node !== expression && origin.node.type !== 'Identifier'
          ? constantOf(origin.node, depth + 1)
          : undefined,
      )
      const [first] = values
      return values.every((value) => value === first) ? first : undefined
    }
    default:
      return undefined
  }
}

/** The value of an object literal's property, through constants and spreads. The last one of a name wins, as at run time. */
export function propertyOf(object: Node | undefined, name: string): Node | undefined {
  if (!object) return undefined
  for (const origin of originsOf(object)) {
    if (!('node' in origin) || origin.node.type !== 'ObjectExpression') continue
    const properties: Node[] = origin.node['properties']
    for (let index = properties.length - 1; index >= 0; index--) {
      const property = properties[index]
      if (property?.type === 'SpreadElement') {
        const inner = property['argument'] === object ? undefined : propertyOf(property['argument'], name)
        if (inner) return inner
      } else if (property && keyOf(property) === name) return property['value']
    }
  }
  return undefined
}

function templateValue(node: Node, depth: number): string | undefined {
  const quasis: Node[] = node['quasis']
  const expressions: Node[] = node['expressions']
  let text: string = quasis[0]?.['value'].cooked ?? ''
  for (const [index, expression] of expressions.entries()) {
    const value = constantOf(expression, depth + 1)
    if (value === undefined) return undefined
    text += `${value}${quasis[index + 1]?.['value'].cooked ?? ''}`
  }
  return text
}

function isConstant(value: unknown): value is Constant {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
