import type { HandlerNode, Node, Rule, SourceFile } from '../../core/rule.ts'
import { isSignOut } from './exit.ts'

const CLEARS = /\.(?:clearCookie|deleteCookie)\s*\(|Max-Age=0|maxAge:\s*0\b|expires:\s*new Date\([01]?\)/
/** Calls that answer, write down or format, and end nothing on the server. */
const HARMLESS = /^(?:console|log(?:ger)?|next|formatCookie|serialize(?:Cookie)?|cookie\.serialize|Date|String)\b/

/** Spots a sign-out that does nothing but tell the browser to forget. */
export const exitOnlyInBrowser: Rule = {
  name: 'sessions/cookie-cleared-only',
  risk: 'session-not-ended',
  title: 'Signing out only clears the cookie',
  *check(file) {
    for (const { method, path, handlers, call } of file.routes) {
      if (method === 'USE' || path === undefined || !isSignOut(path)) continue
      const [only, ...others] = handlers
      const args = call['arguments'] as readonly Node[]
      if (only === undefined || others.length > 0 || hasMore(args, only) || !onlyForgets(file, only)) continue
      yield {
        at: args[0] ?? call,
        message: 'The browser forgets the cookie, and the server does not: a copy of it still opens the account.',
        remedy: 'End the session on the server too: req.security.session.signOut().',
      }
    }
  },
}

/** Whether something stands between the path and the function that may end the session, and is written elsewhere. */
function hasMore(args: readonly Node[], { fn }: HandlerNode): boolean {
  const at = args.findIndex(({ start, end }) => start <= fn.start && fn.end <= end)
  return args.slice(1, Math.max(at, 1)).some(({ type }) => type !== 'ObjectExpression')
}

function onlyForgets(file: SourceFile, { fn, response }: HandlerNode): boolean {
  const isInside = ({ start, end }: Node): boolean => start >= fn.start && end <= fn.end
  const textOf = ({ start, end }: Node): string => file.text.slice(start, end)
  if (!CLEARS.test(textOf(fn))) return false
  for (const type of ['AssignmentExpression', 'NewExpression', 'CallExpression']) {
    for (const node of file.nodes(type)) {
      if (!isInside(node)) continue
      if (type === 'AssignmentExpression') return false
      const callee = textOf(node['callee'] as Node)
      const answers = response !== undefined && new RegExp(`^${response}\\b`).test(callee)
      if (!answers && !HARMLESS.test(callee)) return false
    }
  }
  // `delete req.session.user`, also as a statement of its own.
  return ![...file.nodes('UnaryExpression')].some((node) => node['operator'] === 'delete' && isInside(node))
}
