import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const HOST = /(?:\bhost|hostname|forwarded-host|forwarded)(?:['"]?\))?$/i

/** Spots an absolute address built from the host that the request names. */
const linkFromHost: Rule = {
  name: 'host-header/link-from-host',
  risk: 'host-header-injection',
  title: 'A link is built from the Host header',
  *check(file) {
    for (const { at, host } of addresses(file)) {
      const taint = file.taintOf(host)
      if (taint === undefined || !HOST.test(taint.source) || isOnlyParsed(file, at)) continue
      yield {
        at,
        message: 'The client chooses the host of this address, and with it where the link leads.',
        remedy: 'Build it with req.security.origin.',
        taint,
      }
    }
  },
}

export const rules: readonly Rule[] = [linkFromHost]

/** Texts with something put in right behind `//`. */
function* addresses(file: SourceFile): Iterable<{ at: Node; host: Node }> {
  for (const at of file.nodes('TemplateLiteral')) {
    const quasis = at['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
    const expressions = at['expressions'] as readonly Node[]
    for (const [i, host] of expressions.entries()) {
      if (quasis[i]?.value.cooked?.endsWith('//') === true) {
        yield { at, host }
        break
      }
    }
  }
  for (const at of file.nodes('BinaryExpression')) {
    if (at['operator'] !== '+') continue
    const left = at['left'] as Node
    const before = left.type === 'BinaryExpression' ? (left['right'] as Node) : left
    const text = file.valueOf(before)
    if (typeof text === 'string' && text.endsWith('//')) yield { at, host: at['right'] as Node }
  }
}

/** `new URL(req.url, 'http://' + req.headers.host)`: the usual way to take a request's own address apart. */
function isOnlyParsed(file: SourceFile, node: Node): boolean {
  let at = node
  for (let parent = file.parent(at); parent !== undefined; parent = file.parent(at)) {
    if (parent.type === 'NewExpression') return (parent['callee'] as Node)['name'] === 'URL'
    if (parent.type === 'VariableDeclarator') return isOnlyBase(file, parent['id'] as Node)
    if (
      parent.type !== 'BinaryExpression' &&
      parent.type !== 'TemplateLiteral' &&
      parent.type !== 'TSNonNullExpression'
    )
      return false
    at = parent
  }
  return false
}

/** `const base = ...`, of which all uses are the base of an address that is parsed. */
function isOnlyBase(file: SourceFile, name: Node): boolean {
  const scope = file.scopeOf(name)
  const uses = [...file.nodes('Identifier')].filter(
    (each) => each !== name && each['name'] === name['name'] && each.start >= scope.start && each.end <= scope.end,
  )
  return (
    uses.length > 0 &&
    uses.every((use) => {
      const call = file.parent(use)
      if (call?.type !== 'NewExpression' && call?.type !== 'CallExpression') return false
      const callee = call['callee'] as Node
      return (call['arguments'] as readonly Node[])[1] === use && PARSES.test(file.text.slice(callee.start, callee.end))
    })
  )
}

const PARSES = /^(?:URL|URL\.(?:parse|canParse)|parseUrl)$/i
