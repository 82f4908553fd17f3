import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { IDENTITY_HEADERS } from './headers.ts'

const NAMES = new Set(IDENTITY_HEADERS)
const READS = /^(?:req\.(?:get|header|headers\.get)|c\.req\.header)$/

/** Who the user is, by a header. */
const believedHeader: Rule = {
  name: 'callers/believed-header',
  risk: 'forged-identity',
  title: 'A header decides who the user is',
  *check(file) {
    for (const node of headerReads(file)) {
      yield {
        at: node,
        message: 'Anybody who reaches this app can send this header, and be whoever they like.',
        remedy:
          'Name who may set it in callers of the policy (identityHeaders: { from: [...] }), or take req.security.caller.',
      }
    }
  },
}

/** A cookie or token of the user that goes on to another program. */
const forwardedSession: Rule = {
  name: 'callers/forwarded-session',
  risk: 'forwarded-session',
  title: "The user's session is handed on to another program",
  *check(file) {
    for (const object of file.nodes('ObjectExpression')) {
      for (const property of object['properties'] as readonly Node[]) {
        if (property.type !== 'Property' || !/^cookie$/i.test(keyOf(property) ?? '')) continue
        const value = file.nameOf(property['value'] as Node)
        if (value !== 'req.headers.cookie') continue
        yield {
          at: property,
          message: 'Whoever gets this request can do everything that the user can, for as long as the session lasts.',
          remedy:
            "Use req.security.callService('name', { path, onBehalfOf }): it says who the user is, and hands on nothing.",
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [believedHeader, forwardedSession]

function* headerReads(file: SourceFile): Iterable<Node> {
  for (const member of file.nodes('MemberExpression')) {
    // What is not called like one of them is none, and most members are cheap to tell by that.
    if (!NAMES.has(memberName(member)) && (member['property'] as Node).type !== 'TemplateLiteral') continue
    const name = file.nameOf(member)
    if (name?.startsWith('req.headers.') && NAMES.has(name.slice('req.headers.'.length).toLowerCase())) yield member
  }
  for (const call of file.nodes('CallExpression')) {
    const [first] = call['arguments'] as readonly Node[]
    const header = first && file.valueOf(first)
    if (typeof header !== 'string' || !NAMES.has(header.toLowerCase())) continue
    if (READS.test(file.nameOf(call['callee'] as Node) ?? '')) yield call
  }
}

function memberName(member: Node): string {
  const property = member['property'] as Node
  return String(property['name'] ?? property['value'] ?? '').toLowerCase()
}

function keyOf(property: Node): string | undefined {
  const key = property['key'] as Node
  if (key.type === 'Identifier' && property['computed'] !== true) return String(key['name'])
  return key.type === 'Literal' ? String(key['value']) : undefined
}
