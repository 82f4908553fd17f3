import type { Node, Rule, SourceFile, Spot } from '../../core/rule.ts'

const SETTERS = /^(?:set|header|setHeader|append|appendHeader)$/
const LOOSE = /^(?:\*|https?:|data:|'unsafe-inline')$/i
const BOUND = /^'(?:nonce-|sha(?:256|384|512)-|strict-dynamic')/i

/** Spots a security header with a value that protects nothing, and helmet with its policy taken out. */
const weakPolicy: Rule = {
  name: 'headers/weak-policy',
  risk: 'weak-csp',
  title: 'A security header has a value that protects nothing',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const callee = call['callee'] as Node
      const [first, second] = call['arguments'] as readonly Node[]
      if (callee.type === 'MemberExpression' && first !== undefined && second !== undefined) {
        const method = String((callee['property'] as Node)['name'] ?? '')
        const why = SETTERS.test(method) ? weaknessOf(file.valueOf(first), file.valueOf(second)) : undefined
        if (why !== undefined) yield spot(call, why)
      }
      if (file.nameOf(callee) === 'helmet') yield* checkHelmet(file, first)
    }
  },
}

export const rules: readonly Rule[] = [weakPolicy]

function* checkHelmet(file: SourceFile, options: Node | undefined): Iterable<Spot> {
  for (const name of ['contentSecurityPolicy', 'frameguard', 'xFrameOptions', 'noSniff', 'xContentTypeOptions']) {
    const option = file.propertyOf(options, name)
    if (option !== undefined && file.valueOf(option) === false)
      yield spot(option, `helmet is told to leave out ${name}`)
  }
  const directives = file.propertyOf(file.propertyOf(options, 'contentSecurityPolicy'), 'directives')
  for (const name of ['scriptSrc', 'script-src', 'defaultSrc', 'default-src']) {
    const list = file.propertyOf(directives, name)
    if (list?.type !== 'ArrayExpression') continue
    const sources = (list['elements'] as readonly (Node | null)[]).map((each) =>
      each ? file.valueOf(each) : undefined,
    )
    // A function among the sources makes a nonce, and a nonce makes browsers ignore 'unsafe-inline'.
    if (sources.every((source) => typeof source === 'string') && isLoose(sources)) {
      yield spot(list, 'the policy lets inline scripts run, or scripts from anywhere')
    }
  }
}

function weaknessOf(name: unknown, value: unknown): string | undefined {
  if (typeof name !== 'string' || typeof value !== 'string') return undefined
  switch (name.toLowerCase()) {
    case 'content-security-policy':
      return isLoosePolicy(value) ? 'the policy lets inline scripts run, or scripts from anywhere' : undefined
    case 'x-frame-options':
      return /^(?:deny|sameorigin)$/i.test(value.trim()) ? undefined : 'browsers ignore this X-Frame-Options'
    case 'x-content-type-options':
      return /^nosniff$/i.test(value.trim()) ? undefined : 'browsers ignore this X-Content-Type-Options'
    default:
      return undefined
  }
}

function isLoosePolicy(text: string): boolean {
  const directives = new Map<string, readonly string[]>()
  for (const part of text.split(';')) {
    const [name = '', ...sources] = part.trim().split(/\s+/)
    if (name !== '' && !directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), sources)
  }
  return isLoose(directives.get('script-src') ?? directives.get('default-src') ?? [])
}

function isLoose(sources: readonly string[]): boolean {
  return sources.some((source) => LOOSE.test(source)) && !sources.some((source) => BOUND.test(source))
}

function spot(at: Node, why: string): Spot {
  return {
    at,
    message: `This protects nothing: ${why}.`,
    remedy: 'Leave the header to bulwark(), and give scripts the nonce of req.security.nonce.',
  }
}
