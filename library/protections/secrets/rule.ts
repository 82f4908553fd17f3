import type { Node, Rule, SourceFile } from '../../core/rule.ts'
import { isPlaceholder, isRandomLooking, knownSecretIn } from './formats.ts'

/** What is made up so that a test or a manual has something to show. */
const NOT_IN_USE =
  /(?:^|[\\/])(?:tests?|__tests__|e2e|specs?|__fixtures__|__mocks__|mocks?|examples?|docs?)[\\/]|\.(?:test|spec|stories|example)\.[cm]?[jt]sx?$/i
const REMEDY =
  'Take it from the environment or from a sealed file (bulwark secrets edit), and end the one that stands here.'

/** Names under which people keep secrets, and names that only speak of them. */
const SECRET_NAME =
  /(?:secret|api_?key|access_?key|private_?key|signing_?key|encryption_?key|master_?key|auth_?token|access_?token|refresh_?token|bot_?token|bearer|client_?secret|jwt_?key|token)s?(?:_?(?:old|new|prod|production|live|default|fallback))?$/i
const NO_SECRET =
  /public|publishable|site_?key|client_?id|csrf|xsrf|name|header|field|label|type|hash|pattern|regex|cookie_?key/i

const secretInSource: Rule = {
  name: 'secrets/in-source',
  risk: 'secret-in-source',
  title: 'A secret is written in the source',
  spotsSecrets: true,
  *check(file) {
    if (NOT_IN_USE.test(file.path)) return
    for (const literal of file.nodes('Literal')) {
      const text: unknown = literal['value']
      if (typeof text !== 'string' || text.length < 8) continue
      const what = knownSecretIn(text) ?? passwordIn(text) ?? namedSecret(file, literal, text)
      if (what === undefined) continue
      yield {
        at: literal,
        message: `This is ${what}: whoever reads the source, or an old version of it, has it.`,
        remedy: REMEDY,
      }
    }
    for (const template of file.nodes('TemplateLiteral')) {
      const [whole] = template['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[]
      const text = (template['expressions'] as readonly Node[]).length === 0 ? whole?.value.cooked : undefined
      const what = text ? knownSecretIn(text) : undefined
      if (what !== undefined)
        yield { at: template, message: `This is ${what}: whoever reads the source has it.`, remedy: REMEDY }
    }
  },
}

/** Packages that sign or verify tokens: the argument with the secret, or the option. */
const TOKEN_ARGUMENTS: Readonly<Record<string, number>> = {
  'jsonwebtoken.sign': 1,
  'jsonwebtoken.verify': 1,
  'jwt-simple.encode': 1,
  'jwt-simple.decode': 1,
  'hono/jwt.sign': 1,
  'hono/jwt.verify': 1,
}
const TOKEN_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'express-jwt.expressjwt': ['secret'],
  'express-jwt': ['secret'],
  'koa-jwt': ['secret'],
  'hono/jwt.jwt': ['secret'],
  '@fastify/jwt': ['secret'],
  'passport-jwt.Strategy': ['secretOrKey'],
}

const tokenSecret: Rule = {
  name: 'secrets/token-secret',
  risk: 'secret-in-source',
  title: 'The secret that signs tokens is written in the source',
  spotsSecrets: true,
  *check(file) {
    if (NOT_IN_USE.test(file.path)) return
    for (const { call, name, args } of calls(file)) {
      for (const at of tokenSecretsOf(file, call, name, args)) {
        yield {
          at,
          message: 'Whoever reads this source, or guesses the word, can write tokens for anybody.',
          remedy:
            'Take the secret from the environment, 32 or more random characters, and let no token of the old one count.',
        }
      }
    }
  },
}

/** Clients of other systems, and where the password stands in their options. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  'mysql.createConnection': ['password'],
  'mysql.createPool': ['password'],
  'mysql2.createConnection': ['password'],
  'mysql2.createPool': ['password'],
  'mysql2/promise.createConnection': ['password'],
  'mysql2/promise.createPool': ['password'],
  'mariadb.createPool': ['password'],
  'pg.Pool': ['password'],
  'pg.Client': ['password'],
  ioredis: ['password'],
  'ioredis.Redis': ['password'],
  'redis.createClient': ['password'],
  knex: ['connection.password'],
  'knex.knex': ['connection.password'],
  'nodemailer.createTransport': ['auth.pass'],
  'mssql.connect': ['password'],
  'ldapjs.createClient': ['bindCredentials'],
}

const clientPassword: Rule = {
  name: 'secrets/client-password',
  risk: 'secret-in-source',
  title: 'The password for another system is written in the source',
  spotsSecrets: true,
  *check(file) {
    if (NOT_IN_USE.test(file.path)) return
    for (const { call, name, args } of calls(file)) {
      for (const path of CLIENTS[name] ?? []) {
        const given = path.split('.').reduce<Node | undefined>((node, key) => file.propertyOf(node, key), args[0])
        const at = given && writtenIn(file, given, call)
        if (at === undefined) continue
        yield { at, message: 'Whoever reads this source can sign in to that system.', remedy: REMEDY }
      }
    }
  },
}

export const rules: readonly Rule[] = [secretInSource, tokenSecret, clientPassword]

/** `postgres://shop:the-password@db.internal/shop`, but not to this machine, and not as manuals write it. */
function passwordIn(text: string): string | undefined {
  const match = /^[a-z][a-z0-9+.-]{1,20}:\/\/([^\s:@/]*):([^\s@/]{3,})@([^\s/:?#]+)/i.exec(text)
  const [, user = '', password = '', host = ''] = match ?? []
  const isMadeUp =
    isPlaceholder(text) || /^(?:pass(?:word)?|pw|secret|user(?:name)?)$/i.test(password) || password === user
  const isHere = /^(?:localhost|127\.\d|\[?::1|0\.0\.0\.0|host$|server$)/i.test(host)
  return match === null || isMadeUp || isHere ? undefined : 'an address with a password in it'
}

/** Chance under the name of a secret. What a package for cookies is given is for the rule that knows it. */
function namedSecret(file: SourceFile, literal: Node, text: string): string | undefined {
  if (!isRandomLooking(text)) return undefined
  const name = nameFor(file, literal)
  return name !== undefined && SECRET_NAME.test(name) && !NO_SECRET.test(name) ? 'a secret' : undefined
}

/** The name that a value is kept under: of a variable, a property, a parameter, or a setting that it stands in for. */
function nameFor(file: SourceFile, literal: Node): string | undefined {
  let node = literal
  for (let i = 0; i < 6; i++) {
    const parent = file.parent(node)
    switch (parent?.type) {
      case 'LogicalExpression':
      case 'ConditionalExpression':
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'ArrayExpression':
        node = parent
        continue
      case 'VariableDeclarator':
        return parent['init'] === node ? nameOfKey(parent['id'] as Node) : undefined
      case 'Property':
      case 'PropertyDefinition':
        return parent['value'] === node ? nameOfKey(parent['key'] as Node) : undefined
      case 'AssignmentExpression':
      case 'AssignmentPattern':
        return parent['right'] === node ? nameOfKey(parent['left'] as Node) : undefined
      default:
        return undefined
    }
  }
  return undefined
}

function nameOfKey(node: Node): string | undefined {
  if (node.type === 'Identifier') return String(node['name'])
  if (node.type === 'Literal') return String(node['value'])
  return node.type === 'MemberExpression' ? nameOfKey(node['property'] as Node) : undefined
}

interface Call {
  readonly call: Node
  readonly name: string
  readonly args: readonly Node[]
}

function* calls(file: SourceFile): Iterable<Call> {
  for (const type of ['CallExpression', 'NewExpression']) {
    for (const call of file.nodes(type)) {
      const name = file.nameOf(call['callee'] as Node)?.replace('.default', '')
      if (name !== undefined) yield { call, name, args: call['arguments'] as readonly Node[] }
    }
  }
}

function* tokenSecretsOf(file: SourceFile, call: Node, name: string, args: readonly Node[]): Iterable<Node> {
  const at = TOKEN_ARGUMENTS[name]
  const given = at === undefined ? undefined : args[at]
  if (given !== undefined) {
    const written = writtenIn(file, given, call)
    // What does not verify a signature is told elsewhere, and a public key is meant to be read.
    if (written !== undefined && !/PUBLIC KEY/.test(String(file.valueOf(given)))) yield written
  }
  // A plugin is handed over as the first argument: app.register(fastifyJwt, { secret })
  const plugin = args[0] && file.nameOf(args[0])?.replace('.default', '')
  for (const [holder, options] of [
    [name, args[0]],
    [plugin ?? '', args[1]],
  ] as const) {
    for (const key of TOKEN_OPTIONS[holder] ?? []) {
      const secret = file.propertyOf(options, key)
      const written = secret && writtenIn(file, secret, call)
      if (written !== undefined) yield written
    }
  }
}

/** The place of a constant text, also of one behind `??` and `||`: in this call where it stands in it. */
function writtenIn(file: SourceFile, node: Node, call: Node): Node | undefined {
  const isInCall = node.start >= call.start && node.end <= call.end
  const value = file.valueOf(node)
  if (typeof value === 'string') return value === '' || /<[^>]+>|\$\{/.test(value) ? undefined : isInCall ? node : call
  if (node.type !== 'LogicalExpression' || node['operator'] === '&&') return undefined
  return writtenIn(file, node['right'] as Node, call)
}
