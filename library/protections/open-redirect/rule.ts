import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const SETTERS = /^(?:set|header|setHeader|append)$/

/** Redirects of Next.js and of the web's own `Response`. */
const REDIRECTS =
  /^(?:Response|next\/server\.NextResponse|next\/navigation|@remix-run\/\w+|react-router)\.(?:redirect|permanentRedirect)$/

/** Spots a redirect whose whole target is the client's. */
const taintedLocation: Rule = {
  name: 'open-redirect/tainted-location',
  risk: 'open-redirect',
  title: 'A redirect leads wherever the client says',
  *check(file) {
    for (const [call, target] of redirects(file)) {
      const taint = file.taintOf(target, { when: 'local' })
      // Behind a fixed beginning, such as `/posts/`, a value can choose a page but no site.
      if (taint === undefined || taint.control !== 'whole') continue
      yield {
        at: call,
        message: `${taint.source} decides where this redirect leads, also to another site.`,
        remedy: 'Redirect to safeRedirect(target), which answers a fallback for other sites.',
        taint,
      }
    }
  },
}

export const rules: readonly Rule[] = [taintedLocation]

/** What redirects, with the target. */
function* redirects(file: SourceFile): Iterable<[Node, Node]> {
  for (const call of file.nodes('CallExpression')) {
    const target = targetOf(file, call)
    if (target !== undefined) yield [call, target]
  }
  for (const made of file.nodes('NewExpression')) {
    const [, options] = made['arguments'] as readonly Node[]
    const name = options && file.nameOf(made['callee'] as Node)
    if (name === undefined || !/^(?:Response|next\/server\.NextResponse)$/.test(name)) continue
    const target = headersIn(file, file.propertyOf(options, 'headers'))
    if (target !== undefined) yield [made, target]
  }
  // `@Redirect()` of Nest: the method answers where to.
  for (const answer of file.nodes('ReturnStatement')) {
    const method = file.parent(file.scopeOf(answer))
    const decorators = ((method?.type === 'MethodDefinition' && method['decorators']) || []) as readonly Node[]
    if (!decorators.some(({ expression }) => expression?.callee?.name === 'Redirect')) continue
    const target = file.propertyOf((answer['argument'] as Node | null) ?? undefined, 'url')
    if (target !== undefined) yield [answer, target]
  }
}

/** In an object of headers, or in `new Headers(...)` of one. */
function headersIn(file: SourceFile, headers: Node | undefined): Node | undefined {
  const isMade = headers?.type === 'NewExpression' && file.nameOf(headers['callee'] as Node) === 'Headers'
  return locationIn(file, isMade ? (headers['arguments'] as readonly Node[])[0] : headers)
}

/** The target of a call that redirects. */
function targetOf(file: SourceFile, call: Node): Node | undefined {
  const callee = call['callee'] as Node
  const [first, second, third] = call['arguments'] as readonly Node[]
  const name = file.nameOf(callee)
  // `redirect(status, url)` in Express and `redirect(url, status)` in Fastify: the number is never the target.
  if (name === 'res.redirect') return second !== undefined && typeof file.valueOf(second) !== 'number' ? second : first
  if (name === 'res.location' || (name !== undefined && REDIRECTS.test(name))) return first
  if (name === 'res.writeHead') return locationIn(file, second) ?? locationIn(file, third)
  if (callee.type !== 'MemberExpression' || first === undefined) return undefined
  const method = String((callee['property'] as Node)['name'] ?? '')
  if (!SETTERS.test(method)) return undefined
  if (second === undefined) return locationIn(file, first)
  const header = file.valueOf(first)
  return typeof header === 'string' && header.toLowerCase() === 'location' ? second : undefined
}

function locationIn(file: SourceFile, headers: Node | undefined): Node | undefined {
  return file.propertyOf(headers, 'Location') ?? file.propertyOf(headers, 'location')
}
