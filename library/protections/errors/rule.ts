import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** Spots an answer that carries the error itself, its stack or its message. */
const leaksError: Rule = {
  name: 'errors/leaks-error',
  risk: 'error-leak',
  title: 'An error is sent to the client',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      if (!isAnswer(file, call)) continue
      for (const arg of call['arguments'] as readonly Node[]) {
        const leak = leakIn(file, arg)
        if (leak === undefined) continue
        yield {
          at: call,
          message: 'What went wrong inside (paths, queries, versions) is sent to whoever caused it.',
          remedy:
            'Pass the error on with next(error) or throw it: the client gets an incident id, and the event keeps the error.',
        }
        break
      }
    }
  },
}

/** Spots a process that goes on after an error that nobody caught. */
const ignoredCrash: Rule = {
  name: 'errors/ignored-crash',
  risk: 'unhandled-failure',
  title: 'An error that nobody caught is ignored',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const callee = call['callee'] as Node
      const [event, listener] = call['arguments'] as readonly Node[]
      if (event === undefined || listener === undefined || callee.type !== 'MemberExpression') continue
      const object = callee['object'] as Node
      const method = (callee['property'] as Node)['name']
      if (object['name'] !== 'process' || (method !== 'on' && method !== 'once')) continue
      const name = file.valueOf(event)
      if (name !== 'uncaughtException' && name !== 'unhandledRejection') continue
      if (!/Function/.test(listener.type) || !onlyWrites(file, listener)) continue
      yield {
        at: call,
        message: 'After such an error the state of the process is unknown: locks stay taken, answers are never sent.',
        remedy: 'Leave it to Bulwark, which lets the other exchanges finish and ends the process; or end it here.',
      }
    }
  },
}

export const rules: readonly Rule[] = [leaksError, ignoredCrash]

/** The function calls nothing that could end the process: at most it writes the error down. */
function onlyWrites(file: SourceFile, listener: Node): boolean {
  for (const type of ['ThrowStatement', 'NewExpression', 'AssignmentExpression', 'AwaitExpression']) {
    for (const node of file.nodes(type)) if (node.start >= listener.start && node.end <= listener.end) return false
  }
  for (const call of file.nodes('CallExpression')) {
    if (call.start < listener.start || call.end > listener.end) continue
    const callee = call['callee'] as Node
    if (!LOG.test(file.text.slice(callee.start, callee.end))) return false
  }
  return true
}

const LOG = /^(?:console|log|logger|debug|winston|pino|[\w.]*\.log(?:ger)?)(?:\.\w+)?$/i

/** `res.send(...)`, `res.status(500).json(...)`, `reply.send(...)`. */
function isAnswer(file: SourceFile, call: Node): boolean {
  const callee = call['callee'] as Node
  if (callee.type !== 'MemberExpression') return false
  if (!/^(?:send|json|end|write|render)$/.test(String((callee['property'] as Node)['name'] ?? ''))) return false
  let object = callee['object'] as Node
  while (object.type === 'CallExpression') {
    const inner = object['callee'] as Node
    if (inner.type !== 'MemberExpression') return false
    object = inner['object'] as Node
  }
  return object.type === 'Identifier' && file.nameOf(object) === 'res'
}

/** The caught error inside of what is sent: itself, its stack or its message. Other properties, such as `status`, are no secret. */
function leakIn(file: SourceFile, arg: Node): Node | undefined {
  for (const name of file.nodes('Identifier')) {
    if (name.start < arg.start || name.end > arg.end || !isError(file, name)) continue
    const parent = file.parent(name)
    if (parent?.type === 'MemberExpression' && parent['object'] === name) {
      const property = String((parent['property'] as Node)['name'] ?? '')
      if (/^(?:stack|message|sqlMessage|sql|detail|cause|toString)$/.test(property)) return name
      continue
    }
    if (parent?.type === 'Property' && parent['value'] !== name) continue
    if (parent?.type === 'MemberExpression' && parent['property'] === name) continue
    if (parent?.type === 'CallExpression' && parent !== arg && !isText(parent) && !isDirect(parent, arg)) continue
    return name
  }
  return undefined
}

/** `String(error)`, `JSON.stringify(error)`, `inspect(error)`. */
function isText(call: Node): boolean {
  const callee = call['callee'] as Node
  const name = callee.type === 'MemberExpression' ? (callee['property'] as Node)['name'] : callee['name']
  return /^(?:String|stringify|inspect|format|serializeError)$/.test(String(name ?? ''))
}

/** The error is an argument of the answering call itself. */
function isDirect(call: Node, arg: Node): boolean {
  return call.start <= arg.start && call.end >= arg.end
}

/** The parameter of a `catch`, or the first of Express's four-parameter functions. */
function isError(file: SourceFile, name: Node): boolean {
  for (let at: Node | undefined = name; at !== undefined; at = file.parent(at)) {
    if (at.type === 'CatchClause') {
      const param = at['param'] as Node | null
      if (param?.type === 'Identifier' && param['name'] === name['name']) return true
    } else if (/Function/.test(at.type)) {
      const params = at['params'] as readonly Node[]
      if (params.some((param) => param['name'] === name['name'])) {
        return params.length === 4 && params[0]?.['name'] === name['name']
      }
    }
  }
  return false
}
