import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** Functions that take their time on purpose, or as long as what they are given, while nothing else of the process runs. */
const BLOCKING =
  /^(?:(?:node:)?crypto\.(?:pbkdf2|scrypt|generateKeyPair|generatePrime|argon2)Sync|(?:node:)?child_process\.(?:exec|execFile|spawn)Sync|(?:node:)?zlib\.(?:gzip|deflate|deflateRaw|brotliCompress|zstdCompress)Sync|(?:bcrypt|bcryptjs|@node-rs\/bcrypt)(?:\.default)?\.(?:hash|compare|genSalt|verify)Sync|@node-rs\/argon2\.(?:hash|verify)Sync)$/

/** Spots a route that keeps the whole process busy, and with it everybody else. */
const blockingCall: Rule = {
  name: 'overload/blocking-call',
  risk: 'overload',
  title: 'A route does heavy work while everybody else waits',
  *check(file) {
    const served = servedFunctions(file)
    if (served.length === 0) return
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'] as Node)
      if (name === undefined || !BLOCKING.test(name)) continue
      if (!served.some((fn) => call.start >= fn.start && call.end <= fn.end)) continue
      const own = name.slice(name.lastIndexOf('.') + 1)
      yield {
        at: call,
        message: `${own}() runs for each request, and no other request is looked at until it is done.`,
        remedy: `Use ${own.replace(/Sync$/, '')}(), which works beside the event loop, and say how many at once with secure({ overload: { atOnce: 4 } }).`,
      }
    }
  },
}

export const rules: readonly Rule[] = [blockingCall]

/** The functions of routes, and those of the same file that they call by name. */
function servedFunctions(file: SourceFile): readonly Node[] {
  const own = file.routes.flatMap(({ handlers }) => handlers.map(({ fn }) => fn))
  if (own.length === 0) return own
  const called = new Set<unknown>()
  for (const call of file.nodes('CallExpression')) {
    const callee = call['callee'] as Node
    if (callee.type === 'Identifier' && own.some((fn) => call.start >= fn.start && call.end <= fn.end)) {
      called.add(callee['name'])
    }
  }
  return [...own, ...[...namedFunctions(file)].flatMap(([name, fn]) => (called.has(name) ? [fn] : []))]
}

function* namedFunctions(file: SourceFile): Iterable<[unknown, Node]> {
  for (const fn of file.nodes('FunctionDeclaration')) yield [(fn['id'] as Node | null)?.['name'], fn]
  for (const made of file.nodes('VariableDeclarator')) {
    const value = made['init'] as Node | null
    if (value && /^(?:Arrow)?Function(?:Expression)?$/.test(value.type)) yield [(made['id'] as Node)['name'], value]
  }
}
