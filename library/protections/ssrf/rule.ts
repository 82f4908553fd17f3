import type { Node, Rule, SourceFile, Taint } from '../../core/rule.ts'

/** Functions whose first argument is an address, or an object that holds one. */
const CALLS =
  /^(?:fetch|globalThis\.fetch|(?:node:)?https?\.(?:get|request)|(?:node:)?http2\.connect|(?:node:)?(?:net|tls)\.(?:connect|createConnection)|axios(?:\.create\(\))?(?:\.(?:get|delete|head|options|post|put|patch|request|postForm|putForm|patchForm))?|got(?:\.extend\(\))?(?:\.(?:get|post|put|patch|head|delete|stream))?|undici\.(?:fetch|request|stream|pipeline|connect)|node-fetch|cross-fetch(?:\.fetch)?|isomorphic-fetch|make-fetch-happen|ofetch(?:\.(?:ofetch|\$fetch))?|ky(?:\.(?:get|post|put|patch|head|delete))?|needle(?:\.(?:get|head|post|put|patch|delete))?|request(?:-promise(?:-native)?)?(?:\.(?:get|post|put|patch|head|del|delete))?|superagent\.(?:get|post|put|patch|head|del|delete)|phin|bent|wretch|follow-redirects\.https?\.(?:get|request)|@nestjs\/axios\.HttpService\(\)(?:\.axiosRef)?\.(?:get|delete|head|post|put|patch|request)|open-graph-scraper|link-preview-js\.getLinkPreview)$/
/** What is made an address by being handed to `new`. */
const CLASSES = /^(?:ws(?:\.WebSocket)?|WebSocket|undici\.(?:Client|Pool|WebSocket)|EventSource|eventsource)$/
/** What they make calls addresses below the one that stands in their options. */
const MAKERS = /^(?:axios\.create|got\.extend|ky\.(?:create|extend))$/
/** The address is their second argument. */
const SECOND = /^(?:needle|needle\.request)$/
const KEYS: readonly string[] = ['url', 'uri', 'baseURL', 'prefixUrl', 'hostname', 'host', 'origin']
/** Stands for a piece of an address that is not known, and not the client's. */
const UNKNOWN = '\u0001'
/** An address whose host is over before the client's part begins. */
const HOST_IS_OVER = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#\\]+[/?#]|\/(?![/\\]).|\u0001[^/?#\\]*[/?#])/i
/** The same on a line of source, where the text was put together before it was called. */
const LINE_WITH_HOST =
  /['"`]https?:\/\/[\w.-]+(?::\d+)?\/|`\$\{(?:process\.env\.\w+|[A-Z][A-Z0-9_]*|(?:this\.)?config\.[\w.]+)\}\//

/** Spots an address that the client decides and the app calls. */
const taintedAddress: Rule = {
  name: 'ssrf/tainted-address',
  risk: 'ssrf',
  title: 'The client decides whom the app calls',
  *check(file) {
    for (const type of ['CallExpression', 'NewExpression']) {
      for (const call of file.nodes(type)) {
        for (const address of addressesOf(file, call)) {
          const taint = file.taintOf(address)
          if (taint === undefined || !decidesHost(file, address, taint)) continue
          yield {
            at: call,
            message: `${taint.source} decides whom the app calls, so it can be made to call inner machines.`,
            remedy: 'Call it with safeFetch(url), or look the host up in a list of your own.',
            taint,
          }
          break
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [taintedAddress]

function addressesOf(file: SourceFile, call: Node): readonly Node[] {
  const callee = call['callee'] as Node
  const [first, second] = call['arguments'] as readonly Node[]
  if (first === undefined || first.type === 'SpreadElement') return []
  const name = file.nameOf(callee)
  if (!isCall(file, call, callee, name)) return []
  if (name !== undefined && MAKERS.test(name)) return partsOf(file, first)
  if (name !== undefined && /(?:net|tls)\./.test(name) && second !== undefined) return [...partsOf(file, first), second]
  const address = name !== undefined && SECOND.test(name) && second !== undefined ? second : first
  // Of an object that names the host, nothing else decides whom it leads to.
  const own = partsOf(file, address)
  const parts = [...own, ...(second === undefined ? [] : partsOf(file, second))]
  return own.length > 0 ? parts : [address, ...parts]
}

function partsOf(file: SourceFile, options: Node): readonly Node[] {
  return KEYS.flatMap((key) => file.propertyOf(options, key) ?? [])
}

function isCall(file: SourceFile, call: Node, callee: Node, name: string | undefined): boolean {
  if (call.type === 'NewExpression') return name !== undefined && CLASSES.test(name)
  if (name !== undefined && (CALLS.test(name) || MAKERS.test(name))) return true
  if (callee.type !== 'MemberExpression') return false
  const method = String((callee['property'] as Node)['name'] ?? '')
  if (method === 'goto' || method === 'setContent') {
    return (
      method === 'goto' &&
      [...['puppeteer', 'puppeteer-core', 'playwright', 'playwright-core']].some((each) => file.usesPackage(each))
    )
  }
  return false
}

/** Whether the client's part of the address begins before its host is over. */
function decidesHost(file: SourceFile, address: Node, taint: Taint): boolean {
  if (taint.control === 'whole') return true
  const beginning = beginningOf(file, address)
  if (HOST_IS_OVER.test(beginning)) return false
  return beginning !== '' || !taint.trace.some(({ text }) => LINE_WITH_HOST.test(text))
}

/** What stands in front of the client's part, as far as the expression shows it. */
function beginningOf(file: SourceFile, node: Node): string {
  const value = file.valueOf(node)
  if (value !== undefined) return String(value)
  if (node.type === 'TemplateLiteral') {
    let text = ''
    const expressions = node['expressions'] as readonly Node[]
    for (const [i, quasi] of (node['quasis'] as readonly Node[]).entries()) {
      text += String(quasi['value'].cooked ?? '')
      const next = expressions[i]
      if (next === undefined) break
      if (file.taintOf(next) !== undefined) return text + beginningOf(file, next)
      text += beginningOf(file, next) || UNKNOWN
    }
    return text
  }
  if (node.type === 'BinaryExpression' && node['operator'] === '+') {
    const [left, right] = [node['left'] as Node, node['right'] as Node]
    const start = beginningOf(file, left)
    if (file.taintOf(left) !== undefined) return start
    return (start || UNKNOWN) + beginningOf(file, right)
  }
  if (node.type === 'NewExpression' && file.nameOf(node['callee'] as Node) === 'URL') {
    const [first] = node['arguments'] as readonly Node[]
    return first === undefined ? '' : beginningOf(file, first)
  }
  return ''
}
