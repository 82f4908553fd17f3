import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const WRITES =
  /^(create|insert|insertone|insertmany|update|updateone|updatemany|delete|deleteone|deletemany|remove|destroy|save|upsert|transfer)$/i
const WRITING_SQL = /^\s*(insert\s+into|update\s+\w|delete\s+from|replace\s+into|drop\s|truncate\s)/i
/** Collections of the language itself are not the app's data. */
const PLAIN = /^(map|set|cache|seen|headers|params|searchparams|cookies?|url|classlist)$/i

/** Spots a GET route that changes state: no CSRF defence looks at a GET. */
const stateChangeOnGet: Rule = {
  name: 'csrf/state-change-on-get',
  risk: 'csrf',
  title: 'A GET route changes state',
  *check(file) {
    for (const route of file.routes) {
      if (route.method !== 'GET') continue
      for (const { fn } of route.handlers) {
        for (const call of file.nodes('CallExpression')) {
          if (call.start < fn.start || call.end > fn.end || !isWrite(file, call)) continue
          yield {
            at: call,
            message: 'This GET route changes state, so any link or image on any site can trigger it.',
            remedy: 'Answer POST instead, or declare the route with changesState: true.',
          }
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [stateChangeOnGet]

function isWrite(file: SourceFile, call: Node): boolean {
  const callee = call['callee'] as Node
  if (callee.type !== 'MemberExpression') return false
  const method = String((callee['property'] as Node)['name'] ?? '')
  const object = callee['object'] as Node
  const owner = object.type === 'Identifier' ? String(object['name']) : ''
  if (WRITES.test(method)) return owner !== 'Object' && !PLAIN.test(owner)
  if (!/^(query|execute|exec|run|prepare|raw|\$executeRaw\w*)$/.test(method)) return false
  const sql = call['arguments']?.[0] as Node | undefined
  const text = sql && file.valueOf(sql)
  return typeof text === 'string' && WRITING_SQL.test(text)
}
