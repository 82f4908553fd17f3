import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { parseSize } from '../../toolbox/size.ts'

const PARSER = /^(?:express|body-parser)\.(?:json|urlencoded|text|raw)$/
const FASTIFY = /^fastify$/
/** A parser with more than this holds enough for a few hundred requests to fill a machine. */
const LARGE = 5 * 1024 * 1024
const LARGE_FASTIFY = 20 * 1024 * 1024
const MANY_PARAMETERS = 10_000

/** Spots a parser that may read far more than any honest request sends. */
const hugeLimit: Rule = {
  name: 'body-limits/huge-limit',
  risk: 'oversized-body',
  title: 'A body parser with a limit that limits nothing',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'] as Node) ?? ''
      const isParser = PARSER.test(name)
      if (!isParser && !FASTIFY.test(name)) continue
      const limit = optionOf(file, call, isParser ? 'limit' : 'bodyLimit')
      if (limit === undefined || bytesOf(file, limit) <= (isParser ? LARGE : LARGE_FASTIFY)) continue
      yield {
        at: limit,
        message: 'This parser reads so much into memory that a few clients at once can end the process.',
        remedy:
          'Set the limit to what honest requests need, such as 10kb, and give single routes more where they need it.',
      }
    }
  },
}

/** Spots a form parser that builds objects of any number of parameters. */
const manyParameters: Rule = {
  name: 'body-limits/many-parameters',
  risk: 'complex-body',
  title: 'A form parser without a limit on parameters',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      if (!/^(?:express|body-parser)\.urlencoded$/.test(file.nameOf(call['callee'] as Node) ?? '')) continue
      const limit = optionOf(file, call, 'parameterLimit')
      if (limit === undefined || bytesOf(file, limit) <= MANY_PARAMETERS) continue
      yield {
        at: limit,
        message:
          'This parser builds an object of as many parameters as a client likes to send, which costs far more than to send them.',
        remedy: 'Leave parameterLimit out for 1,000.',
      }
    }
  },
}

/** Spots a recursive merge that copies any key, `__proto__` too. */
const unguardedMerge: Rule = {
  name: 'body-limits/unguarded-merge',
  risk: 'prototype-pollution',
  title: 'A recursive merge copies __proto__',
  *check(file) {
    for (const type of ['ForInStatement', 'ForOfStatement']) {
      for (const loop of file.nodes(type)) {
        const key = loopKey(file, loop)
        if (key === undefined) continue
        const fn = file.scopeOf(loop)
        const name = nameOfFunction(file, fn)
        if (name === undefined || isCareful(file.text.slice(fn.start, fn.end))) continue
        const call = recursionInto(file, loop, name, key)
        if (call === undefined) continue
        yield {
          at: call,
          message:
            'This merge walks into whatever a key names; "__proto__" leads it into the prototype of other objects.',
          remedy:
            "Skip the keys '__proto__', 'constructor' and 'prototype', or merge into Object.create(null) or a Map.",
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [hugeLimit, manyParameters, unguardedMerge]

function optionOf(file: SourceFile, call: Node, name: string): Node | undefined {
  return file.propertyOf((call['arguments'] as readonly Node[])[0], name)
}

/** The number behind a limit; 0 when it is not known. */
function bytesOf(file: SourceFile, node: Node): number {
  const text = file.text.slice(node.start, node.end)
  if (text === 'Infinity' || text === 'Number.POSITIVE_INFINITY' || text === 'Number.MAX_SAFE_INTEGER')
    return Number.POSITIVE_INFINITY
  const value = file.valueOf(node)
  return typeof value === 'string' || typeof value === 'number' ? (parseSize(value) ?? 0) : 0
}

/** The variable of a loop over the keys of an object. */
function loopKey(file: SourceFile, loop: Node): string | undefined {
  const left = loop['left'] as Node
  const id = left.type === 'VariableDeclaration' ? (left['declarations'][0]?.['id'] as Node | undefined) : left
  const key = id?.type === 'ArrayPattern' ? (id['elements'][0] as Node | null) : id
  if (key?.type !== 'Identifier') return undefined
  const right = loop['right'] as Node
  const over = file.text.slice(right.start, right.end)
  return loop.type === 'ForInStatement' ||
    /^(?:Object|Reflect)\.(?:keys|entries|ownKeys|getOwnPropertyNames)\(/.test(over)
    ? String(key['name'])
    : undefined
}

function nameOfFunction(file: SourceFile, fn: Node): string | undefined {
  const id = fn['id'] as Node | null | undefined
  if (id) return String(id['name'])
  const parent = file.parent(fn)
  return parent?.type === 'VariableDeclarator' ? String((parent['id'] as Node)['name']) : undefined
}

/** The function names the dangerous keys, asks whether the target has the key itself, or makes targets without a prototype. */
function isCareful(text: string): boolean {
  return /__proto__|['"`]prototype['"`]|Object\.create\(null\)|hasOwn(?:Property)?(?:\.call)?\(\s*(?:target|dest|dst|to|base|a)\b/.test(
    text,
  )
}

/** A call of the function by itself whose first argument is what the target has under the key. */
function recursionInto(file: SourceFile, loop: Node, name: string, key: string): Node | undefined {
  for (const call of file.nodes('CallExpression')) {
    if (call.start < loop.start || call.end > loop.end) continue
    const callee = call['callee'] as Node
    if (callee.type !== 'Identifier' || callee['name'] !== name) continue
    const args = call['arguments'] as readonly Node[]
    if (args.length < 2 || args[0] === undefined) continue
    const into = file.text.slice(args[0].start, args[0].end)
    if (isOfTarget(file, loop, into, key) || isReadOf(file, loop, into, key)) return call
  }
  return undefined
}

/** Whether the text reads the key of another object than the one whose keys are walked: reading that one is a copy, and no merge. */
function isOfTarget(file: SourceFile, loop: Node, text: string, key: string): boolean {
  const right = loop['right'] as Node
  const walked = right.type === 'CallExpression' ? (right['arguments'] as readonly Node[])[0] : right
  const source = walked === undefined ? '' : file.text.slice(walked.start, walked.end)
  const at = text.indexOf(`[${key}]`)
  return at > 0 && !text.slice(0, at).endsWith(source)
}

/** `const there = target[key]` and then `merge(there, ...)`. */
function isReadOf(file: SourceFile, loop: Node, variable: string, key: string): boolean {
  for (const declared of file.nodes('VariableDeclarator')) {
    if (declared.start < loop.start || declared.end > loop.end) continue
    const init = declared['init'] as Node | null
    if ((declared['id'] as Node)['name'] !== variable || init === null) continue
    if (isOfTarget(file, loop, file.text.slice(init.start, init.end), key)) return true
  }
  return false
}
