import type { Node } from '../library/core/rule.ts'
import { bare, keyOf } from './bindings.ts'
import { constantOf, nameOf } from './names.ts'
import { originsOf } from './values.ts'

/** An expression that the whole text must match and that leaves no room for free text. */
export function isTightPattern(node: Node): boolean {
  const regex = regexOf(node)
  return regex !== undefined && !regex.flags.includes('m') && isTightText(regex.pattern)
}

/** The same of the text of a pattern. */
export function isTightText(pattern: string): boolean {
  if (!pattern.startsWith('^') || !/(?<!\\)\$$/.test(pattern)) return false
  const outside = pattern.replace(/\\[^SDWPpxu]/g, '').replace(/\[(?!\^)[^\]]*\]/g, '')
  if (/\.|\[\^|\\[SDW]/.test(outside)) return false
  // In `^a|b$` neither end holds for both sides.
  let depth = 0
  for (const char of outside) {
    if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) return false
  }
  return true
}

/** A pattern literal, also under a name. */
export function regexOf(node: Node): { readonly pattern: string; readonly flags: string } | undefined {
  const [origin] = originsOf(node)
  const literal = origin && 'node' in origin ? origin.node : bare(node)
  return literal['regex'] ?? undefined
}

/** `replace(/[^a-z0-9-]/g, '')`: what is left are letters, digits and marks that mean nothing anywhere. */
export function isCleansing(pattern: Node, put: Node | undefined): boolean {
  const regex = regexOf(pattern)
  const text = put && constantOf(put)
  if (!regex?.flags.includes('g') || typeof text !== 'string' || !/^[\w-]*$/.test(text)) return false
  if (/^\\[WD]\+?$/.test(regex.pattern)) return true
  return isForeignPattern(pattern)
}

/** `/[^a-z0-9-]/`: finds anything but letters, digits and marks that mean nothing anywhere. */
export function isForeignPattern(pattern: Node): boolean {
  const regex = regexOf(pattern)
  const kept = regex && /^\[\^((?:\\.|[^\]\\])+)\]\+?$/.exec(regex.pattern)?.[1]
  return kept !== undefined && /^(?:\\[wd.-]|[\w.-])+$/.test(kept)
}

/** Which of the characters that mean something in markup a `replace` takes away or writes as references. */
export function escapedMarkup(call: Node): string {
  const callee = bare(call['callee'])
  if (callee.type !== 'MemberExpression' || !/^replace(?:All)?$/.test(keyOf(callee))) return ''
  const [pattern, put] = call['arguments'] as (Node | undefined)[]
  const inner = bare(callee['object'])
  const before = inner.type === 'CallExpression' ? escapedMarkup(inner) : ''
  const text = put && constantOf(put)
  // A table or a function of what stands for each, or one reference.
  const isReference = put !== undefined && (text === undefined || text === '' || /^&#?\w+;$/.test(String(text)))
  const regex = pattern && regexOf(pattern)
  const isAll = regex ? regex.flags.includes('g') : keyOf(callee) === 'replaceAll'
  const own = regex ? /^(?:\[(?!\^)([^\]]*)\]|(.))$/.exec(regex.pattern) : undefined
  const literal = pattern && constantOf(pattern)
  const taken = own ? (own[1] ?? own[2] ?? '') : typeof literal === 'string' && literal.length === 1 ? literal : ''
  return before + (isAll && isReference ? taken : '')
}

/** `ROOT + path.sep` or `https://host/`: a prefix that nothing else can continue. */
export function isWholePrefix(node: Node): boolean {
  const value = constantOf(node)
  if (typeof value === 'string') return /^https?:\/\/[^/]+\/|^\/[^/]+.*\/$/.test(value)
  const expression = bare(node)
  if (expression.type === 'TemplateLiteral') {
    const last: Node | undefined = expression['expressions'].at(-1)
    const tail: string = expression['quasis'].at(-1).value.cooked
    return tail.endsWith('/') || (tail === '' && last !== undefined && nameOf(last) === 'node:path.sep')
  }
  if (expression.type !== 'BinaryExpression' || expression['operator'] !== '+') return false
  return nameOf(expression['right']) === 'node:path.sep' || constantOf(expression['right']) === '/'
}
