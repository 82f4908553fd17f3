import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path/posix'
import type { Node } from '../library/core/rule.ts'
import { placesOf } from './aliases.ts'
import { bindingOf, type Path } from './bindings.ts'
import { manifestAround } from './project.ts'
import { nodesOf, type Tree } from './tree.ts'

/** Where an imported name leads: into a file of the project, or to a package. */
export type Link = { readonly node: Node; readonly path: Path } | { readonly name: string }

interface Exports {
  readonly named: Map<string, Entry[]>
  /** `export * from`. */
  readonly stars: string[]
  /** `module.exports =` and `export =`. */
  readonly whole: Node[]
}

type Entry = { readonly node: Node } | { readonly specifier: string; readonly path: Path }

const tables = new WeakMap<Tree, Exports>()

/** Follows `path` of an imported module, through re-exports. An own module as a whole is its program node. */
export function followImport(from: Tree, specifier: string, path: Path, seen: readonly string[] = []): readonly Link[] {
  const target = resolveModule(from, specifier)
  if (target) return followExport(target, path, seen)
  if (specifier.startsWith('.') || specifier.startsWith('/')) return []
  return [{ name: nameOfPackage(specifier, path) }]
}

/** Follows `path` of what a file exports. */
export function followExport(tree: Tree, path: Path, seen: readonly string[] = []): readonly Link[] {
  const key = `${tree.path}>${path.join('.')}`
  if (seen.includes(key) || seen.length > 20) return []
  const trail = [...seen, key]
  const { named, stars, whole } = exportsOf(tree)
  const [name, ...rest] = path
  if (name === undefined) {
    return whole.length > 0 ? whole.map((node) => ({ node, path })) : [{ node: tree.root, path }]
  }
  const links: Link[] = []
  for (const entry of named.get(name) ?? []) {
    if ('node' in entry) links.push({ node: entry.node, path: rest })
    else links.push(...followImport(tree, entry.specifier, [...entry.path, ...rest], trail))
  }
  if (links.length > 0) return links
  for (const node of whole) links.push({ node, path: name === 'default' ? rest : path })
  if (name === 'default' && whole.length === 0 && named.size > 0 && !hasModuleSyntax(tree)) {
    return [{ node: tree.root, path: rest }]
  }
  if (links.length === 0 && name !== 'default') {
    for (const specifier of stars) links.push(...followImport(tree, specifier, path, trail))
  }
  return links
}

/** `node:`-prefixed built-ins, package names with their property path; the default export is the package itself. */
export function nameOfPackage(specifier: string, path: Path): string {
  const name =
    isBuiltin(specifier) && !specifier.startsWith('node:')
      ? `node:${specifier}`
      : specifier.replace(/(?<=^(?:@[^/]+\/)?[^/@]+\/.+)\.[cm]?js$/, '')
  const rest = path[0] === 'default' ? path.slice(1) : path
  return [name, ...rest].join('.')
}

/** The file of the project that a specifier means, if any. */
export function resolveModule(from: Tree, specifier: string): Tree | undefined {
  const { trees } = from.project
  if (specifier.startsWith('.')) return firstOf(trees, join(dirname(from.path), specifier))
  for (const place of placesOf(from.project, from.path, specifier)) {
    const found = firstOf(trees, place)
    if (found) return found
  }
  const around = manifestAround(from.project, from.path)
  const folder = around?.folder ?? '.'
  const alias = /^(?:[@~]|src)\/(.+)$/.exec(specifier)?.[1]
  if (alias !== undefined) {
    return firstOf(trees, join(folder, 'src', alias)) ?? firstOf(trees, join(folder, alias))
  }
  // A package of the same workspace: its source says more than its built files, which are not scanned.
  for (const [place, manifest] of from.project.manifests) {
    const name = manifest['name']
    if (typeof name !== 'string' || (specifier !== name && !specifier.startsWith(`${name}/`))) continue
    const rest = specifier.slice(name.length + 1)
    return firstOf(trees, join(place, 'src', rest)) ?? firstOf(trees, join(place, rest))
  }
  return undefined
}

/** The module that a `require('x')` call or an `import('x')` expression loads. */
export function requiredBy(node: Node): string | undefined {
  if (node.type === 'ImportExpression') return literalText(node['source'])
  if (node.type !== 'CallExpression') return undefined
  const callee: Node = node['callee']
  const isRequire = callee.type === 'Identifier' && callee['name'] === 'require' && !isRedefined(callee)
  return isRequire ? literalText(node['arguments'][0]) : undefined
}

/** `createRequire(import.meta.url)` gives a `require` of one's own that works the same. */
function isRedefined(identifier: Node): boolean {
  const definition = bindingOf(identifier)?.definitions[0]
  if (!definition) return bindingOf(identifier) !== undefined
  return !(
    definition.from === 'value' &&
    definition.value.type === 'CallExpression' &&
    definition.value['callee']?.name === 'createRequire'
  )
}

function literalText(node: Node | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined
}

const EXTENSIONS = ['.ts', '.tsx', '.js', '.jsx', '.mts', '.cts', '.mjs', '.cjs'] as const

/** TypeScript sources name the file they become: `./a.js` may mean `./a.ts`. */
function firstOf(trees: ReadonlyMap<string, Tree>, path: string): Tree | undefined {
  const clean = path.endsWith('/') ? path.slice(0, -1) : path
  const exact = trees.get(clean)
  if (exact) return exact
  const typed = clean.replace(/\.([cm]?)js(x?)$/, '.$1ts$2')
  const swapped = typed === clean ? undefined : (trees.get(typed) ?? trees.get(`${typed}x`))
  if (swapped) return swapped
  for (const extension of EXTENSIONS) {
    const found = trees.get(clean + extension)
    if (found) return found
  }
  for (const extension of EXTENSIONS) {
    const found = trees.get(join(clean, `index${extension}`))
    if (found) return found
  }
  return undefined
}

function hasModuleSyntax(tree: Tree): boolean {
  return ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportDefaultDeclaration', 'ExportAllDeclaration'].some(
    (type) => tree.byType.has(type),
  )
}

function exportsOf(tree: Tree): Exports {
  const known = tables.get(tree)
  if (known) return known
  const table: Exports = { named: new Map(), stars: [], whole: [] }
  tables.set(tree, table)
  const add = (name: string, entry: Entry): void => {
    const list = table.named.get(name)
    if (list) list.push(entry)
    else table.named.set(name, [entry])
  }
  for (const node of nodesOf(tree, 'ExportNamedDeclaration')) addNamed(node, add)
  for (const node of nodesOf(tree, 'ExportDefaultDeclaration')) add('default', { node: node['declaration'] })
  for (const node of nodesOf(tree, 'TSExportAssignment')) table.whole.push(node['expression'])
  for (const node of nodesOf(tree, 'ExportAllDeclaration')) {
    const specifier: string = node['source'].value
    if (node['exported']) add(textOf(node['exported']), { specifier, path: [] })
    else table.stars.push(specifier)
  }
  for (const { object, path, value } of tree.writes) {
    if (object.type !== 'Identifier' || bindingOf(object)) continue
    const rest =
      object['name'] === 'exports'
        ? path
        : object['name'] === 'module' && path[0] === 'exports'
          ? path.slice(1)
          : undefined
    if (!rest) continue
    const [name] = rest
    if (name === undefined) table.whole.push(value)
    else if (rest.length === 1) add(name, { node: value })
  }
  return table
}

function addNamed(node: Node, add: (name: string, entry: Entry) => void): void {
  const declaration: Node | null = node['declaration']
  if (declaration?.type === 'VariableDeclaration') {
    for (const { id } of declaration['declarations']) for (const name of namesIn(id)) add(name['name'], { node: name })
  } else if (declaration?.['id']) add(declaration['id'].name, { node: declaration })
  for (const item of node['specifiers'] as Node[]) {
    const local = textOf(item['local'])
    if (node['source']) add(textOf(item['exported']), { specifier: node['source'].value, path: [local] })
    else add(textOf(item['exported']), { node: item['local'] })
  }
}

function namesIn(pattern: Node): Node[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern]
    case 'ObjectPattern':
      return (pattern['properties'] as Node[]).flatMap((item) => namesIn(item['value'] ?? item['argument']))
    case 'ArrayPattern':
      return (pattern['elements'] as (Node | null)[]).flatMap((item) => (item ? namesIn(item) : []))
    case 'AssignmentPattern':
      return namesIn(pattern['left'])
    case 'RestElement':
      return namesIn(pattern['argument'])
    default:
      return []
  }
}

function textOf(name: Node): string {
  return String(name['name'] ?? name['value'])
}
