import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const PACKAGES: ReadonlySet<string> = new Set(['express-session', '@fastify/session'])
/** What says who somebody is. */
const IDENTITY = /^(?:user|userid|user_id|uid|account|accountid|account_id|person|personid|member|memberid|username)$/i
const ROTATES = /\.\s*(?:regenerate|rotate|signIn)\s*\(/

const memoryStore: Rule = {
  name: 'sessions/memory-store',
  risk: 'sessions-in-one-process',
  title: 'Sessions are kept in the memory of one process',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'])
      if (name === undefined || !PACKAGES.has(name)) continue
      const [options] = call['arguments'] as readonly Node[]
      if (options?.type !== 'ObjectExpression' || hasSpread(options)) continue
      if (file.propertyOf(options, 'store') === undefined) yield found(call, name)
    }
    // With Fastify the package is handed to register(), and its options stand beside it.
    for (const call of file.nodes('CallExpression')) {
      const [plugin, options] = call['arguments'] as readonly Node[]
      if (plugin === undefined || file.nameOf(plugin) !== '@fastify/session') continue
      if (options?.type !== 'ObjectExpression' || hasSpread(options)) continue
      if (file.propertyOf(options, 'store') === undefined) yield found(call, '@fastify/session')
    }
  },
}

const identityWithoutRotation: Rule = {
  name: 'sessions/identity-without-rotation',
  risk: 'session-fixation',
  title: 'Somebody is signed in under the session id from before',
  *check(file) {
    for (const assignment of file.nodes('AssignmentExpression')) {
      const left = assignment['left'] as Node
      if (left.type !== 'MemberExpression' || !isSession(file, left['object'])) continue
      const property = left['property'] as Node
      const name = left['computed'] === true ? file.valueOf(property) : property['name']
      if (typeof name !== 'string' || !IDENTITY.test(name) || isNothing(file, assignment['right'])) continue
      if (ROTATES.test(textAround(file, assignment))) continue
      yield {
        at: assignment,
        message: 'Whoever planted the session id before the sign-in is signed in now.',
        remedy: 'Make a new id first: req.session.regenerate(), or sign in with req.security.session.signIn().',
      }
    }
  },
}

export const rules: readonly Rule[] = [memoryStore, identityWithoutRotation]

function found(at: Node, name: string): { at: Node; message: string; remedy: string } {
  return {
    at,
    message: `${name} without a store keeps every session in this process: they end with it, and can fill its memory.`,
    remedy: 'Give it a store, or use req.security.session with a store in the policy.',
  }
}

function isSession(file: SourceFile, node: Node): boolean {
  return file.nameOf(node) === 'req.session'
}

/** `= null` is how people sign out. */
function isNothing(file: SourceFile, node: Node): boolean {
  const value = file.valueOf(node)
  return (
    value === null || value === '' || value === false || (node.type === 'Identifier' && node['name'] === 'undefined')
  )
}

/** All of the outermost function around the node: `regenerate` may be above it, or be given a function that it stands in. */
function textAround(file: SourceFile, node: Node): string {
  let outer = node
  for (let scope = file.scopeOf(node); scope.type !== 'Program'; ) {
    outer = scope
    const parent = file.parent(scope)
    if (parent === undefined) break
    scope = file.scopeOf(parent)
  }
  return file.text.slice(outer.start, outer.end)
}

function hasSpread(object: Node): boolean {
  return (object['properties'] as readonly Node[]).some(({ type }) => type === 'SpreadElement')
}
