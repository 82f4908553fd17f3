import type { Node, SourceFile, Taint } from '../../core/rule.ts'

/** Functions that say that they make a literal pattern of a text: `escapeRegExp`, `escape-string-regexp`, `RegExp.escape`, `quoteRegex`. */
const ESCAPES = /(?:escape|quote)[\w-]*(?:reg|pattern)|reg\w*[._-]?(?:escape|quote)|safePattern/i
/** A class in which the characters stand that mean something, and what is put before them. */
const CLASS = /\[(?=[^\]]*\*)(?=[^\]]*\+)(?=[^\]]*\()/
const BACKSLASHED = /\\\$&|\\\$1|\\\$0/
const ESCAPING_CALL = /\.replace(?:All)?\(\s*\/.*\*.*\/[a-z]*g[a-z]*\s*,\s*(['"`])\\\\\$[&01]/
const DEEPEST = 6

/** Whether all that the client decides of a pattern has lost its meaning there, so that it stands for itself. */
export function isLiteralText(file: SourceFile, node: Node, taint: Taint): boolean {
  return taint.trace.some(({ text }) => ESCAPING_CALL.test(text ?? '')) || isEscaped(file, node, 0)
}

function isEscaped(file: SourceFile, node: Node, depth: number): boolean {
  if (depth > DEEPEST) return false
  const inner = (one: Node): boolean => isEscaped(file, one, depth + 1) || file.taintOf(one) === undefined
  switch (node.type) {
    case 'TemplateLiteral':
      return (node['expressions'] as readonly Node[]).every(inner)
    case 'BinaryExpression':
    case 'LogicalExpression':
      return inner(node['left'] as Node) && inner(node['right'] as Node)
    case 'ConditionalExpression':
      return inner(node['consequent'] as Node) && inner(node['alternate'] as Node)
    case 'Identifier':
      return isEscapedName(file, node, depth)
    case 'AwaitExpression':
      return inner(node['argument'] as Node)
    case 'CallExpression':
      return isEscapingCall(file, node, depth)
    default:
      return false
  }
}

function isEscapingCall(file: SourceFile, call: Node, depth: number): boolean {
  const callee = call['callee'] as Node
  const name = file.nameOf(callee) ?? ''
  if (ESCAPES.test(name) || ESCAPES.test(file.text.slice(callee.start, callee.end))) return true
  if (callee.type === 'Identifier') return isEscapingFunction(file, callee)
  const [first, second] = call['arguments'] as readonly Node[]
  if (callee.type !== 'MemberExpression') return false
  const method = (callee['property'] as Node)['name'] as string | undefined
  if (first && second && /^replace(?:All)?$/.test(method ?? '')) {
    const put = file.valueOf(second)
    const regex = first['regex'] as { readonly pattern: string; readonly flags: string } | undefined
    if (regex?.flags.includes('g') && CLASS.test(regex.pattern) && BACKSLASHED.test(String(put))) return true
  }
  // `terms.map(escapeRegExp).join('|')`, and what a method makes of a text that is escaped.
  if (first && method === 'map') {
    const text = file.text.slice(first.start, first.end)
    if (ESCAPES.test(text) || ESCAPING_CALL.test(text) || isEscapingFunction(file, first)) return true
  }
  return isEscaped(file, callee['object'] as Node, depth + 1)
}

/** A function of the same file that does what the known ones do. */
function isEscapingFunction(file: SourceFile, name: Node): boolean {
  if (name.type !== 'Identifier') return false
  const escapes = (fn: Node): boolean => ESCAPING_CALL.test(file.text.slice(fn.start, fn.end))
  for (const fn of file.nodes('FunctionDeclaration')) if (isNamed(fn['id'] as Node, name) && escapes(fn)) return true
  for (const one of file.nodes('VariableDeclarator')) {
    const value = one['init'] as Node | null
    if (value && isNamed(one['id'] as Node, name) && /Function/.test(value.type) && escapes(value)) return true
  }
  return false
}

/** By what it is set to anywhere in the file: in a declaration, or later on. */
function isEscapedName(file: SourceFile, name: Node, depth: number): boolean {
  const values: Node[] = []
  for (const each of file.nodes('VariableDeclarator')) {
    const value = each['init'] as Node | null
    if (value && isNamed(each['id'] as Node, name)) values.push(value)
  }
  const scope = file.scopeOf(name)
  for (const each of file.nodes('AssignmentExpression')) {
    const isBefore = each.start < name.start && file.scopeOf(each) === scope
    // What a variable is set to last, in the same function, replaces what it was.
    if (isBefore && isNamed(each['left'] as Node, name)) values.splice(0, values.length, each['right'] as Node)
  }
  return values.length > 0 && values.every((value) => isEscaped(file, value, depth + 1))
}

function isNamed(node: Node | null, name: Node): boolean {
  return node?.type === 'Identifier' && node['name'] === name['name']
}
