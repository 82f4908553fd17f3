import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const PASSWORD = /passw|passphrase|(?:^|[._])pwd|kennwort/i
/** Named after passwords, and none: tokens that reset one, secrets of machines. */
const NO_PASSWORD = /token|reset|process\.env|config/i
const HASHED = /hash|bcrypt|argon|scrypt|pbkdf|digest|derive|encrypt|crypt\(/i

const fastHash: Rule = {
  name: 'passwords/fast-hash',
  risk: 'weak-password-hash',
  title: 'A password is hashed with a hash made for speed',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const password = fastHashed(file, call)
      if (password === undefined || !isPassword(file, password)) continue
      // Asking a list of leaked passwords needs the hash that the list is made of.
      const scope = file.scopeOf(call)
      if (/pwned|hibp|leaked|breach/i.test(file.text.slice(scope.start, scope.end))) continue
      yield {
        at: call,
        message: 'A graphics card guesses billions of such hashes a second, so most passwords are known the same day.',
        remedy: 'Hash passwords with hashPassword(), and verify them with verifyPassword().',
      }
    }
  },
}

const plainStored: Rule = {
  name: 'passwords/plain-stored',
  risk: 'plain-password',
  title: 'A password is stored as it came',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      for (const value of storedPasswords(file, call)) {
        const taint = file.taintOf(value)
        if (taint === undefined || !PASSWORD.test(taint.source)) continue
        const way = [file.text.slice(value.start, value.end), ...taint.trace.map(({ text }) => text)].join('\n')
        if (HASHED.test(way)) continue
        yield {
          at: call,
          message: `${taint.source} is stored as it came: whoever reads the data has everybody's password.`,
          remedy: 'Store what hashPassword() makes of it.',
          taint,
        }
        break
      }
    }
  },
}

const weakParameters: Rule = {
  name: 'passwords/weak-parameters',
  risk: 'weak-password-hash',
  title: 'A password hash costs less to guess than it should',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const wanted = tooWeak(file, call)
      if (wanted === undefined) continue
      yield {
        at: call,
        message: `A stolen hash of this strength is guessed too quickly: ${wanted}.`,
        remedy: 'Use hashPassword(), which hashes weaker ones anew as people sign in.',
      }
    }
  },
}

export const rules: readonly Rule[] = [fastHash, plainStored, weakParameters]

/** What goes into `createHash(...).update(it)` or `hash(name, it)` of node:crypto. */
function fastHashed(file: SourceFile, call: Node): Node | undefined {
  const callee = call['callee'] as Node
  const args = call['arguments'] as readonly Node[]
  if (/(?:^|:)crypto\.hash$/.test(file.nameOf(callee) ?? '')) return args[1]
  if (callee.type !== 'MemberExpression' || (callee['property'] as Node)['name'] !== 'update') return undefined
  // `createHash(...)` may have had other updates before, such as the salt.
  let made = callee['object'] as Node
  while (made.type === 'CallExpression' && (made['callee'] as Node).type === 'MemberExpression') {
    if (isCreateHash(file, made)) return args[0]
    made = (made['callee'] as Node)['object'] as Node
  }
  return isCreateHash(file, made) || file.nameOf(made)?.endsWith('crypto.createHash()') ? args[0] : undefined
}

function isCreateHash(file: SourceFile, node: Node): boolean {
  return node.type === 'CallExpression' && /(?:^|:)crypto\.createHash$/.test(file.nameOf(node['callee'] as Node) ?? '')
}

function isPassword(file: SourceFile, node: Node): boolean {
  const text = file.text.slice(node.start, node.end)
  return PASSWORD.test(text) && !NO_PASSWORD.test(text) && file.valueOf(node) === undefined
}

const WRITES = /^(?:create|insert|insertOne|insertMany|save|update|updateOne|upsert|values|set|push)$/
const WRITING_SQL = /^\s*(?:insert|update|replace)\b[\s\S]*passw/i
/** With these, a model may hash its fields on the way to the database, out of sight from here. */
const HASHERS: readonly string[] = [
  'bcrypt',
  'bcryptjs',
  'argon2',
  '@node-rs/argon2',
  '@node-rs/bcrypt',
  'passport-local-mongoose',
]

/** Expressions that a call stores under the name of a password. */
function storedPasswords(file: SourceFile, call: Node): readonly Node[] {
  const callee = call['callee'] as Node
  if (callee.type !== 'MemberExpression') return []
  const args = call['arguments'] as readonly Node[]
  const sql = sqlOf(file, call)
  if (sql !== undefined) return WRITING_SQL.test(sql) ? args.flatMap((arg) => parts(arg)) : []
  if (!WRITES.test(String((callee['property'] as Node)['name'] ?? ''))) return []
  if (HASHERS.some((name) => file.usesPackage(name))) return []
  return args.flatMap((arg) => passwordsIn(arg))
}

/** The statement that a call runs, also one prepared right before. */
function sqlOf(file: SourceFile, call: Node): string | undefined {
  const callee = call['callee'] as Node
  const [first] = call['arguments'] as readonly Node[]
  const own = first && file.valueOf(first)
  if (typeof own === 'string' && /^\s*(?:insert|update|replace|select|delete)\b/i.test(own)) return own
  const object = callee['object'] as Node
  const [prepared] = object.type === 'CallExpression' ? (object['arguments'] as readonly Node[]) : []
  const text = prepared && file.valueOf(prepared)
  return typeof text === 'string' && /^\s*(?:insert|update|replace)\b/i.test(text) ? text : undefined
}

/** The values of a list or an object, or the expression itself. */
function parts(node: Node): readonly Node[] {
  if (node.type === 'ArrayExpression') {
    return (node['elements'] as readonly (Node | null)[]).filter((each): each is Node => each !== null)
  }
  if (node.type !== 'ObjectExpression') return [node]
  return (node['properties'] as readonly Node[]).flatMap((property) =>
    property.type === 'Property' ? [property['value'] as Node] : [],
  )
}

/** What stands under `password:` in an object, or in the objects inside it. */
function passwordsIn(node: Node): readonly Node[] {
  if (node.type !== 'ObjectExpression') return []
  return (node['properties'] as readonly Node[]).flatMap((property) => {
    if (property.type !== 'Property') return []
    const key = property['key'] as Node
    const value = property['value'] as Node
    const name = String(key['name'] ?? key['value'] ?? '')
    return PASSWORD.test(name) && !NO_PASSWORD.test(name) ? [value] : passwordsIn(value)
  })
}

/** What should be asked for instead, in a few words; `undefined` when the parameters are fine or cannot be read. */
function tooWeak(file: SourceFile, call: Node): string | undefined {
  const name = (file.nameOf(call['callee'] as Node) ?? '').replace('.default', '')
  const args = call['arguments'] as readonly Node[]
  const number = (node: Node | undefined): number | undefined => {
    const value = node && file.valueOf(node)
    return typeof value === 'number' ? value : undefined
  }
  if (/^(?:bcrypt|bcryptjs|@node-rs\/bcrypt)\.(?:hash|hashSync|genSalt|genSaltSync)$/.test(name)) {
    const rounds = number(name.includes('genSalt') ? args[0] : args[1])
    return rounds !== undefined && rounds < 10 ? 'bcrypt takes a cost of at least 10' : undefined
  }
  if (/^(?:argon2|@node-rs\/argon2)\.hash(?:Raw)?(?:Sync)?$/.test(name)) return weakArgon2(file, name, args[1], number)
  if (/(?:^|:)crypto\.pbkdf2(?:Sync)?$/.test(name) && args[0] && isPassword(file, args[0])) {
    const [iterations, digest] = [number(args[2]), args[4] && file.valueOf(args[4])]
    const least = digest === 'sha512' ? 210_000 : 600_000
    return iterations !== undefined && iterations < least ? `PBKDF2 takes ${least} iterations here` : undefined
  }
  if (/(?:^|:)crypto\.scrypt(?:Sync)?$/.test(name) && args[0] && isPassword(file, args[0])) {
    return weakScrypt(file, args[3], number)
  }
  return undefined
}

function weakArgon2(
  file: SourceFile,
  name: string,
  options: Node | undefined,
  number: (node: Node | undefined) => number | undefined,
): string | undefined {
  const [memoryCost, timeCost] = [file.propertyOf(options, 'memoryCost'), file.propertyOf(options, 'timeCost')]
  const [ownMemory, ownPasses] = name.startsWith('argon2') ? [65_536, 3] : [19_456, 2]
  const memory = memoryCost === undefined ? ownMemory : number(memoryCost)
  const passes = timeCost === undefined ? ownPasses : number(timeCost)
  if (memory === undefined || passes === undefined) return undefined
  return memory < 7_168 || memory * passes < 35_840 ? 'argon2id takes 19456 KiB and 2 passes' : undefined
}

/** Node's own defaults are those of 2009, so leaving the options out is a weakness too. */
function weakScrypt(
  file: SourceFile,
  options: Node | undefined,
  number: (node: Node | undefined) => number | undefined,
): string | undefined {
  const isLeftOut = options === undefined || /Function/.test(options.type)
  if (!isLeftOut && options.type !== 'ObjectExpression') return undefined
  const read = (long: string, short: string, standard: number): number | undefined => {
    const given = isLeftOut ? undefined : (file.propertyOf(options, long) ?? file.propertyOf(options, short))
    return given === undefined ? standard : number(given)
  }
  const [cost, block, lanes] = [read('cost', 'N', 16_384), read('blockSize', 'r', 8), read('parallelization', 'p', 1)]
  if (cost === undefined || block === undefined || lanes === undefined) return undefined
  return cost * block * lanes < 655_360 ? 'scrypt takes N = 2^17, r = 8, p = 1' : undefined
}
