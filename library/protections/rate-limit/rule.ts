import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** Spots an app that believes whoever says where a request comes from. */
const trustsEveryProxy: Rule = {
  name: 'rate-limit/trusts-every-proxy',
  risk: 'client-address-spoofing',
  title: 'Every client may choose its own address',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const at = trustIn(file, call)
      if (at === undefined) continue
      yield {
        at,
        message:
          'With every proxy trusted, the first X-Forwarded-For that a client makes up becomes its address, and each limit starts anew.',
        remedy: "Name the proxies: an address range such as '10.0.0.0/8', or proxies in Bulwark's policy.",
      }
    }
  },
}

/** Spots a client's address that is taken from what the client wrote. */
const forgeableAddress: Rule = {
  name: 'rate-limit/forgeable-address',
  risk: 'client-address-spoofing',
  title: 'Requests are counted by a header that the client writes',
  *check(file) {
    for (const read of reads(file)) {
      if (!isFirstPart(file, read) && !isInKeyGenerator(file, read)) continue
      yield {
        at: read,
        message:
          'The first address in X-Forwarded-For is whatever the client wrote there, so it can have as many as it likes.',
        remedy: 'Use req.security.ip, or req.ip with the proxies named.',
      }
    }
  },
}

export const rules: readonly Rule[] = [trustsEveryProxy, forgeableAddress]

function trustIn(file: SourceFile, call: Node): Node | undefined {
  const callee = call['callee'] as Node
  const args = call['arguments'] as readonly Node[]
  if (file.nameOf(callee) === 'fastify') {
    const trust = file.propertyOf(args[0], 'trustProxy')
    return trust !== undefined && file.valueOf(trust) === true ? trust : undefined
  }
  if (callee.type !== 'MemberExpression' || args[0] === undefined || file.valueOf(args[0]) !== 'trust proxy')
    return undefined
  const method = (callee['property'] as Node)['name']
  if (method === 'enable') return call
  return method === 'set' && args[1] !== undefined && file.valueOf(args[1]) === true ? call : undefined
}

/** Every place where the header is read: `headers['x-forwarded-for']`, `req.get('X-Forwarded-For')`. */
function* reads(file: SourceFile): Iterable<Node> {
  for (const member of file.nodes('MemberExpression')) {
    if (member['computed'] !== true || !isHeaderName(file, member['property'] as Node)) continue
    yield member
  }
  for (const call of file.nodes('CallExpression')) {
    const name = ((call['callee'] as Node)['property'] as Node | undefined)?.['name']
    const [first] = call['arguments'] as readonly Node[]
    if ((name === 'get' || name === 'header') && first !== undefined && isHeaderName(file, first)) yield call
  }
}

function isHeaderName(file: SourceFile, node: Node): boolean {
  const value = file.valueOf(node)
  return typeof value === 'string' && value.toLowerCase() === 'x-forwarded-for'
}

/** `….split(',')[0]`, on the value itself or on the variable that it was put into. */
function isFirstPart(file: SourceFile, read: Node): boolean {
  const around = statementOf(file, read)
  if (around === undefined) return false
  if (FIRST_PART.test(file.text.slice(read.start, around.end))) return true
  if (around.type !== 'VariableDeclaration') return false
  const name = (around['declarations'][0]?.['id'] as Node | undefined)?.['name']
  const scope = file.scopeOf(read)
  const after = file.text.slice(around.end, scope.end)
  return (
    typeof name === 'string' &&
    new RegExp(`\\b${name}\\b[^;\\n]*?\\.split\\([^)\\n]{1,9}\\)(?:\\?\\.)?\\[0\\]`).test(after)
  )
}

const FIRST_PART = /\.split\([^)\n]{1,9}\)(?:\?\.)?\[0\]|\.split\([^)\n]{1,9}\)\.(?:shift\(|at\(0\))/

function statementOf(file: SourceFile, node: Node): Node | undefined {
  for (let at: Node | undefined = node; at !== undefined; at = file.parent(at)) {
    if (/Statement$|^VariableDeclaration$/.test(at.type)) return at
  }
  return undefined
}

function isInKeyGenerator(file: SourceFile, node: Node): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = file.parent(at)) {
    if (at.type === 'Property' && (at['key'] as Node)['name'] === 'keyGenerator') return true
  }
  return false
}
