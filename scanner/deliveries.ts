import type { Node } from '../library/core/rule.ts'
import { bare, keyOf, type Path } from './bindings.ts'
import { constantOf, nameOf, propertyOf } from './names.ts'
import type { Project } from './project.ts'
import { definitionOf } from './schemas.ts'
import { nodesOf, parentOf, treeOf } from './tree.ts'
import { startsWith } from './values.ts'

export interface Delivered {
  readonly value: Node
  readonly path: Path
}

/** Those who take something from a queue: where it is in what they are handed, and the calls that send there. */
interface Taker {
  readonly takes: RegExp
  /** Where in the first parameter the sent value is. */
  readonly at: Path
  readonly sends: RegExp
  /** What is sent, and where in it what arrives. */
  readonly sent: (args: readonly Node[]) => Delivered | undefined
}

const valueAt =
  (index: number) =>
  (args: readonly Node[]): Delivered | undefined => {
    const value = args[index]
    return value && { value, path: [] }
  }

const last = (args: readonly Node[]): Delivered | undefined => {
  const value = args[1] ?? args[0]
  return value && { value, path: [] }
}

const RECORDS: Taker = {
  takes: /^kafkajs\.Kafka\(\)\.consumer\(\)\.run$/,
  at: ['message', 'value'],
  sends: /^kafkajs\.Kafka\(\)\.producer\(\)\.send$/,
  sent: ([options]) => {
    const messages = options && propertyOf(options, 'messages')
    return messages && { value: messages, path: ['*', 'value'] }
  },
}

const JOBS: Taker = { takes: /^bullmq\.Worker$/, at: ['data'], sends: /(?:^|\.)add$/, sent: valueAt(1) }

const TAKERS: readonly Taker[] = [
  RECORDS,
  JOBS,
  {
    takes: /^(?:bull|bee-queue)\(\)\.process$/,
    at: ['data'],
    sends: /^(?:bull|bee-queue)\(\)\.(?:add|createJob)$/,
    sent: last,
  },
  {
    takes: /^amqplib\b.*\.createChannel\(\)\.consume$/,
    at: ['content'],
    sends: /^amqplib\b.*\.createChannel\(\)\.sendToQueue$/,
    sent: valueAt(1),
  },
  {
    takes: /^amqplib\b.*\.createChannel\(\)\.consume$/,
    at: ['content'],
    sends: /^amqplib\b.*\.createChannel\(\)\.publish$/,
    sent: valueAt(2),
  },
  { takes: /^pg-boss\(\)\.work$/, at: ['*', 'data'], sends: /^pg-boss\(\)\.send$/, sent: valueAt(1) },
  { takes: /^agenda\b.*\(\)\.define$/, at: ['attrs', 'data'], sends: /^agenda\b.*\(\)\.now$/, sent: valueAt(1) },
]

/** What the function that `call` is handed gets from a queue at `path` of its first parameter. */
export function deliveredBy(call: Node, path: Path): readonly Delivered[] {
  const name = nameOf(call['callee'])
  return name === undefined
    ? []
    : TAKERS.flatMap((taker) => (taker.takes.test(name) ? arriving(taker, call, path) : []))
}

/** The same for `eachMessage` of Kafka, and for methods that Nest calls with a job. */
export function deliveredTo(fn: Node, path: Path): readonly Delivered[] {
  const place = parentOf(fn)
  if (place?.type === 'Property' && keyOf(place) === 'eachMessage') {
    const call = parentOf(parentOf(place) ?? place)
    return call?.type === 'CallExpression' && RECORDS.takes.test(nameOf(call['callee']) ?? '')
      ? arriving(RECORDS, call, path)
      : []
  }
  return place?.type === 'MethodDefinition' && isProcessor(place) ? arriving(JOBS, place, path) : []
}

function isProcessor(method: Node): boolean {
  const owner = parentOf(parentOf(method) ?? method)
  return (
    isDecorated(method, 'Process') ||
    (keyOf(method) === 'process' && owner !== undefined && isDecorated(owner, 'Processor'))
  )
}

function isDecorated(node: Node, name: string): boolean {
  const decorators: readonly Node[] = node['decorators'] ?? []
  return decorators.some(({ expression }) => (expression.callee ?? expression).name === name)
}

function arriving({ at, sends, sent }: Taker, taker: Node, path: Path): readonly Delivered[] {
  const isInside = startsWith(path, at)
  if (!isInside && !startsWith(at, path)) return []
  const queue = queueOf(taker)
  return sendsOf(treeOf(taker).project).flatMap((call) => {
    if (!sends.test(nameOf(call['callee']) ?? `.${keyOf(bare(call['callee']))}`)) return []
    const found = sent(call['arguments'])
    if (!found) return []
    const other = queueOf(bare(bare(call['callee'])['object']))
    if (queue !== undefined && other !== undefined && queue !== other) return []
    return [{ value: found.value, path: isInside ? [...found.path, ...path.slice(at.length)] : [] }]
  })
}

/** The name that a queue or a worker is made with, where it is in sight. */
function queueOf(node: Node): string | undefined {
  const made = node.type === 'NewExpression' ? node : definitionOf(node)
  const first: Node | undefined = made?.type === 'NewExpression' ? made['arguments'][0] : undefined
  const name = first && constantOf(first)
  return typeof name === 'string' ? name : undefined
}

const senders = new WeakMap<Project, readonly Node[]>()

/** The calls that may send something, by their looks. `set.add(value)` is given one value, `queue.add(name, value)` two. */
function sendsOf(project: Project): readonly Node[] {
  const known = senders.get(project)
  if (known) return known
  const found: Node[] = []
  for (const tree of project.trees.values()) {
    for (const call of nodesOf(tree, 'CallExpression')) {
      const callee = bare(call['callee'])
      if (callee.type === 'MemberExpression' && /^(?:add|createJob|send|sendToQueue|publish|now)$/.test(keyOf(callee)))
        found.push(call)
    }
  }
  senders.set(project, found)
  return found
}
