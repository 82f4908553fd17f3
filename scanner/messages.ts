import type { Node } from '../library/core/rule.ts'
import { bare, keyOf, type Path } from './bindings.ts'
import { nameOf, propertyOf } from './names.ts'
import type { Project } from './project.ts'
import { nodesOf, treeOf } from './tree.ts'

/** Who listens to whom: the name of what is listened to, and of the functions that send there. */
const PEERS: readonly (readonly [RegExp, RegExp])[] = [
  [/^node:worker_threads\.parentPort$/, /^node:worker_threads\.Worker\(\)\.postMessage$/],
  [/^node:worker_threads\.Worker\(\)$/, /^node:worker_threads\.parentPort\.postMessage$/],
  [/^process$/, /^node:(?:child_process|cluster)\.fork\(\)\.send$/],
  [/^node:(?:child_process|cluster)\.fork\(\)$/, /^process\.send$/],
]

/** The calls that may send a message, by their looks. */
const candidates = new WeakMap<Project, readonly Node[]>()

/** What other threads and processes send to those who listen to `object`. */
export function messagesTo(object: Node): readonly Node[] {
  const name = nameOf(object)
  const senders = name === undefined ? undefined : PEERS.find(([listened]) => listened.test(name))?.[1]
  if (!senders) return []
  return sendsOf(treeOf(object).project).flatMap((call) => {
    const [value] = call['arguments'] as Node[]
    return value && senders.test(nameOf(call['callee']) ?? '') ? [value] : []
  })
}

function sendsOf(project: Project): readonly Node[] {
  const known = candidates.get(project)
  if (known) return known
  const found: Node[] = []
  for (const tree of project.trees.values()) {
    for (const call of nodesOf(tree, 'CallExpression')) {
      const callee = bare(call['callee'])
      if (callee.type === 'MemberExpression' && /^(?:postMessage|send)$/.test(keyOf(callee))) found.push(call)
    }
  }
  candidates.set(project, found)
  return found
}

const DATA = /^node:worker_threads\.workerData\b/

/** What workers are made with, for `workerData` and what is in it by the name of a link. */
export function workerData(name: string, project: Project): readonly { value: Node; path: Path }[] {
  if (!DATA.test(name)) return []
  const path = name.split('.').slice(2)
  const found: { value: Node; path: Path }[] = []
  for (const tree of project.trees.values()) {
    for (const made of nodesOf(tree, 'NewExpression')) {
      const options: Node | undefined = made['arguments'][1]
      const value =
        options && nameOf(made['callee']) === 'node:worker_threads.Worker'
          ? propertyOf(options, 'workerData')
          : undefined
      if (value) found.push({ value, path })
    }
  }
  return found
}
