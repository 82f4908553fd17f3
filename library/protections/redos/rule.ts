import type { Node, Rule, SourceFile, Spot, Taint } from '../../core/rule.ts'
import { isLiteralText } from './escaped.ts'
import { type Growth, growthOf } from './pattern/judge.ts'

const COMPILES = /^(?:(?:globalThis\.)?RegExp|xregexp(?:\.XRegExp)?)$/
/** Methods of texts that make a pattern of a text that they are given. `search` and `match` are methods of much else, too. */
const MATCHES: ReadonlySet<unknown> = new Set(['match', 'matchAll', 'search'])
const TEXT_METHODS =
  /^(?:to(?:Lower|Upper)Case|trim(?:Start|End)?|toString|normalize|slice|substring|replace(?:All)?|join)$/
const TEXT_NAMES = /^(?:text|title|name|content|line|word|string|str|description|body|subject|summary|label|haystack)$/i
const LITERALLY = 'Escape it with escapePattern(text), or search with includes(), which knows no patterns.'

/** Spots a client's text that becomes a pattern. */
const fromRequest: Rule = {
  name: 'redos/pattern-from-request',
  risk: 'pattern-injection',
  title: 'The client writes the pattern that the app runs',
  *check(file) {
    for (const call of [...file.nodes('CallExpression'), ...file.nodes('NewExpression')]) {
      const source = (call['arguments'] as readonly Node[])[0]
      if (source === undefined || !(isCompiler(file, call) || isTextMatch(file, call))) continue
      yield* fromClient(file, call, source)
    }
    if (!file.usesPackage('mongodb') && !file.usesPackage('mongoose')) return
    for (const property of file.nodes('Property')) {
      if (nameOfKey(property) === '$regex') yield* fromClient(file, property, property['value'] as Node)
    }
  },
}

/** Spots patterns that can match a text in so many ways that a failure takes for ever. */
const catastrophic: Rule = {
  name: 'redos/catastrophic',
  risk: 'redos',
  title: 'A pattern takes for ever on a text that nearly matches',
  *check(file) {
    for (const { at, source, flags } of patternsOf(file)) {
      const growth = growthOf(source, flags)
      const taint =
        growth === 'polynomial' ? usesOf(file, at).find(({ taint }) => taint !== undefined)?.taint : undefined
      if (growth === 'exponential' || taint) yield { at, ...about(growth), ...(taint && { taint }) }
    }
  },
}

export const rules: readonly Rule[] = [fromRequest, catastrophic]

function about(growth: Growth): Pick<Spot, 'message' | 'remedy'> {
  return growth === 'exponential'
    ? {
        message: 'Each further character doubles the time that this pattern takes on a text that nearly matches.',
        remedy: 'Let no repetition contain another one that can match the same text, or choices that begin alike.',
      }
    : {
        message: 'Two repetitions of this pattern share out what the client sends in every way there is.',
        remedy:
          'Put something between the repetitions that has to be there, or limit the length before the pattern runs.',
      }
}

function* fromClient(file: SourceFile, at: Node, source: Node): Iterable<Spot> {
  if (source.type === 'SpreadElement') return
  const taint = file.taintOf(source)
  if (taint === undefined || isLiteralText(file, source, taint)) return
  yield { at, message: `${taint.source} is a part of a pattern that the app runs.`, remedy: LITERALLY, taint }
}

function isCompiler(file: SourceFile, call: Node): boolean {
  const name = file.nameOf(call['callee'] as Node)
  return name !== undefined && COMPILES.test(name)
}

function isTextMatch(file: SourceFile, call: Node): boolean {
  const callee = call['callee'] as Node
  return (
    callee.type === 'MemberExpression' && MATCHES.has(nameOfMember(callee)) && isText(file, callee['object'] as Node)
  )
}

function isText(file: SourceFile, node: Node): boolean {
  if (node.type === 'TemplateLiteral' || typeof file.valueOf(node) === 'string') return true
  if (node.type === 'Identifier') return TEXT_NAMES.test(node['name'] as string)
  if (node.type === 'MemberExpression') return TEXT_NAMES.test(nameOfMember(node) ?? '')
  if (node.type !== 'CallExpression') return false
  const callee = node['callee'] as Node
  return callee.type === 'MemberExpression'
    ? TEXT_METHODS.test(nameOfMember(callee) ?? '')
    : file.nameOf(callee) === 'String'
}

interface Found {
  readonly at: Node
  readonly source: string
  readonly flags: string
}

/** Literals, and what is compiled from constant texts. */
function* patternsOf(file: SourceFile): Iterable<Found> {
  for (const at of file.nodes('Literal')) {
    const regex = at['regex'] as { readonly pattern: string; readonly flags: string } | undefined
    if (regex) yield { at, source: regex.pattern, flags: regex.flags }
  }
  for (const at of [...file.nodes('NewExpression'), ...file.nodes('CallExpression')]) {
    const [source, flags] = at['arguments'] as readonly Node[]
    if (!source || source.type === 'SpreadElement' || !isCompiler(file, at)) continue
    const text = file.valueOf(source)
    if (typeof text === 'string') yield { at, source: text, flags: String((flags && file.valueOf(flags)) ?? '') }
  }
}

/** Where a pattern runs, with the taint of what it runs on: directly, or by the name that it is kept under. */
function usesOf(file: SourceFile, pattern: Node): { readonly taint: Taint | undefined }[] {
  const parent = file.parent(pattern)
  const name = parent?.type === 'VariableDeclarator' ? ((parent['id'] as Node)['name'] as unknown) : undefined
  const isPattern = (node: Node | undefined): boolean =>
    node === pattern || (name !== undefined && node?.type === 'Identifier' && node['name'] === name)
  const uses: { taint: Taint | undefined }[] = []
  for (const call of file.nodes('CallExpression')) {
    const callee = call['callee'] as Node
    if (callee.type !== 'MemberExpression') continue
    const method = nameOfMember(callee) ?? ''
    const [first] = call['arguments'] as readonly Node[]
    const object = callee['object'] as Node
    let subject: Node | undefined
    if (/^(?:test|exec)$/.test(method) && isPattern(object)) subject = first
    else if (/^(?:match|matchAll|search|split|replace|replaceAll)$/.test(method) && isPattern(first)) subject = object
    if (!subject || subject.type === 'SpreadElement') continue
    const taint = file.taintOf(subject)
    const isShort = taint && (isShortened(file, subject, taint) || isMeasured(file, subject))
    uses.push({ taint: isShort ? undefined : taint })
  }
  return uses
}

function isShortened(file: SourceFile, subject: Node, taint: Taint): boolean {
  return [file.text.slice(subject.start, subject.end), ...taint.trace.map(({ text }) => text)].some((text) =>
    /\.(?:slice|substring|substr)\(\s*0\s*,/.test(text ?? ''),
  )
}

/** A text as long as this one may be tried at every place and to every end: that takes milliseconds. */
const SHORT = 1000

/** `if (text.length > 40) return text` before the pattern runs. */
function isMeasured(file: SourceFile, subject: Node): boolean {
  const scope = file.scopeOf(subject)
  for (const check of file.nodes('IfStatement')) {
    if (check.start > subject.start) return false
    if (check.end > subject.start || file.scopeOf(check) !== scope) continue
    const { consequent, test } = check as unknown as { consequent: Node; test: Node }
    const last = consequent.type === 'BlockStatement' ? (consequent['body'] as readonly Node[]).at(-1) : consequent
    if (/^(?:Return|Throw)Statement$/.test(last?.type ?? '') && refusesLong(file, test, subject)) return true
  }
  return false
}

function refusesLong(file: SourceFile, test: Node, subject: Node): boolean {
  if (test.type === 'LogicalExpression' && test['operator'] === '||') {
    return refusesLong(file, test['left'] as Node, subject) || refusesLong(file, test['right'] as Node, subject)
  }
  if (test.type !== 'BinaryExpression' || !/^>=?$/.test(test['operator'] as string)) return false
  const { left, right } = test as unknown as { left: Node; right: Node }
  const bound = file.valueOf(right)
  return (
    typeof bound === 'number' &&
    bound <= SHORT &&
    file.text.slice(left.start, left.end) === `${file.text.slice(subject.start, subject.end)}.length`
  )
}

function nameOfMember(member: Node): string | undefined {
  const property = member['property'] as Node
  return member['computed'] === true ? undefined : (property['name'] as string | undefined)
}

function nameOfKey(property: Node): unknown {
  const key = property['key'] as Node
  return key['name'] ?? key['value']
}
