import type { Node } from '../library/core/rule.ts'
import { bare, bindingOf, keyOf } from './bindings.ts'
import { constantOf, nameOf } from './names.ts'
import { regexOf } from './patterns.ts'
import { isSame, type Place } from './places.ts'
import { definitionOf } from './schemas.ts'

/** Whether a comparison or a call says of the value what its place is asked for: see `Form`. */
export function tellsForm(node: Node, outcome: boolean, place: Place): boolean {
  switch (place.form) {
    case 'text':
      return isTypeTest(node, outcome, place) || (outcome && isTextTest(node, place))
    case 'rooted':
      return isOwnSite(node, outcome, place) || beginsWith(node, outcome, place, (start) => start.startsWith('/'))
    case 'single':
      return (
        isOwnSite(node, outcome, place) ||
        beginsWith(node, !outcome, place, (start) => start === '//') ||
        hasOneSlash(node, outcome, place)
      )
    default:
      return false
  }
}

/** `new URL(x).origin === req.nextUrl.origin`: the site that the request came to is the app's own. */
function isOwnSite(node: Node, outcome: boolean, place: Place): boolean {
  if (node.type !== 'BinaryExpression' || !(outcome ? /^===?$/ : /^!==?$/).test(node['operator'])) return false
  const { left, right } = node as unknown as { left: Node; right: Node }
  return (isSame(left, place) && isOwnHost(right)) || (isSame(right, place) && isOwnHost(left))
}

function isOwnHost(node: Node): boolean {
  const made = definitionOf(node) ?? bare(node)
  const name = nameOf(made) ?? ''
  if (/^req\.(?:nextUrl\.)?(?:origin|host|hostname)$|^req\.headers\.host$/.test(name)) return true
  if (made.type === 'CallExpression') {
    const first: Node | undefined = made['arguments'][0]
    return (
      /^req\.(?:get|header)$/.test(nameOf(made['callee']) ?? '') && /^host$/i.test(String(first && constantOf(first)))
    )
  }
  if (made.type !== 'MemberExpression' || !/^(?:origin|host|hostname)$/.test(keyOf(made))) return false
  const url = definitionOf(made['object']) ?? bare(made['object'])
  const [address] = url.type === 'NewExpression' ? (url['arguments'] as Node[]) : []
  return address !== undefined && /^req\.(?:url|href|nextUrl)$/.test(nameOf(address) ?? '')
}

/** `typeof x === 'string'`. */
function isTypeTest(node: Node, outcome: boolean, place: Place): boolean {
  if (node.type !== 'BinaryExpression' || !(outcome ? /^===?$/ : /^!==?$/).test(node['operator'])) return false
  const { left, right } = node as unknown as { left: Node; right: Node }
  return (
    left.type === 'UnaryExpression' &&
    left['operator'] === 'typeof' &&
    isSame(left['argument'], place) &&
    constantOf(right) === 'string'
  )
}

/** Checks of libraries that only texts pass, or that throw on anything else. */
const TEXT_TESTS = /^(?:validator|lodash|underscore|@sindresorhus\/is)\b.*\.(?:is\w+|matches|contains|equals|string)$/

function isTextTest(node: Node, place: Place): boolean {
  if (node.type !== 'CallExpression') return false
  const first: Node | undefined = node['arguments'][0]
  return first !== undefined && isSame(first, place) && TEXT_TESTS.test(nameOf(node['callee']) ?? '')
}

/** `x.startsWith('/')`, `x[0] === '/'`, `x.charAt(0) === '/'` and patterns with a fixed beginning. */
function beginsWith(node: Node, outcome: boolean, place: Place, isStart: (start: string) => boolean): boolean {
  if (node.type === 'CallExpression') {
    const callee = bare(node['callee'])
    const first: Node | undefined = node['arguments'][0]
    if (callee.type !== 'MemberExpression' || !first || !outcome) return false
    if (keyOf(callee) === 'startsWith' && isSame(callee['object'], place)) return isStart(String(constantOf(first)))
    const pattern = keyOf(callee) === 'test' && isSame(first, place) ? regexOf(callee['object'])?.pattern : undefined
    return pattern !== undefined && /^\^(?:\\\/)+/.test(pattern) && isStart(beginningOf(pattern))
  }
  if (node.type !== 'BinaryExpression') return false
  const isEqual = /^===?$/.test(node['operator'])
  if (!isEqual && !/^!==?$/.test(node['operator'])) return false
  const at = indexInto(node['left'], place)
  const char = constantOf(node['right'])
  if (at === undefined || typeof char !== 'string' || isEqual !== outcome) return false
  return (at === 0 && isStart(char)) || (at === 1 && char === '/' && isStart('//'))
}

/** The slashes at the beginning of a pattern such as `^\/\/`. */
function beginningOf(pattern: string): string {
  return '/'.repeat((/^\^((?:\\\/)+)/.exec(pattern)?.[1] ?? '').length / 2)
}

/** `^\/(?!\/)`, `^\/[^/]` and `^\/[a-z]`: what follows the first slash is something else. */
function hasOneSlash(node: Node, outcome: boolean, place: Place): boolean {
  if (node.type !== 'CallExpression' || !outcome) return false
  const callee = bare(node['callee'])
  const first: Node | undefined = node['arguments'][0]
  if (callee.type !== 'MemberExpression' || keyOf(callee) !== 'test' || !first || !isSame(first, place)) return false
  return /^\^\\\/(?:\(\?!|\[\^[^\]]*\/|\[(?!\^)[^\]/]*\](?![*?])|\\w|\w)/.test(regexOf(callee['object'])?.pattern ?? '')
}

function indexInto(node: Node, place: Place): number | undefined {
  const expression = bare(node)
  if (expression.type === 'MemberExpression' && expression['computed'] && isSame(expression['object'], place)) {
    const index = constantOf(expression['property'])
    return typeof index === 'number' ? index : undefined
  }
  if (expression.type !== 'CallExpression') return undefined
  const callee = bare(expression['callee'])
  const isChar = callee.type === 'MemberExpression' && keyOf(callee) === 'charAt' && isSame(callee['object'], place)
  const index = isChar ? constantOf(expression['arguments'][0]) : undefined
  return typeof index === 'number' ? index : undefined
}

/** `path.relative(root, x)`, also under a name: without `..` in front it leads nowhere out of the root. */
export function isRelativeOf(node: Node, place: Place, depth = 0): boolean {
  const expression = bare(node)
  if (expression.type === 'CallExpression') {
    const target: Node | undefined = expression['arguments'][1]
    return /^node:path\b.*\.relative$/.test(nameOf(expression['callee']) ?? '') && !!target && isSame(target, place)
  }
  if (expression.type !== 'Identifier' || depth > 1) return false
  const [definition, second] = bindingOf(expression)?.definitions ?? []
  return !second && definition?.from === 'value' && isRelativeOf(definition.value, place, depth + 1)
}
