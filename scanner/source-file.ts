import type { Node, RouteNode, SourceFile } from '../library/core/rule.ts'
import { constantOf, nameOf, propertyOf } from './names.ts'
import { isProtected, packagesOf } from './packages.ts'
import { manifestAround } from './project.ts'
import { planRoutes } from './routes.ts'
import { taintOf } from './taint.ts'
import { functionAround, nodesOf, parentOf, type Tree } from './tree.ts'

/** One file of the project, as rules see it. */
export function toSourceFile(tree: Tree): SourceFile {
  const { project } = tree
  const plan = planRoutes(project)
  const routes: readonly RouteNode[] = plan.routes.get(tree) ?? []
  return {
    path: tree.path,
    text: tree.text,
    root: tree.root,
    routes,
    manifest: manifestAround(project, tree.path)?.manifest,
    get hasBulwark(): boolean {
      return isProtected(project)
    },
    nodes: (type: string) => nodesOf(tree, type),
    parent: parentOf,
    scopeOf: functionAround,
    nameOf,
    taintOf,
    valueOf: (node: Node) => constantOf(node),
    propertyOf,
    usesPackage: (name: string) => packagesOf(project).has(name),
  }
}
