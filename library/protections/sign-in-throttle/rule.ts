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

const WHO = '(?:user(?:name)?|account|member|customer|e-?mail(?: address)?|address|person|login)'
const UNKNOWN = new RegExp(
  `\\b(?:no|unknown|no such|invalid|wrong|incorrect) ${WHO}\\b|\\b${WHO}\\b.{0,20}(?:not found|unknown|not registered|(?:does not|doesn't|doesn’t) exist|incorrect|invalid)|\\b(?:could not|couldn't|cannot|can't) find\\b.{0,20}\\b${WHO}\\b`,
  'i',
)
const WRONG =
  /\b(?:wrong|incorrect|invalid|bad) password\b|\bpassword\b.{0,20}(?:wrong|incorrect|invalid|not match|mismatch)/i
/** Names are seen by everybody anyway: only addresses are nobody's business. */
const TAKEN =
  /\b(?:e-?mail|address|account)\b.{0,30}\b(?:taken|in use|exists|registered|used)\b|\balready\b.{0,30}\b(?:e-?mail|account|registered)\b/i
/** An address that is written wrongly is no account that is missing. */
const FORMAT =
  /\b(?:invalid|wrong|incorrect|valid)\b.{0,12}\b(?:e-?mail|address)|(?:e-?mail|address)\b.{0,12}\b(?:invalid|incorrect|valid)\b/i

const REGISTERS = /(?:register|registration|sign-?_?up|join|enrol)\/?$/i
const RESETS = /(?:forgot(?:ten)?|reset|recover|lost)(?:[-_]?(?:password|account))?\/?$/i

/** Spots answers that tell whether somebody has an account: two of a sign-in, one of a registration or a form for a forgotten password. */
const tellsWhoExists: Rule = {
  name: 'sign-in-throttle/tells-who-exists',
  risk: 'user-enumeration',
  title: 'An answer says whether somebody has an account',
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
    for (const { call } of posts(file, REGISTERS)) {
      const taken = [...literals(file, call)].find(({ text }) => TAKEN.test(text))
      if (taken === undefined) continue
      yield {
        at: taken.node,
        message: 'The registration says which addresses have an account, so anybody can learn who is here.',
        remedy: 'Answer as for a new address, and let a mail to the address say the rest.',
      }
    }
    for (const { call } of posts(file, RESETS)) {
      const unknown = [...literals(file, call)].find(({ text }) => UNKNOWN.test(text) && !FORMAT.test(text))
      if (unknown === undefined) continue
      yield {
        at: unknown.node,
        message: 'The form for a forgotten password says who has no account, so anybody can learn who has one.',
        remedy: 'Give one answer for both, such as "If there is such an account, a mail is on its way."',
      }
    }
  },
}

const LOCKED =
  /\b(?:account|user|profile|you)\b.{0,30}\b(?:locked|blocked|suspended|frozen)\b|\block(?:ed)? (?:out|account)/i
const COUNTS = /attempt|fail|tries|retries/i

/** Spots a sign-in that locks the account after so many failures: anybody who knows the name can have it locked. */
const locksAccounts: Rule = {
  name: 'sign-in-throttle/locks-accounts',
  risk: 'account-lockout',
  title: 'A sign-in locks the account after so many failures',
  *check(file) {
    for (const { call } of signIns(file)) {
      if (!COUNTS.test(textOf(file, call))) continue
      const locked = [...literals(file, call)].find(({ text }) => LOCKED.test(text))
      if (locked === undefined) continue
      yield {
        at: locked.node,
        message: 'Whoever knows a name can lock its owner out by failing on purpose.',
        remedy:
          'Limit by req.security.trySignIn(name, () => ...), which lets known devices in while strangers have to wait.',
      }
    }
  },
}

export const rules: readonly Rule[] = [unlimitedSignIn, tellsWhoExists, locksAccounts]

function* signIns(file: SourceFile): Iterable<RouteNode> {
  yield* posts(file, SIGNS_IN)
}

function* posts(file: SourceFile, path: RegExp): Iterable<RouteNode> {
  for (const route of file.routes) {
    if (route.method === 'POST' && route.path !== undefined && path.test(route.path)) yield route
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
