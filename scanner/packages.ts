import { isBuiltin } from 'node:module'
import type { Node } from '../library/core/rule.ts'
import { requiredBy } from './modules.ts'
import { nameOf } from './names.ts'
import type { Project } from './project.ts'
import { nodesOf } from './tree.ts'

/** Names of all packages that some file imports, without sub-paths; built-ins begin with `node:`. */
export function packagesOf(project: Project): ReadonlySet<string> {
  const known = project.known.packages
  if (known) return known
  const names = new Set<string>()
  for (const tree of project.trees.values()) {
    for (const type of ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration']) {
      for (const node of nodesOf(tree, type)) add(names, node['source']?.value)
    }
    for (const type of ['CallExpression', 'ImportExpression']) {
      for (const node of nodesOf(tree, type)) add(names, requiredBy(node))
    }
    for (const node of nodesOf(tree, 'TSImportEqualsDeclaration')) add(names, node['moduleReference'].expression?.value)
  }
  project.known.packages = names
  return names
}

/** Whether the app is handed to Bulwark as a whole. `secure({...})` on one route is something else. */
export function isProtected(project: Project): boolean {
  const known = project.known.hasBulwark
  if (known !== undefined) return known
  let found = false
  for (const tree of project.trees.values()) {
    found ||= nodesOf(tree, 'CallExpression').some(protects)
    if (found) break
  }
  project.known.hasBulwark = found
  return found
}

function protects(call: Node): boolean {
  const name = nameOf(call['callee'])
  if (name === undefined || !name.startsWith('bulwark')) return false
  if (/^bulwark(?:\/[\w-]+)?(?:\.bulwark)?$/.test(name)) return true
  const first: Node | undefined = call['arguments'][0]
  return /^bulwark(?:\/[\w-]+)?\.secure$/.test(name) && first !== undefined && first.type !== 'ObjectExpression'
}

function add(names: Set<string>, specifier: string | undefined): void {
  if (specifier === undefined || /^[./#~]/.test(specifier)) return
  if (isBuiltin(specifier)) names.add(specifier.startsWith('node:') ? specifier : `node:${specifier}`)
  else names.add(specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
}
