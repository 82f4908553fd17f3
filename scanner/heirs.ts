import type { Node } from '../library/core/rule.ts'
import { nodesOf, treeOf } from './tree.ts'
import { originsOf } from './values.ts'
import { push } from './writes.ts'

const MAX_CLASSES = 12

/** The classes of the project that are made from this one, at any remove. */
export function heirsOf(owner: Node): readonly Node[] {
  if (!owner.type.startsWith('Class')) return []
  const { project } = treeOf(owner)
  let { heirs } = project.known
  if (!heirs) {
    // Set first: finding out what stands behind `extends` may ask for heirs.
    project.known.heirs = heirs = new Map()
    for (const tree of project.trees.values()) {
      for (const type of ['ClassDeclaration', 'ClassExpression']) {
        for (const heir of nodesOf(tree, type)) addHeir(heirs, heir)
      }
    }
  }
  return heirs.get(owner) ?? []
}

function addHeir(heirs: Map<Node, Node[]>, heir: Node): void {
  const above: Node[] = [heir]
  for (let at = above[0]; at?.['superClass'] && above.length < MAX_CLASSES; at = above.at(-1)) {
    const next = originsOf(at['superClass']).find((origin) => 'node' in origin && origin.node.type.startsWith('Class'))
    if (!next || !('node' in next) || above.includes(next.node)) return
    above.push(next.node)
    push(heirs, next.node, heir)
  }
}
