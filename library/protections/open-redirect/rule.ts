import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const SETTERS = /^(?:set|header|setHeader|append)$/

/** Redirects of Next.js and of the web's own `Response`. */
const REDIRECTS = /^(?:Response|next\/server\.NextResponse|next\/navigation)\.(?:redirect|permanentRedirect)$/

/** Spots a redirect whose whole target is the client's. */
const taintedLocation: Rule = {
  name: 'open-redirect/tainted-location',
  risk: 'open-redirect',
  title: 'A redirect leads wherever the client says',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const target = targetOf(file, call)
      if (target === undefined) continue
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
  const header = SETTERS.test(method) ? file.valueOf(first) : undefined
  return typeof header === 'string' && header.toLowerCase() === 'location' ? second : undefined
}

function locationIn(file: SourceFile, headers: Node | undefined): Node | undefined {
  return file.propertyOf(headers, 'Location') ?? file.propertyOf(headers, 'location')
}
