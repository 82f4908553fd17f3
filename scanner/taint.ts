import type { Harmless, Node, Taint } from '../library/core/rule.ts'
import { bare, type Path } from './bindings.ts'
import { expressionFlow } from './expressions.ts'
import { type Flow, startFlow, toTaint } from './flow.ts'
import { treeOf } from './tree.ts'

/** Where a question about taint stands: which calls were entered on the way, and how much may still be asked. */
export interface Quest {
  readonly frame: Frame | undefined
  readonly depth: number
  /** Shared by the whole question. */
  readonly state: State
  /** The expression that reads the client's value, once it is known. */
  readonly seat: Node | undefined
}

export interface Frame {
  readonly fn: Node
  readonly call: Node
  readonly outer: Frame | undefined
  readonly size: number
}

interface State {
  left: number
  /** Questions that are being answered. */
  readonly open: Map<Node, Set<string>>
  /** What ends the way of a value in this question. */
  readonly harmless: Harmless
  /** Set for the rough question only. */
  readonly rough: Rough | undefined
}

/** Expressions on the way, in the order in which they were met: Tarjan's search for strongly connected components. */
interface Rough {
  readonly indexes: Map<Node, number>
  readonly stack: Node[]
  /** The earliest expression that the present one leads back to. */
  low: number
}

const MAX_PATH = 4

// Each step takes several frames, and the call stack holds some thousands.
const MAX_DEPTH = 100

const MAX_ROUGH_DEPTH = 120

const MAX_STEPS = 5000

const MAX_FRAMES = 8

/** Whether and how the client decides the value of an expression; see `SourceFile.taintOf`. */
export function taintOf(node: Node, harmless: Harmless = {}): Taint | undefined {
  const flow = flowOf(node, [], {
    frame: undefined,
    depth: 0,
    state: { left: MAX_STEPS, open: new Map(), harmless, rough: undefined },
    seat: undefined,
  })
  return flow && toTaint(flow, node)
}

/**
 * Whether a request may have anything to do with the value. This blunt question knows neither callers nor property paths, so
 * it visits each expression about once, ever, and spares most values the exact one: most of a program is nobody's input.
 */
function mayReach(node: Node): boolean {
  const { reach } = treeOf(node).project.known
  const known = reach.get(node)
  if (known !== undefined) return known
  const rough: Rough = { indexes: new Map(), stack: [], low: Number.POSITIVE_INFINITY }
  const state: State = { left: 0, open: new Map(), harmless: {}, rough }
  const found = roughFlow(node, { frame: undefined, depth: 0, state, seat: undefined }, rough) !== undefined
  reach.set(node, found)
  return found
}

/** Follows `node.path` back to the client. */
export function flowOf(node: Node, path: Path, quest: Quest): Flow | undefined {
  const expression = bare(node)
  if (INERT.has(expression.type)) return undefined
  const { state } = quest
  if (state.rough) return roughFlow(expression, quest, state.rough)
  if (path.length > MAX_PATH || quest.depth > MAX_DEPTH || state.left-- <= 0 || !mayReach(expression)) return undefined
  // One and the same question inside itself is recursion and adds nothing.
  const at = quest.frame?.call.start
  const key = path.length === 0 && at === undefined ? '' : `${path.join('.')}@${at ?? ''}`
  let open = state.open.get(expression)
  if (!open) state.open.set(expression, (open = new Set()))
  if (open.has(key)) return undefined
  open.add(key)
  const found = expressionFlow(expression, path, { ...quest, depth: quest.depth + 1 })
  open.delete(key)
  return found
}

function roughFlow(node: Node, quest: Quest, rough: Rough): Flow | undefined {
  const { reach } = treeOf(node).project.known
  const known = reach.get(node)
  if (known !== undefined) return known ? startFlow('req', node) : undefined
  const index = rough.indexes.get(node)
  if (index !== undefined) {
    rough.low = Math.min(rough.low, index)
    return undefined
  }
  // Too deep for the call stack: leave it to the exact question.
  if (quest.depth > MAX_ROUGH_DEPTH) return startFlow('req', node)
  const own = rough.stack.push(node)
  rough.indexes.set(node, own)
  const outer = rough.low
  rough.low = own
  const found = expressionFlow(node, [], { ...quest, depth: quest.depth + 1 })
  if (found || rough.low === own) {
    // All that led back here and no further is settled when nothing was found. Otherwise it is open again.
    for (const member of rough.stack.splice(own - 1)) {
      rough.indexes.delete(member)
      if (!found) reach.set(member, false)
    }
    if (found) reach.set(node, true)
    rough.low = outer
    return found
  }
  rough.low = Math.min(outer, rough.low)
  return undefined
}

const INERT: ReadonlySet<string> = new Set([
  'Literal',
  'ArrowFunctionExpression',
  'FunctionExpression',
  'FunctionDeclaration',
  'ClassDeclaration',
  'ClassExpression',
  'UnaryExpression',
  'UpdateExpression',
])

/** The first of several ways that leads to the client. */
export function firstFlow(nodes: readonly (Node | null | undefined)[], path: Path, quest: Quest): Flow | undefined {
  for (const node of nodes) {
    const flow = node && flowOf(node, path, quest)
    if (flow) return flow
  }
  return undefined
}

export function enter(quest: Quest, fn: Node, call: Node): Quest | undefined {
  if (quest.state.rough) return quest
  const size = (quest.frame?.size ?? 0) + 1
  if (size > MAX_FRAMES) return undefined
  return { ...quest, frame: { fn, call, outer: quest.frame, size } }
}
