import type { Node } from '../library/core/rule.ts'
import type { Binding, Definition } from './bindings.ts'
import { functionAround, isFunction, isWithin, parentOf } from './tree.ts'

/** The definitions of a name that may hold where it is used: not those overwritten before, and not those that come later. */
export function reaching(binding: Binding, use: Node): readonly Definition[] {
  const { definitions } = binding
  if (definitions.length < 2) return definitions
  const home = functionAround(use)
  let last = -1
  for (const { at } of definitions) {
    if (at.start > last && isAlwaysBefore(at, use, home)) last = at.start
  }
  return definitions.filter(({ from, at }) => {
    if (from !== 'value') return last === -1
    if (at.start < last) return false
    if (at.start === last || functionAround(at) !== home) return true
    return at.end <= use.start || sharesLoop(at, use)
  })
}

/** Whether the assignment ran on every way to the use: it stands by itself in a block around the use, earlier. */
function isAlwaysBefore(at: Node, use: Node, home: Node): boolean {
  if (at.end > use.start || functionAround(at) !== home) return false
  const statement = parentOf(at)
  if (statement?.type !== 'ExpressionStatement' && statement?.type !== 'VariableDeclaration') return false
  if (at.type === 'VariableDeclarator' && !at['init']) return false
  const block = parentOf(statement)
  return block !== undefined && (block.type === 'BlockStatement' || block.type === 'Program') && isWithin(use, block)
}

function sharesLoop(at: Node, use: Node): boolean {
  for (let node = parentOf(at); node && !isFunction(node); node = parentOf(node)) {
    if (/^(?:For|While|DoWhile)/.test(node.type) && isWithin(use, node)) return true
  }
  return false
}
