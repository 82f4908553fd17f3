import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { isDefaultName, isSessionLike } from './names.ts'
import { isWellKnown } from './well-known.ts'

/** Packages whose options hold a secret, and where in them. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  'express-session': ['secret'],
  'cookie-session': ['secret', 'keys'],
  '@fastify/session': ['secret'],
  '@fastify/secure-session': ['secret', 'key'],
  '@fastify/cookie': ['secret'],
}
const SECRET_FIRST: ReadonlySet<string> = new Set(['cookie-parser'])
const SECRET_SECOND: ReadonlySet<string> = new Set(['cookie-signature.sign', 'cookie-signature.unsign'])
const NAMED_BY_DEFAULT: ReadonlySet<string> = new Set(['express-session', 'cookie-session', '@fastify/session'])

const missingFlags: Rule = {
  name: 'cookies/missing-flags',
  risk: 'cookie-without-httponly',
  title: 'A session cookie is set without HttpOnly or SameSite',
  *check(file) {
    // The guard adds what is missing.
    if (file.hasBulwark) return
    const remedy = "Set it with req.security.cookies, or with httpOnly: true, sameSite: 'lax' and secure: true."
    for (const call of file.nodes('CallExpression')) {
      const args = call['arguments'] as readonly Node[]
      if (isSetter(file, call)) {
        const name = args[0] && file.valueOf(args[0])
        if (typeof name !== 'string' || !isSessionLike(name)) continue
        const lacks = lacking(file, args[2])
        if (lacks) yield { at: call, message: `The cookie ${name} is set without ${lacks}.`, remedy }
      } else if (packageOf(file, call) !== undefined) {
        const cookie = file.propertyOf(args[0], 'cookie')
        const flag = file.propertyOf(cookie, 'httpOnly') ?? file.propertyOf(args[0], 'httpOnly')
        if (flag !== undefined && file.valueOf(flag) === false) {
          yield { at: flag, message: 'The session cookie is set without HttpOnly.', remedy }
        }
      }
    }
    for (const { at, name, text } of linesOf(file)) {
      if (!isSessionLike(name)) continue
      const lacks = [/;\s*httponly/i.test(text) ? '' : 'HttpOnly', /;\s*samesite\s*=/i.test(text) ? '' : 'SameSite']
      const named = lacks.filter((flag) => flag !== '').join(' and ')
      if (named !== '') yield { at, message: `The cookie ${name} is set without ${named}.`, remedy }
    }
  },
}

const secureOff: Rule = {
  name: 'cookies/secure-off',
  risk: 'cookie-without-secure',
  title: 'A session cookie may travel unencrypted',
  *check(file) {
    // The guard adds what is missing.
    if (file.hasBulwark) return
    for (const call of file.nodes('CallExpression')) {
      const args = call['arguments'] as readonly Node[]
      const name = isSetter(file, call) && args[0] ? file.valueOf(args[0]) : undefined
      const isSet = typeof name === 'string' && isSessionLike(name)
      if (!isSet && packageOf(file, call) === undefined) continue
      const options = isSet ? args[2] : args[0]
      const flag = file.propertyOf(file.propertyOf(options, 'cookie') ?? options, 'secure')
      // What depends on where the app runs is no constant.
      if (flag === undefined || file.valueOf(flag) !== false) continue
      yield {
        at: flag.start >= call.start && flag.end <= call.end ? flag : call,
        message: 'This cookie is sent over http too, where anybody on the way can read it.',
        remedy:
          "Set secure: true, or secure: 'auto' where the package knows it; browsers take it on localhost as well.",
      }
    }
  },
}

const defaultName: Rule = {
  name: 'cookies/default-name',
  risk: 'default-cookie-name',
  title: "The session cookie has its package's default name",
  *check(file) {
    const message = 'The name of this cookie tells which package made it, and binds it to no host.'
    const remedy = 'Give it a name of your own that begins with __Host-.'
    for (const call of file.nodes('CallExpression')) {
      const args = call['arguments'] as readonly Node[]
      const from = packageOf(file, call)
      if (from !== undefined && NAMED_BY_DEFAULT.has(from)) {
        const isObject = args[0]?.type === 'ObjectExpression'
        const key = from === '@fastify/session' ? 'cookieName' : 'name'
        if (isObject && file.propertyOf(args[0], key) === undefined && !hasSpread(args[0])) {
          yield { at: call, message, remedy }
        }
      } else if (isSetter(file, call)) {
        const name = args[0] && file.valueOf(args[0])
        if (typeof name === 'string' && isDefaultName(name)) yield { at: call, message, remedy }
      }
    }
    for (const { at, name } of linesOf(file)) {
      if (isDefaultName(name)) yield { at, message, remedy }
    }
  },
}

const secretInSource: Rule = {
  name: 'cookies/secret-in-source',
  risk: 'weak-cookie-secret',
  title: 'The secret that signs cookies is written in the source',
  spotsSecrets: true,
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      for (const at of secretsOf(file, call)) {
        yield {
          at,
          message: 'Whoever reads this source can sign any cookie.',
          remedy: 'Take the secret from the environment, 32 or more random characters, and end all sessions.',
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [missingFlags, secureOff, defaultName, secretInSource]

/** `res.cookie(...)` of Express, `reply.setCookie(...)` of Fastify. */
function isSetter(file: SourceFile, call: Node): boolean {
  const name = file.nameOf(call['callee'])
  return name === 'res.cookie' || name === 'res.setCookie'
}

function packageOf(file: SourceFile, call: Node): string | undefined {
  const name = file.nameOf(call['callee'])
  return name !== undefined && name in SECRETS ? name : undefined
}

/** Options that cannot be read may hold anything, so they lack nothing. */
function lacking(file: SourceFile, options: Node | undefined): string | undefined {
  if (options === undefined) return 'HttpOnly and SameSite'
  const httpOnly = file.propertyOf(options, 'httpOnly')
  const sameSite = file.propertyOf(options, 'sameSite')
  if (httpOnly !== undefined && file.valueOf(httpOnly) === false) return 'HttpOnly'
  if (options.type !== 'ObjectExpression' || hasSpread(options)) return undefined
  if (httpOnly === undefined) return sameSite === undefined ? 'HttpOnly and SameSite' : 'HttpOnly'
  return sameSite === undefined ? 'SameSite' : undefined
}

function hasSpread(object: Node | undefined): boolean {
  return (object?.['properties'] as readonly Node[] | undefined)?.some(({ type }) => type === 'SpreadElement') === true
}

/** `Set-Cookie` lines put together by hand, as far as their beginning is written out. */
function* linesOf(file: SourceFile): Iterable<{ at: Node; name: string; text: string }> {
  for (const call of file.nodes('CallExpression')) {
    const [first, second] = call['arguments'] as readonly Node[]
    const header = first && file.valueOf(first)
    if (typeof header !== 'string' || header.toLowerCase() !== 'set-cookie' || second === undefined) continue
    const values = second.type === 'ArrayExpression' ? (second['elements'] as readonly (Node | null)[]) : [second]
    for (const at of values) {
      const text = at ? writtenOut(file, at) : undefined
      const name = text === undefined ? undefined : /^\s*([^=;\s]+)\s*=/.exec(text)?.[1]
      if (at && text !== undefined && name !== undefined) yield { at, name, text }
    }
  }
}

function writtenOut(file: SourceFile, node: Node): string | undefined {
  const value = file.valueOf(node)
  if (typeof value === 'string') return value
  if (node.type !== 'TemplateLiteral') return undefined
  const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
  return quasis.map(({ value: { cooked } }) => cooked ?? '').join('*')
}

function* secretsOf(file: SourceFile, call: Node): Iterable<Node> {
  const args = call['arguments'] as readonly Node[]
  const name = file.nameOf(call['callee'])
  if (name === undefined) return
  const given = SECRET_FIRST.has(name) ? args[0] : SECRET_SECOND.has(name) ? args[1] : undefined
  if (given !== undefined && isWritten(file, given)) yield given
  for (const key of SECRETS[name] ?? []) {
    const secret = file.propertyOf(args[0], key)
    if (secret !== undefined && isWritten(file, secret))
      yield secret.start >= call.start && secret.end <= call.end ? secret : call
  }
  // A key of one's own for an HMAC: only one that anybody would try is certainly no example of a test vector.
  if (name.endsWith('crypto.createHmac') && args[1] !== undefined) {
    const key = file.valueOf(args[1])
    if (typeof key === 'string' && key !== '' && isWellKnown(key)) yield args[1]
  }
}

/** A constant text, also as one of a list or behind `??` and `||`. */
function isWritten(file: SourceFile, node: Node): boolean {
  const value = file.valueOf(node)
  if (typeof value === 'string') return value !== ''
  if (node.type === 'ArrayExpression') {
    return (node['elements'] as readonly (Node | null)[]).some((each) => each !== null && isWritten(file, each))
  }
  return node.type === 'LogicalExpression' && node['operator'] !== '&&' && isWritten(file, node['right'] as Node)
}
