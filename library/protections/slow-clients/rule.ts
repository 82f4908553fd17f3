import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** The longest time, in milliseconds, that each of Node's own limits may have before it limits nothing. 0 turns one off. */
const LONGEST: Readonly<Record<string, number>> = {
  headersTimeout: 2 * 60_000,
  requestTimeout: 10 * 60_000,
  keepAliveTimeout: 5 * 60_000,
}
const CREATORS = /^node:https?\.createServer$|^node:http2\.createSecureServer$/
/** What an expression must be for its property to be a server's. */
const SERVER = /createServer\(\)$|createSecureServer\(\)$|\.listen\(\)$|^fastify\(\)\.server$/

/** Spots a server that was told to wait for ever. */
const endlessTimeout: Rule = {
  name: 'slow-clients/endless-timeout',
  risk: 'slow-clients',
  title: 'A server waits for slow clients without an end',
  *check(file) {
    for (const [name, value, at] of settings(file)) {
      const time = file.valueOf(value)
      const longest = LONGEST[name]
      if (typeof time !== 'number' || longest === undefined || (time > 0 && time <= longest)) continue
      yield {
        at,
        message:
          time === 0
            ? `With ${name} turned off, a client that never finishes its request is waited for without an end.`
            : `With such a ${name} a few slow clients can hold all of the server's connections.`,
        remedy: "Leave the setting out: Node's own time is sound, and Bulwark's is shorter.",
      }
    }
  },
}

export const rules: readonly Rule[] = [endlessTimeout]

function* settings(file: SourceFile): Iterable<[name: string, value: Node, at: Node]> {
  for (const assignment of file.nodes('AssignmentExpression')) {
    const left = assignment['left'] as Node
    if (left.type !== 'MemberExpression' || left['computed'] === true) continue
    const name = String((left['property'] as Node)['name'] ?? '')
    if (!Object.hasOwn(LONGEST, name) || !isServer(file, left['object'] as Node)) continue
    yield [name, assignment['right'] as Node, assignment]
  }
  for (const call of file.nodes('CallExpression')) {
    if (!CREATORS.test(file.nameOf(call['callee'] as Node) ?? '')) continue
    for (const name of Object.keys(LONGEST)) {
      const value = file.propertyOf((call['arguments'] as readonly Node[])[0], name)
      if (value !== undefined) yield [name, value, value]
    }
  }
}

/** By what it was made with; by its name where that is out of sight. */
function isServer(file: SourceFile, object: Node): boolean {
  const name = file.nameOf(object)
  if (name !== undefined) return SERVER.test(name)
  return object.type === 'Identifier' && /server$/i.test(String(object['name']))
}
