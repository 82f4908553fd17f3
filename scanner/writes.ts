import type { Node } from '../library/core/rule.ts'
import { type Binding, bindingOf, type MemberWrite } from './bindings.ts'
import { type Tree, treeOf } from './tree.ts'
import { ownerOfThis } from './values.ts'

/** Property writes on a name: `name.path = value`. */
export function writesOn(binding: Binding): readonly MemberWrite[] {
  const tree = treeOf(binding.scope)
  return indexOf(tree).byBinding.get(binding) ?? []
}

/** Property writes on `this`, by the class or constructor function that `this` belongs to. */
export function writesOnThis(owner: Node): readonly MemberWrite[] {
  return indexOf(treeOf(owner)).byOwner.get(owner) ?? []
}

interface WriteIndex {
  readonly byBinding: Map<Binding, MemberWrite[]>
  readonly byOwner: Map<Node, MemberWrite[]>
}

const indexes = new WeakMap<Tree, WriteIndex>()

function indexOf(tree: Tree): WriteIndex {
  const known = indexes.get(tree)
  if (known) return known
  const index: WriteIndex = { byBinding: new Map(), byOwner: new Map() }
  for (const write of tree.writes) {
    if (write.object.type === 'ThisExpression') push(index.byOwner, ownerOfThis(write.object), write)
    else push(index.byBinding, bindingOf(write.object), write)
  }
  indexes.set(tree, index)
  return index
}

export function push<Key, Value>(map: Map<Key, Value[]>, key: Key | undefined, write: Value): void {
  if (key === undefined) return
  const list = map.get(key)
  if (list) list.push(write)
  else map.set(key, [write])
}
