import type { Node, RouteNode, Rule, SourceFile } from '../../core/rule.ts'

const SIGNS_IN = /(?:log-?_?in|sign-?_?in|sessions?|authenticate|token)\/?$/i
const VERIFIES =
  /\b(?:verifyPassword|compareSync|comparePassword|checkPassword|validatePassword|validPassword)\s*\(|\b(?:bcrypt\w*|argon2|passwords|hasher)\.(?:compare|verify)\s*\(|(?:\bpassword|\.password)\s*(?:===|!==|==|!=)\s*(?!['"`]|undefined|null)[\w.]|(?:===|!==|==|!=)\s*(?:[\w.?[\]]*\.)?password\b/
const LIMITS = /limit|throttl|slow-?down|brute|trySignIn|attempts|lock/i

/** Spots a sign-in that verifies a password, and nothing around it that counts. */
const unlimitedSignIn: Rule = {
  name: 'sign-in-throttle/unlimited-sign-in',
  risk: 'password-guessing',
  title: 'A sign-in takes any number of guesses',
  *check(file) {
    const isLimited = file.routes.some((route) => route.method === 'USE' && LIMITS.test(textOf(file, route.call)))
    if (isLimited) return
    for (const route of signIns(file)) {
      const whole = textOf(file, route.call)
      if (!VERIFIES.test(whole) || LIMITS.test(whole)) continue
      yield {
        at: (route.call['arguments'] as readonly Node[])[0] ?? route.call,
        message: 'This route checks a password, and nothing counts how often: a script may guess until it is right.',
        remedy: 'Check the password inside req.security.trySignIn(name, () => ...).',
      }
    }
  },
}

const WHO = '(?:user(?:name)?|account|member|customer|e-?mail(?: address)?|person|login)'
const UNKNOWN = new RegExp(
  `\\b(?:no|unknown|no such|invalid|wrong|incorrect) ${WHO}\\b|\\b${WHO}\\b.{0,20}(?:not found|unknown|not registered|(?:does not|doesn't|doesn’t) exist|incorrect|invalid)|\\b(?:could not|couldn't|cannot|can't) find\\b.{0,20}\\b${WHO}\\b`,
  'i',
)
const WRONG =
  /\b(?:wrong|incorrect|invalid|bad) password\b|\bpassword\b.{0,20}(?:wrong|incorrect|invalid|not match|mismatch)/i

/** Spots two different answers in one sign-in: nobody of that name, and not that password. */
const tellsWhoExists: Rule = {
  name: 'sign-in-throttle/tells-who-exists',
  risk: 'user-enumeration',
  title: 'A sign-in says whether somebody has an account',
  *check(file) {
    for (const { call } of signIns(file)) {
      const said = [...literals(file, call)]
      const isAboutPassword = said.some(({ text }) => WRONG.test(text) && !new RegExp(`\\b${WHO}\\b`, 'i').test(text))
      const unknown = said.find(({ text }) => UNKNOWN.test(text) && !/password/i.test(text))
      if (!isAboutPassword || unknown === undefined) continue
      yield {
        at: unknown.node,
        message:
          'There is one answer for unknown names and another for wrong passwords, so anybody can learn who has an account.',
        remedy: 'Give the same answer for both, such as "The name or the password is wrong."',
      }
    }
  },
}

export const rules: readonly Rule[] = [unlimitedSignIn, tellsWhoExists]

function* signIns(file: SourceFile): Iterable<RouteNode> {
  for (const route of file.routes) {
    if (route.method === 'POST' && route.path !== undefined && SIGNS_IN.test(route.path)) yield route
  }
}

function* literals(file: SourceFile, around: Node): Iterable<{ readonly node: Node; readonly text: string }> {
  for (const node of file.nodes('Literal')) {
    if (node.start < around.start || node.end > around.end) continue
    const value: unknown = node['value']
    if (typeof value === 'string') yield { node, text: value }
  }
}

/** What runs: a comment about limits limits nothing. */
function textOf(file: SourceFile, node: Node): string {
  return file.text.slice(node.start, node.end).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}
