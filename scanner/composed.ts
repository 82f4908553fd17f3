import type { Node } from '../library/core/rule.ts'
import { bare, bindingOf, keyOf } from './bindings.ts'
import { nameOf } from './names.ts'
import { definitionOf } from './schemas.ts'
import { functionAround, isFunction, nodesWithin, parentOf, treeOf } from './tree.ts'
import { functionsOf, originsOf, returnsOf } from './values.ts'

const LIBRARY = /^(?:lodash(?:\/fp)?|ramda|rambda|remeda|fp-ts\/function)(?:[./])(?:flow|flowRight|pipe|compose)$/

/** The functions that `pipe(trim, lower)(x)` runs one after the other, also when what `pipe` answers has a name. */
export function composedOf(call: Node): readonly Node[] {
  const callee = bare(call['callee'])
  // Most calls are of methods, and what these are is costly to find out.
  if (callee.type !== 'Identifier' && callee.type !== 'CallExpression') return NONE
  const { composed } = treeOf(call).project.known
  let parts = composed.get(call)
  if (!parts) composed.set(call, (parts = partsOf(callee)))
  return parts
}

const NONE: readonly Node[] = []

function partsOf(callee: Node): readonly Node[] {
  const made = definitionOf(callee)
  if (made?.type !== 'CallExpression') return NONE
  const maker: Node = made['callee']
  const isMaker = functionsOf(maker).some(isComposer) || LIBRARY.test(nameOf(maker) ?? '')
  return isMaker ? (made['arguments'] as Node[]).flatMap(spread) : NONE
}

function spread(part: Node): readonly Node[] {
  if (part.type !== 'SpreadElement') return [part]
  const [list] = originsOf(part['argument'])
  const isList = list && 'node' in list && list.node.type === 'ArrayExpression'
  return isList ? (list.node['elements'] as (Node | null)[]).filter((each) => each !== null) : [part]
}

/** `(...fns) => (x) => fns.reduce((value, fn) => fn(value), x)`. */
function isComposer(fn: Node): boolean {
  const last: Node | undefined = fn['params'].at(-1)
  if (last?.type !== 'RestElement') return false
  const inner = returnsOf(fn).find((answer) => isFunction(bare(answer)))
  return inner !== undefined && nodesWithin(inner, 'CallExpression').some((call) => isReduceOf(call, fn))
}

function isReduceOf(call: Node, fn: Node): boolean {
  const callee = bare(call['callee'])
  if (callee.type !== 'MemberExpression' || !/^reduce(?:Right)?$/.test(keyOf(callee))) return false
  const list = bare(callee['object'])
  const [definition] = (list.type === 'Identifier' && bindingOf(list)?.definitions) || []
  return definition?.from === 'param' && definition.rest === true && definition.fn === fn
}

/** The call of one of the functions inside `pipe` itself. Whom it calls with what is known better from outside. */
export function isStepOf(call: Node): boolean {
  const reducer = functionAround(call)
  const outer = parentOf(reducer)
  if (outer?.type !== 'CallExpression' || outer['arguments'][0] !== reducer) return false
  const composer = functionAround(functionAround(outer))
  return isFunction(composer) && isReduceOf(outer, composer) && isComposer(composer)
}
