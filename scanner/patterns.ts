import type { Node } from '../library/core/rule.ts'
import { bare } from './bindings.ts'
import { constantOf, nameOf } from './names.ts'
import { originsOf } from './values.ts'

/** An expression that the whole text must match and that leaves no room for free text. */
export function isTightPattern(node: Node): boolean {
  const regex = regexOf(node)
  if (!regex || regex.flags.includes('m')) return false
  const { pattern } = regex
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

/**
 * `[^a-z0-9-]` with the flag `g`: what is replaced leaves letters, digits and marks that mean nothing anywhere. Or what
 * replaces `<`, so that the text is no markup any more.
 */
export function isCleansing(pattern: Node, put: Node | undefined): boolean {
  const regex = regexOf(pattern)
  const text = put && constantOf(put)
  if (!regex?.flags.includes('g')) return false
  const kept = /^\[\^((?:\\.|[^\]\\])+)\]\+?$/.exec(regex.pattern)?.[1]
  if (kept !== undefined) return typeof text === 'string' && /^[\w-]*$/.test(text) && /^(?:\\[wd.-]|[\w.-])+$/.test(kept)
  if (regex.pattern === '\\W' || regex.pattern === '\\W+' || regex.pattern === '\\D') return typeof text === 'string' && /^[\w-]*$/.test(text)
  if (regex.pattern === '<') return text === '&lt;' || text === ''
  // `/[&<>"']/g` with a table or a function of what stands for each.
  return /^\[(?!\^)[^\]]*<[^\]]*\]$/.test(regex.pattern) && (text === '' || (put !== undefined && text === undefined))
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
