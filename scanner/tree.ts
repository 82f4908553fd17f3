import type { CodePlace } from '../library/core/finding.ts'
import type { Node } from '../library/core/rule.ts'
import type { Binding, MemberWrite } from './bindings.ts'
import type { Comment } from './parse.ts'
import type { Project } from './project.ts'

/** One parsed file with its nodes by type. Nodes know their parent and their tree, so that analysis can cross files freely. */
export interface Tree {
  readonly path: string
  readonly text: string
  readonly root: Node
  readonly comments: readonly Comment[]
  readonly byType: ReadonlyMap<string, readonly Node[]>
  readonly project: Project
  /** Names by the node that opens their scope. */
  readonly scopes: Map<Node, Map<string, Binding>>
  /** By the identifiers that were looked up; `null` for globals. */
  readonly bindings: Map<Node, Binding | null>
  /** Assignments to properties: `a.b = c`. */
  readonly writes: MemberWrite[]
  /** Offsets at which lines begin. */
  readonly lines: readonly number[]
}

const PARENT = Symbol('parent')
const TREE = Symbol('tree')

interface Linked extends Node {
  [PARENT]: Node | undefined
  [TREE]: Tree
}

export function parentOf(node: Node): Node | undefined {
  return (node as Linked)[PARENT]
}

export function treeOf(node: Node): Tree {
  return (node as Linked)[TREE]
}

/** Links every node to its parent and its tree, and sorts them by type. */
export function growTree(project: Project, path: string, text: string, root: Node, comments: readonly Comment[]): Tree {
  const byType = new Map<string, Node[]>()
  const tree: Tree = {
    path,
    text,
    root,
    comments,
    byType,
    project,
    scopes: new Map(),
    bindings: new Map(),
    writes: [],
    lines: lineStarts(text),
  }
  // A stack of our own: generated code nests deeper than the call stack goes.
  const stack: Node[] = [root]
  link(root, undefined, tree)
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const list = byType.get(node.type)
    if (list) list.push(node)
    else byType.set(node.type, [node])
    for (const key in node) {
      const child: unknown = node[key]
      if (typeof child !== 'object' || child === null) continue
      if (Array.isArray(child)) {
        for (const item of child) if (isNode(item)) stack.push(link(item, node, tree))
      } else if (isNode(child)) stack.push(link(child, node, tree))
    }
  }
  for (const list of byType.values()) list.sort((a, b) => a.start - b.start || b.end - a.end)
  return tree
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

export function nodesOf(tree: Tree, type: string): readonly Node[] {
  return tree.byType.get(type) ?? []
}

/** Every node of one type inside another node, in source order. */
export function nodesWithin(outer: Node, type: string): readonly Node[] {
  const list = nodesOf(treeOf(outer), type)
  return list.slice(firstFrom(list, outer.start), firstFrom(list, outer.end))
}

export interface FunctionNode extends Node {
  readonly type: 'ArrowFunctionExpression' | 'FunctionExpression' | 'FunctionDeclaration'
}

export function isFunction(node: Node | undefined): node is FunctionNode {
  return (
    node !== undefined &&
    (node.type === 'ArrowFunctionExpression' ||
      node.type === 'FunctionExpression' ||
      node.type === 'FunctionDeclaration')
  )
}

/** The nearest function around the node, or the program. */
export function functionAround(node: Node): Node {
  let at = parentOf(node)
  while (at !== undefined && !isFunction(at) && at.type !== 'Program') at = parentOf(at)
  return at ?? treeOf(node).root
}

/** Whether `outer` is an ancestor of `inner`, or the same node. */
export function isWithin(inner: Node, outer: Node): boolean {
  return treeOf(inner) === treeOf(outer) && inner.start >= outer.start && inner.end <= outer.end
}

/** Where the node stands, as findings show it. */
export function placeOf(node: Node, note?: string): CodePlace {
  return placeAt(treeOf(node), node.start, note)
}

export function placeAt(tree: Tree, offset: number, note?: string): CodePlace {
  const index = lineIndex(tree.lines, offset)
  const start = tree.lines[index] ?? 0
  const end = tree.text.indexOf('\n', start)
  const text = tree.text.slice(start, end === -1 ? undefined : end).trim()
  const place = {
    file: tree.path,
    line: index + 1,
    column: offset - start + 1,
    text: text.length > 200 ? `${text.slice(0, 199)}…` : text,
  }
  return note === undefined ? place : { ...place, note }
}

/** The line, from 1, on which an offset lies. */
export function lineAt(tree: Tree, offset: number): number {
  return lineIndex(tree.lines, offset) + 1
}

function link(node: Node, parent: Node | undefined, tree: Tree): Node {
  const linked = node as Linked
  linked[PARENT] = parent
  linked[TREE] = tree
  return node
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function lineIndex(lines: readonly number[], offset: number): number {
  let low = 0
  let high = lines.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lines[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** The index of the first node that starts at the offset or later. */
function firstFrom(list: readonly Node[], offset: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.start ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}
