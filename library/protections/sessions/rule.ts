import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { exitOnlyInBrowser } from './rule-exit.ts'

const PACKAGES: ReadonlySet<string> = new Set(['express-session', '@fastify/session'])
const IN_MEMORY: ReadonlySet<string> = new Set(['express-session.MemoryStore', 'memorystore()'])
const SESSION_NAME = /sess|(?:^|[-_.])s?id$|^sid/i
/** What others can find out, or try out, by the name of the call. */
const GUESSABLE: ReadonlyMap<string, string> = new Map([
  ['Math.random', 'Math.random(), whose next numbers follow from the last ones'],
  ['Date.now', 'the time'],
  ['Date', 'the time'],
  ['process.hrtime', 'the time'],
  ['performance.now', 'the time'],
  ['uuid.v1', 'the time and the machine'],
  ['uuid.v6', 'the time and the machine'],
  ['uuid.v7', 'the time and few random bits'],
])
const RANDOM = /(?:^|[.:])(?:randomBytes|randomUUID|getRandomValues|randomInt|nanoid|customAlphabet|v4)(?:\(\))?$/
const ENOUGH_BYTES = 8
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
      if (options === undefined) yield found(call, name)
      if (options?.type !== 'ObjectExpression' || hasSpread(options)) continue
      if (file.propertyOf(options, 'store') === undefined) yield found(call, name)
    }
    for (const made of file.nodes('NewExpression')) {
      const name = file.nameOf(made['callee'])
      // Behind a condition it is what development gets.
      if (name === undefined || !IN_MEMORY.has(name) || isConditional(file, made)) continue
      yield {
        at: made,
        message: 'This store keeps every session in the memory of one process, and loses them with it.',
        remedy: 'Give it a store that outlives the process, or use req.security.session with a store in the policy.',
      }
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

const guessableIds: Rule = {
  name: 'sessions/guessable-ids',
  risk: 'guessable-session',
  title: 'Ids of sessions are made from what can be guessed',
  *check(file) {
    const remedy = 'Leave ids to the package, or use crypto.randomBytes(32) or req.security.session.'
    for (const call of file.nodes('CallExpression')) {
      const [first, second] = call['arguments'] as readonly Node[]
      const options = packageAt(file, call) ?? (isRegistered(file, first) ? second : undefined)
      for (const name of ['genid', 'idGenerator']) {
        const maker = file.propertyOf(options, name)
        const weak = maker && weakIn(file, maker)
        if (weak) yield { at: weak.at, message: `The ids of sessions are made from ${weak.what}.`, remedy }
      }
    }
    for (const call of file.nodes('CallExpression')) {
      if (file.nameOf(call['callee']) !== 'res.cookie') continue
      const [key, value] = call['arguments'] as readonly Node[]
      const name = key && file.valueOf(key)
      if (value === undefined || typeof name !== 'string' || !SESSION_NAME.test(name)) continue
      const weak = weakIn(file, value)
      if (weak) yield { at: call, message: `The session in the cookie ${name} is made from ${weak.what}.`, remedy }
    }
  },
}

export const rules: readonly Rule[] = [memoryStore, identityWithoutRotation, guessableIds, exitOnlyInBrowser]

function found(at: Node, name: string): { at: Node; message: string; remedy: string } {
  return {
    at,
    message: `${name} without a store keeps every session in this process: they end with it, and can fill its memory.`,
    remedy: 'Give it a store, or use req.security.session with a store in the policy.',
  }
}

/** The options that this call hands to a package that keeps sessions. */
function packageAt(file: SourceFile, call: Node): Node | undefined {
  const name = file.nameOf(call['callee'])
  return name !== undefined && PACKAGES.has(name) ? (call['arguments'] as readonly Node[])[0] : undefined
}

function isRegistered(file: SourceFile, plugin: Node | undefined): boolean {
  return plugin !== undefined && file.nameOf(plugin) === '@fastify/session'
}

/** What can be guessed in an expression or in the body of a function, unless something random is mixed in. */
function weakIn(file: SourceFile, expression: Node): { at: Node; what: string } | undefined {
  const node = definitionOf(file, expression)
  let weak: { at: Node; what: string } | undefined
  for (const type of ['CallExpression', 'NewExpression', 'UpdateExpression']) {
    for (const part of file.nodes(type)) {
      if (part.start < node.start || part.end > node.end) continue
      if (type === 'UpdateExpression') weak ??= { at: part, what: 'a counter' }
      else {
        const name = file.nameOf(part['callee'])
        if (name === undefined) continue
        if (RANDOM.test(name)) {
          const [size] = part['arguments'] as readonly Node[]
          const bytes = name.endsWith('randomBytes') && size ? file.valueOf(size) : undefined
          if (typeof bytes !== 'number' || bytes >= ENOUGH_BYTES) return undefined
          weak ??= { at: part, what: `${bytes} random bytes, which can be tried out` }
        }
        const what = GUESSABLE.get(name.replace(/^node:/, ''))
        if (what !== undefined) weak ??= { at: part, what }
      }
    }
  }
  return weak
}

/** Where a name that is declared in this file gets its value. */
function definitionOf(file: SourceFile, node: Node): Node {
  if (node.type !== 'Identifier') return node
  for (const type of ['VariableDeclarator', 'FunctionDeclaration']) {
    for (const declared of file.nodes(type)) {
      const name = declared['id'] as Node | null
      if (name?.['name'] === node['name']) return (declared['init'] as Node | undefined) ?? declared
    }
  }
  return node
}

function isConditional(file: SourceFile, node: Node): boolean {
  for (let at = file.parent(node); at !== undefined; at = file.parent(at)) {
    if (at.type === 'ConditionalExpression' || at.type === 'LogicalExpression' || at.type === 'IfStatement') return true
    if (/Function/.test(at.type)) return false
  }
  return false
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
