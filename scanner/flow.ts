import type { CodePlace } from '../library/core/finding.ts'
import type { Node, Taint } from '../library/core/rule.ts'
import { placeOf } from './tree.ts'

/** What the client decides about one value, and the way it took, newest step first. */
export interface Flow {
  readonly source: string
  readonly control: Taint['control']
  readonly step: Step | undefined
}

export interface Step {
  readonly node: Node
  readonly note: string
  readonly before: Step | undefined
}

export function startFlow(source: string, node: Node): Flow {
  return { source, control: 'whole', step: { node, note: `${source} is the client's`, before: undefined } }
}

/** The flow one step further on. Steps on one line are one. */
export function addStep(flow: Flow, node: Node, note: string): Flow {
  return { ...flow, step: { node, note, before: flow.step } }
}

export function weaken(flow: Flow, control: Taint['control']): Flow {
  const rank = { whole: 0, prefixed: 1, part: 2 }
  return rank[control] > rank[flow.control] ? { ...flow, control } : flow
}

/** The flow as rules and findings see it, ending at `sink`. */
export function toTaint(flow: Flow, sink: Node): Taint {
  const trace: CodePlace[] = [placeOf(sink, 'ends here')]
  for (let step = flow.step; step !== undefined; step = step.before) {
    const place = placeOf(step.node, step.note)
    const next = trace[0]
    // The first mention of the source stays, however close the sink is.
    if (step.before !== undefined && next && next.file === place.file && next.line === place.line) continue
    trace.unshift(place)
  }
  const [first, second] = trace
  if (trace.length > 2 && second && first?.file === second.file && first.line === second.line) trace.splice(1, 1)
  return { source: flow.source, trace, control: flow.control }
}
