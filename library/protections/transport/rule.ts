import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { isLoopbackHost } from '../../toolbox/origins.ts'

const WEAK =
  /(?:^|[:, +])(?:ALL|COMPLEMENTOFALL|aNULL|ADH|AECDH|eNULL|NULL|EXP(?:ORT)?|LOW|DES|3DES|RC4|RC2|MD5|IDEA|SEED)(?=$|[:, +@-])|@SECLEVEL=[01]\b/
const ASKS = /^(?:globalThis\.)?(?:fetch|axios|got|ky|superagent|undici)(?:\.\w+)?$/
const SECRET = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key|x-auth-token|x-access-token)$/i

const weakSuites: Rule = {
  name: 'transport/weak-suites',
  risk: 'weak-tls',
  title: 'Suites of TLS that have been broken are switched on',
  *check(file) {
    for (const property of file.nodes('Property')) {
      if (nameOf(property['key'] as Node) !== 'ciphers') continue
      const value = file.valueOf(property['value'] as Node)
      // What is struck out (`!RC4`, `-3DES`) is not switched on.
      if (typeof value !== 'string' || !WEAK.test(value.replace(/(^|[:, ])[!-][^:, ]*/g, '$1'))) continue
      yield {
        at: property,
        message: 'With these suites somebody on the way can read or change what is sent.',
        remedy: 'Leave ciphers out, or serve with listen() or modernTls() of bulwark/transport.',
      }
    }
  },
}

const hstsOff: Rule = {
  name: 'transport/hsts-off',
  risk: 'no-hsts',
  title: 'Browsers are told to forget that the site speaks HTTPS',
  *check(file) {
    const message = 'The next visit may begin in the clear, where anybody on the way can answer in place of the site.'
    const remedy = 'Leave it on with a year: max-age=31536000. Bulwark sends it over HTTPS only.'
    for (const property of file.nodes('Property')) {
      const key = nameOf(property['key'] as Node)
      const isOn = key === 'hsts' || key === 'strictTransportSecurity'
      if (isOn && file.valueOf(property['value'] as Node) === false) yield { at: property, message, remedy }
    }
    for (const call of file.nodes('CallExpression')) {
      const [name, value] = call['arguments'] as readonly Node[]
      if (name === undefined || value === undefined || call['callee'].type !== 'MemberExpression') continue
      if (String(file.valueOf(name) ?? '').toLowerCase() !== 'strict-transport-security') continue
      const age = /max-age\s*=\s*"?(\d+)/i.exec(String(file.valueOf(value) ?? ''))?.[1]
      if (age !== undefined && Number(age) < 86_400) yield { at: call, message, remedy }
    }
  },
}

const secretInTheClear: Rule = {
  name: 'transport/secret-in-the-clear',
  risk: 'plain-http',
  title: 'A secret is sent to another machine without encryption',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const callee = call['callee'] as Node
      if (!ASKS.test(file.text.slice(callee.start, callee.end))) continue
      const [where, ...rest] = call['arguments'] as readonly Node[]
      const address = where && beginningOf(file, where)
      if (address === undefined || !leavesTheMachine(address)) continue
      const isNamed = /^http:\/\/[^/@]+@/i.test(address)
      if (!isNamed && !rest.some((options) => carriesSecret(file, options))) continue
      yield {
        at: call,
        message: 'Everybody on the way can read this secret and use it from then on.',
        remedy: 'Use https:, and hand in the authority as ca where it is one of your own.',
      }
    }
  },
}

export const rules: readonly Rule[] = [weakSuites, hstsOff, secretInTheClear]

/** The constant, or the constant beginning, of an address. */
function beginningOf(file: SourceFile, node: Node): string | undefined {
  const value = file.valueOf(node)
  if (typeof value === 'string') return value
  if (node.type !== 'TemplateLiteral') return undefined
  const [first] = node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
  return first?.value.cooked ?? undefined
}

/** To a host of the internet: names without a dot and those of private networks are for the network itself to protect. */
function leavesTheMachine(address: string): boolean {
  const host = /^http:\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:?#]+)/i.exec(address)?.[1]?.toLowerCase()
  if (host === undefined || isLoopbackHost(host) || !host.includes('.')) return false
  if (/^(?:10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(host)) return false
  return !/\.(?:local|localhost|internal|test|invalid|svc|lan|home\.arpa)$/.test(host)
}

function carriesSecret(file: SourceFile, options: Node): boolean {
  if (options.type !== 'ObjectExpression') return false
  if (file.propertyOf(options, 'auth') !== undefined) return true
  const headers = file.propertyOf(options, 'headers')
  if (headers?.type !== 'ObjectExpression') return false
  return (headers['properties'] as readonly Node[]).some(
    (property) => property.type === 'Property' && SECRET.test(nameOf(property['key'] as Node) ?? ''),
  )
}

function nameOf(node: Node | undefined): string | undefined {
  const name = node?.['name'] ?? node?.['value']
  return typeof name === 'string' ? name : undefined
}
