import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { SIGNATURE_HEADERS } from './names.ts'

const NAMES = new Set(SIGNATURE_HEADERS)
const CHECKS = /signature|constructEvent|createHmac|timingSafeEqual|verif|hmac|webhook\s*:/i

const believedDelivery: Rule = {
  name: 'webhooks/believed-delivery',
  risk: 'forged-webhook',
  title: 'Deliveries are taken without a look at their signature',
  *check(file) {
    for (const { method, path, call, handlers } of file.routes) {
      if (method !== 'POST' || path === undefined || !/(?:^|[/_-])web-?hooks?(?:[/_-]|$)/i.test(path)) continue
      // Whoever registers deliveries of others has a form for it; whoever checks signatures anywhere here may check this one.
      if (handlers.length === 0 || CHECKS.test(file.text)) continue
      yield {
        at: call,
        message: 'Nothing in this file looks at a signature, so anybody can send this route what it acts on.',
        remedy: "Name the sender in webhooks of the policy, and declare secure({ webhook: '...' }) at this route.",
      }
    }
  },
}

const plainComparison: Rule = {
  name: 'webhooks/plain-comparison',
  risk: 'signature-timing',
  title: 'A signature is compared letter by letter',
  *check(file) {
    for (const comparison of file.nodes('BinaryExpression')) {
      if (!/^[!=]==?$/.test(String(comparison['operator']))) continue
      const sides = [comparison['left'] as Node, comparison['right'] as Node]
      if (!sides.some((side) => isSignature(file, side)) || sides.some((side) => isEmpty(file, side))) continue
      yield {
        at: comparison,
        message: 'The comparison ends at the first wrong letter, and its time tells where that was.',
        remedy: "Compare with crypto.timingSafeEqual, or declare secure({ webhook: '...' }) at the route.",
      }
    }
  },
}

export const rules: readonly Rule[] = [believedDelivery, plainComparison]

function isSignature(file: SourceFile, node: Node): boolean {
  const name = file.nameOf(node)
  if (name?.startsWith('req.headers.')) return NAMES.has(name.slice('req.headers.'.length).toLowerCase())
  if (node.type !== 'CallExpression') return false
  const [first] = node['arguments'] as readonly Node[]
  const header = first && file.valueOf(first)
  const callee = file.nameOf(node['callee'] as Node) ?? ''
  return typeof header === 'string' && NAMES.has(header.toLowerCase()) && /^req\.(?:get|header)$/.test(callee)
}

/** Whether it is there at all may be asked in any time. */
function isEmpty(file: SourceFile, node: Node): boolean {
  if (node.type === 'Identifier' && node['name'] === 'undefined') return true
  if (node.type !== 'Literal') return false
  const value = file.valueOf(node)
  return value === null || value === ''
}
