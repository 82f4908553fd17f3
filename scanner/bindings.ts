import type { Node } from '../library/core/rule.ts'
import { isFunction, nodesOf, parentOf, type Tree, treeOf } from './tree.ts'

/** Property names from a value inwards. `*` stands for a property that is not known. */
export type Path = readonly string[]

/** One name in one scope, with everything that may give it its value. */
export interface Binding {
  readonly name: string
  readonly kind: 'const' | 'let' | 'var' | 'param' | 'function' | 'class' | 'import' | 'catch'
  readonly scope: Node
  readonly definitions: Definition[]
}

/** One way in which a name gets its value. */
export type Definition =
  /** `value.path`; with `each` an element of it, with `keys` one of its property names. */
  | { readonly from: 'value'; readonly value: Node; readonly path: Path; readonly at: Node; readonly keys?: boolean }
  | {
      readonly from: 'param'
      readonly fn: Node
      readonly index: number
      readonly path: Path
      readonly at: Node
      readonly rest?: boolean
    }
  | { readonly from: 'import'; readonly specifier: string; readonly path: Path; readonly at: Node }
  /** A function or class declaration. */
  | { readonly from: 'self'; readonly value: Node; readonly at: Node }

/** `object.path = value`, where `object` is a name, `this`, `module` or `exports`. */
export interface MemberWrite {
  readonly object: Node
  readonly path: Path
  readonly value: Node
  readonly at: Node
}

type Source =
  | { readonly from: 'value'; readonly value: Node; readonly keys?: boolean }
  | { readonly from: 'param'; readonly fn: Node; readonly index: number; readonly rest?: boolean }

/** Finds the binding that an identifier refers to. `undefined` is a global. */
export function bindingOf(identifier: Node): Binding | undefined {
  const { scopes, bindings } = treeOf(identifier)
  const known = bindings.get(identifier)
  // `null` is a name that was looked for in vain.
  if (known !== undefined) return known ?? undefined
  const name: string = identifier['name']
  for (let at: Node | undefined = identifier; at !== undefined; at = parentOf(at)) {
    const binding = scopes.get(at)?.get(name)
    if (binding) {
      bindings.set(identifier, binding)
      return binding
    }
  }
  bindings.set(identifier, null)
  return undefined
}

/** Fills `tree.scopes` and `tree.writes`. */
export function bindNames(tree: Tree): void {
  for (const node of nodesOf(tree, 'ImportDeclaration')) bindImports(tree, node)
  for (const node of nodesOf(tree, 'TSImportEqualsDeclaration')) bindImportEquals(tree, node)
  for (const type of ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']) {
    for (const node of nodesOf(tree, type)) bindFunction(tree, node)
  }
  for (const type of ['ClassDeclaration', 'ClassExpression']) {
    for (const node of nodesOf(tree, type)) {
      if (node['id'])
        declare(tree, type === 'ClassDeclaration' ? blockAround(node) : node, 'class', node['id'], {
          from: 'self',
          value: node,
          at: node,
        })
    }
  }
  for (const node of nodesOf(tree, 'VariableDeclarator')) bindVariable(tree, node)
  for (const node of nodesOf(tree, 'CatchClause')) {
    if (node['param']?.type === 'Identifier') declare(tree, node, 'catch', node['param'])
  }
  // From here on names are looked up, so all of them have to be declared.
  for (const node of nodesOf(tree, 'AssignmentExpression')) bindAssignment(tree, node)
  for (const type of ['ForOfStatement', 'ForInStatement']) {
    for (const node of nodesOf(tree, type)) {
      if (node['left'].type !== 'VariableDeclaration')
        assign(tree, node['left'], loopSource(node), loopPath(node), node)
    }
  }
}

/** The property name of a member expression, a property or a method; `*` when it is computed from something unknown. */
export function keyOf(node: Node): string {
  const key: Node = node['property'] ?? node['key']
  if (!node['computed'] && (key.type === 'Identifier' || key.type === 'PrivateIdentifier')) return key['name']
  if (key.type === 'Literal') return String(key['value'])
  if (key.type === 'TemplateLiteral' && key['expressions'].length === 0) return key['quasis'][0].value.cooked
  return '*'
}

function bindImports(tree: Tree, node: Node): void {
  const specifier: string = node['source'].value
  for (const item of node['specifiers'] as Node[]) {
    const path =
      item.type === 'ImportDefaultSpecifier'
        ? ['default']
        : item.type === 'ImportSpecifier'
          ? [String(item['imported'].name ?? item['imported'].value)]
          : []
    declare(tree, tree.root, 'import', item['local'], { from: 'import', specifier, path, at: item })
  }
}

function bindImportEquals(tree: Tree, node: Node): void {
  const reference: Node = node['moduleReference']
  if (reference.type !== 'TSExternalModuleReference') return
  const specifier: string = reference['expression'].value
  declare(tree, tree.root, 'import', node['id'], { from: 'import', specifier, path: [], at: node })
}

function bindFunction(tree: Tree, node: Node): void {
  if (node['id']) {
    const scope = node.type === 'FunctionDeclaration' ? blockAround(node) : node
    declare(tree, scope, 'function', node['id'], { from: 'self', value: node, at: node })
  }
  const params: Node[] = node['params']
  params.forEach((param, index) => {
    const isRest = param.type === 'RestElement'
    const source: Source = { from: 'param', fn: node, index, ...(isRest && { rest: true }) }
    expand(isRest ? param['argument'] : param, source, [], param, (name, definition) =>
      declare(tree, node, 'param', name, definition),
    )
  })
}

function bindVariable(tree: Tree, node: Node): void {
  const declaration = parentOf(node)
  if (!declaration) return
  const kind: Binding['kind'] = declaration['kind'] === 'var' ? 'var' : declaration['kind'] === 'let' ? 'let' : 'const'
  const scope = kind === 'var' ? functionScope(node) : blockAround(declaration)
  const loop = parentOf(declaration)
  const isLoop = (loop?.type === 'ForOfStatement' || loop?.type === 'ForInStatement') && loop['left'] === declaration
  const source: Source | undefined = isLoop
    ? loopSource(loop)
    : node['init']
      ? { from: 'value', value: node['init'] }
      : undefined
  if (!source) {
    expand(node['id'], undefined, [], node, (name) => declare(tree, scope, kind, name))
    return
  }
  expand(node['id'], source, isLoop ? loopPath(loop) : [], node, (name, definition) =>
    declare(tree, scope, kind, name, definition),
  )
}

function bindAssignment(tree: Tree, node: Node): void {
  // `a += b` and `a ||= b` keep what was there, so the whole expression is the value.
  const value: Node = node['operator'] === '=' ? node['right'] : node
  assign(tree, node['left'], { from: 'value', value }, [], node)
}

function assign(tree: Tree, target: Node, source: Source, path: Path, at: Node): void {
  expand(target, source, path, at, (name, definition) => {
    if (name.type === 'Identifier') {
      if (definition) bindingOf(name)?.definitions.push(definition)
      return
    }
    const written = memberPath(name)
    if (written && definition?.from === 'value' && definition.path.length === 0) {
      tree.writes.push({ ...written, value: definition.value, at })
    }
  })
}

/** `a.b.c` as the node `a` and the path `b`, `c`. */
export function memberPath(node: Node): { object: Node; path: string[] } | undefined {
  const path: string[] = []
  let at = node
  while (at.type === 'MemberExpression') {
    path.unshift(keyOf(at))
    at = bare(at['object'])
  }
  return at.type === 'Identifier' || at.type === 'ThisExpression' ? { object: at, path } : undefined
}

/** The expression without what only concerns types. */
export function bare(node: Node): Node {
  let at = node
  while (
    at.type === 'ChainExpression' ||
    at.type === 'TSAsExpression' ||
    at.type === 'TSNonNullExpression' ||
    at.type === 'TSSatisfiesExpression' ||
    at.type === 'TSTypeAssertion' ||
    at.type === 'TSInstantiationExpression' ||
    at.type === 'ParenthesizedExpression'
  ) {
    at = at['expression']
  }
  return at
}

/** Takes a pattern apart and answers each name in it with where its value comes from. */
function expand(
  pattern: Node,
  source: Source | undefined,
  path: Path,
  at: Node,
  found: (name: Node, definition?: Definition) => void,
): void {
  switch (pattern.type) {
    case 'ObjectPattern':
      for (const property of pattern['properties'] as Node[]) {
        if (property.type === 'RestElement') expand(property['argument'], source, path, at, found)
        else expand(property['value'], source, [...path, keyOf(property)], at, found)
      }
      return
    case 'ArrayPattern':
      ;(pattern['elements'] as (Node | null)[]).forEach((element, index) => {
        if (element?.type === 'RestElement') expand(element['argument'], source, path, at, found)
        else if (element) expand(element, source, [...path, String(index)], at, found)
      })
      return
    case 'AssignmentPattern':
      expand(pattern['left'], source, path, at, found)
      expand(pattern['left'], { from: 'value', value: pattern['right'] }, [], at, found)
      return
    case 'TSParameterProperty':
      expand(pattern['parameter'], source, path, at, found)
      return
    default:
      found(bare(pattern), source && { ...source, path, at })
  }
}

function loopSource(loop: Node): Source {
  return { from: 'value', value: loop['right'], ...(loop.type === 'ForInStatement' && { keys: true }) }
}

function loopPath(loop: Node): Path {
  return loop.type === 'ForOfStatement' ? ['*'] : []
}

function declare(tree: Tree, scope: Node, kind: Binding['kind'], identifier: Node, definition?: Definition): void {
  if (identifier.type !== 'Identifier') return
  let names = tree.scopes.get(scope)
  if (!names) tree.scopes.set(scope, (names = new Map()))
  const name: string = identifier['name']
  let binding = names.get(name)
  if (!binding) names.set(name, (binding = { name, kind, scope, definitions: [] }))
  if (definition) binding.definitions.push(definition)
}

function functionScope(node: Node): Node {
  let at = parentOf(node)
  while (at && !isFunction(at) && at.type !== 'Program' && at.type !== 'StaticBlock') at = parentOf(at)
  return at ?? treeOf(node).root
}

/** The block whose names a declaration joins. */
function blockAround(node: Node): Node {
  let at = parentOf(node)
  while (at && !BLOCKS.has(at.type)) at = parentOf(at)
  return at ?? treeOf(node).root
}

const BLOCKS: ReadonlySet<string> = new Set([
  'Program',
  'BlockStatement',
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'SwitchStatement',
  'StaticBlock',
  'TSModuleBlock',
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
])
