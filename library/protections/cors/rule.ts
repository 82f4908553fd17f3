import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const REMEDY =
  'Leave the headers to Bulwark and list the origins: bulwark({ cors: { allow: [...], credentials: true } }).'
const PACKAGES: ReadonlySet<string> = new Set(['cors', '@fastify/cors', '@koa/cors'])
const reflectedOrigin: Rule = {
  name: 'cors/reflected-origin',
  risk: 'cors-misconfiguration',
  title: "The request's own Origin is allowed to read answers with cookies",
  *check(file) {
    for (const { call, value } of allowances(file)) {
      // What was compared as a whole, or looked up in a list, is no longer tainted.
      const taint = file.taintOf(value)
      if (taint === undefined || !/origin|headers$|referer/i.test(taint.source)) continue
      if (!letsCookies(file, file.scopeOf(call))) continue
      yield {
        at: call,
        message: 'Whichever site asks is allowed to read this answer with the cookies of its visitor.',
        remedy: REMEDY,
        taint,
      }
    }
  },
}

const nullAllowed: Rule = {
  name: 'cors/null-allowed',
  risk: 'cors-misconfiguration',
  title: 'Sandboxed frames are allowed to read answers with cookies',
  *check(file) {
    for (const { call, value } of allowances(file)) {
      if (file.valueOf(value) !== 'null' || !letsCookies(file, file.scopeOf(call))) continue
      yield { at: call, message: 'Every sandboxed frame and every local file has the origin null.', remedy: REMEDY }
    }
  },
}

const laxPackage: Rule = {
  name: 'cors/lax-package',
  risk: 'cors-misconfiguration',
  title: 'The CORS package lets more origins in than it seems to',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const options = optionsOf(file, call)
      const credentials = file.propertyOf(options, 'credentials')
      if (credentials === undefined || file.valueOf(credentials) !== true) continue
      const origin = file.propertyOf(options, 'origin')
      const why = origin === undefined ? undefined : laxity(file, origin)
      if (why !== undefined) {
        yield {
          at: call,
          message: `This allows ${why} to read answers with the cookies of its visitors.`,
          remedy: REMEDY,
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [reflectedOrigin, nullAllowed, laxPackage]

/** Calls that set Access-Control-Allow-Origin, on whatever. */
function* allowances(file: SourceFile): Iterable<{ call: Node; value: Node }> {
  for (const { call, name, value } of headersSet(file)) {
    if (name === 'access-control-allow-origin') yield { call, value }
  }
}

function* headersSet(file: SourceFile): Iterable<{ call: Node; name: string; value: Node }> {
  for (const call of file.nodes('CallExpression')) {
    const callee = call['callee'] as Node
    if (callee.type !== 'MemberExpression') continue
    const method = String((callee['property'] as Node)['name'] ?? '')
    if (!/^(?:set|header|setHeader|append)$/.test(method)) continue
    const [first, value] = call['arguments'] as readonly Node[]
    const name = first && file.valueOf(first)
    if (typeof name === 'string' && value !== undefined) yield { call, name: name.toLowerCase(), value }
  }
}

function letsCookies(file: SourceFile, scope: Node): boolean {
  for (const { call, name, value } of headersSet(file)) {
    if (name !== 'access-control-allow-credentials' || call.start < scope.start || call.end > scope.end) continue
    if (String(file.valueOf(value)).toLowerCase() === 'true') return true
  }
  return false
}

/** `cors(options)`, or `app.register(cors, options)`. */
function optionsOf(file: SourceFile, call: Node): Node | undefined {
  const [first, second] = call['arguments'] as readonly Node[]
  const name = file.nameOf(call['callee'] as Node)
  if (name !== undefined && PACKAGES.has(name)) return first
  const isRegister = name?.endsWith('.register') === true
  const plugin = isRegister && first ? file.nameOf(first) : undefined
  return plugin !== undefined && PACKAGES.has(plugin) ? second : undefined
}

function laxity(file: SourceFile, origin: Node): string | undefined {
  const value = file.valueOf(origin)
  if (value === true) return 'every site'
  if (value === 'null') return 'every sandboxed frame'
  if (origin.type === 'ArrayExpression') {
    for (const each of origin['elements'] as readonly (Node | null)[]) {
      const why = each ? laxity(file, each) : undefined
      if (why !== undefined) return why
    }
    return undefined
  }
  const pattern = (origin['regex'] as { readonly pattern?: string } | undefined)?.pattern
  if (pattern !== undefined)
    return /^\^.*\$$/.test(pattern) ? undefined : 'every site whose name contains the right words'
  if (origin.type === 'ArrowFunctionExpression' || origin.type === 'FunctionExpression') {
    return saysYesToAll(file, origin) ? 'every site' : undefined
  }
  return undefined
}

/** A function without any decision in it that calls back with `true`. */
function saysYesToAll(file: SourceFile, fn: Node): boolean {
  const isWithin = (node: Node): boolean => node.start >= fn.start && node.end <= fn.end
  for (const type of ['IfStatement', 'ConditionalExpression', 'LogicalExpression']) {
    for (const node of file.nodes(type)) if (isWithin(node)) return false
  }
  for (const call of file.nodes('CallExpression')) {
    if (!isWithin(call)) continue
    const second = (call['arguments'] as readonly Node[])[1]
    if (second !== undefined && file.valueOf(second) === true) return true
  }
  return false
}
