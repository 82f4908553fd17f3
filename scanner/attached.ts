import type { Node } from '../library/core/rule.ts'
import { bare, keyOf } from './bindings.ts'
import { nameOf } from './names.ts'
import type { Project } from './project.ts'
import { nodesOf, treeOf } from './tree.ts'
import { push } from './writes.ts'

/** What the app hangs on its server, on every request or on every response, by the name under which it is found again. */
const tables = new WeakMap<Project, Map<string, Node[]>>()

const NAME = /^((?:fastify\(\)|req\.server|req\.app\.locals|express\(\)\.locals|req|res)\.[\w$]+)((?:\.[\w$]+)*)$/

/** `fastify.decorate('mailer', mailer)` for `fastify().mailer.send`, with what is left of the name as a path. */
export function attachedAs(name: string, project: Project): readonly { value: Node; path: string[] }[] {
  const table = tableOf(project)
  const parts = table.size > 0 ? NAME.exec(name) : null
  if (!parts) return []
  const path = (parts[2] ?? '').split('.').slice(1)
  return (table.get(parts[1] ?? '') ?? []).map((value) => ({ value, path }))
}

/** `app.set('orders', orders)` for `req.app.get('orders')`. */
export function settingsOf(server: Node, args: readonly Node[]): readonly Node[] {
  const key: unknown = args.length === 1 ? args[0]?.['value'] : undefined
  if (typeof key !== 'string') return []
  const set = tableOf(treeOf(server).project).get(`set ${key}`)
  return set && /^(?:req\.app|express\(\))$/.test(nameOf(server) ?? '') ? set : []
}

const DECORATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['decorate', ['fastify().', 'req.server.']],
  ['decorateRequest', ['req.']],
  ['decorateReply', ['res.']],
  ['set', ['set ']],
])

function tableOf(project: Project): Map<string, Node[]> {
  const known = tables.get(project)
  if (known) return known
  const table = new Map<string, Node[]>()
  tables.set(project, table)
  for (const tree of project.trees.values()) {
    for (const call of nodesOf(tree, 'CallExpression')) {
      const callee = bare(call['callee'])
      const [key, value] = call['arguments'] as (Node | undefined)[]
      const words = callee.type === 'MemberExpression' ? (DECORATES.get(keyOf(callee)) ?? []) : []
      if (!value || typeof key?.['value'] !== 'string') continue
      for (const word of words) push(table, word + key['value'], value)
    }
    for (const { path, value } of tree.writes) {
      const [first, key] = path
      if (path.length !== 2 || key === '*') continue
      if (first === 'locals')
        for (const word of ['req.app.locals.', 'express().locals.']) push(table, word + key, value)
      // Koa's prototype of every context.
      if (first === 'context') push(table, `res.${key}`, value)
    }
  }
  return table
}
