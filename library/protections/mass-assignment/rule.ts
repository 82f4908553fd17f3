import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** Methods whose every argument is stored. */
const STORES =
  /^(?:create|createMany|bulkCreate|insert|insertOne|insertMany|insertAndFetch|insertGraph|upsertGraph|patch|patchAndFetch|build|bulkBuild|save|upsert|forge|fill|update|values|assign|merge)$/
/** Methods that find first: what comes behind the filter is stored. */
const FINDS_FIRST =
  /^(?:updateOne|updateMany|replaceOne|findByIdAndUpdate|findOneAndUpdate|findOneAndReplace|updateById|patchAndFetchById|updateAndFetchById|findOrCreate)$/
/** Properties that hold what is stored. */
const STORED: ReadonlySet<string> = new Set([
  'data',
  'create',
  'update',
  'values',
  'defaults',
  '$set',
  '$setOnInsert',
  '$push',
])
const MAPPERS: readonly string[] = [
  'mongoose',
  'mongodb',
  'sequelize',
  'sequelize-typescript',
  'typeorm',
  'knex',
  'objection',
  'bookshelf',
  'kysely',
  'drizzle-orm',
  '@prisma/client',
  '@mikro-orm/core',
  'waterline',
  'nedb',
]
/** Mappers whose models are classes that are filled by their constructors. */
const MODELS: readonly string[] = [
  'mongoose',
  'sequelize',
  'sequelize-typescript',
  'typeorm',
  'bookshelf',
  '@mikro-orm/core',
]
/** What is called like a store and is none. */
const NO_STORE =
  /^(?:Object|Array|JSON|axios|crypto)$|hash|hmac|sign|verif|cipher|digest|service|valid|schema|factory|cache|logger|queue|mailer|client$|api$/i
const NO_MODEL =
  /^(?:URL|URLSearchParams|Map|Set|Date|Array|Object|Proxy|Blob|FormData|Headers|Request|Response)$|(?:Error|Dto|DTO|Event|Command|Query|Schema|Validator|Message|Request|Response)$/
/** The body as a whole, or an object in it. */
const BODY = /^req\.body(?:\.[A-Za-z_$][\w$]*)?$/
const WHOLE = /^req\.body$/
const REMEDY =
  'Declare the body with secure({ body: schema }) and store req.security.input.body, or take fields by name: pick(req.body, [...]).'

const wholeBody: Rule = {
  name: 'mass-assignment/whole-body-stored',
  risk: 'mass-assignment',
  title: 'Every field that a client sends is stored',
  *check(file) {
    if (!MAPPERS.some((name) => file.usesPackage(name))) return
    for (const call of file.nodes('CallExpression')) {
      const stored = storedBy(file, call)
      if (stored !== undefined && !isDeclared(file, call)) yield spotAt(file, call, stored)
    }
    if (!MODELS.some((name) => file.usesPackage(name))) return
    for (const made of file.nodes('NewExpression')) {
      const [values] = made['arguments'] as readonly (Node | undefined)[]
      const name = lastNameOf(made['callee'] as Node)
      if (values === undefined || !/^[A-Z]/.test(name) || NO_MODEL.test(name) || !isBody(file, values, BODY)) continue
      if (!isDeclared(file, made)) yield spotAt(file, made, values)
    }
  },
}

export const rules: readonly Rule[] = [wholeBody]

function spotAt(
  file: SourceFile,
  at: Node,
  stored: Node,
): ReturnType<Rule['check']> extends Iterable<infer S> ? S : never {
  const taint = file.taintOf(stored)
  return {
    at,
    message: `${file.nameOf(stored) ?? 'The body'} is stored as it came, so a client sets any column or property: role, owner, balance.`,
    remedy: REMEDY,
    ...(taint && { taint }),
  }
}

/** The argument of a call that is stored as it came. */
function storedBy(file: SourceFile, call: Node): Node | undefined {
  const callee = call['callee'] as Node
  if (callee.type !== 'MemberExpression') return undefined
  const method = lastNameOf(callee)
  const owner = ownerOf(callee['object'] as Node)
  if (NO_STORE.test(owner) || /crypto|axios/.test(file.nameOf(callee) ?? '')) return undefined
  const args = call['arguments'] as readonly Node[]
  const findsFirst = FINDS_FIRST.test(method)
  if (!findsFirst && !STORES.test(method) && method !== 'set') return undefined
  // A map has a method of this name as well, with two arguments.
  if (method === 'set' && args.length !== 1) return undefined
  const pattern = /^(?:update|values|set|assign|merge|save)$/.test(method) ? WHOLE : BODY
  for (const argument of findsFirst ? args.slice(1) : args) {
    if (isBody(file, argument, pattern)) return argument
    const inside = storedIn(file, argument)
    if (inside !== undefined) return inside
  }
  return undefined
}

/** `{ where, data: req.body }`, `{ $set: req.body }`. */
function storedIn(file: SourceFile, argument: Node): Node | undefined {
  if (argument.type !== 'ObjectExpression') return undefined
  for (const property of argument['properties'] as readonly Node[]) {
    const key = property['key'] as Node | undefined
    if (key === undefined || !STORED.has(String(key['name'] ?? key['value'] ?? ''))) continue
    const value = property['value'] as Node
    if (isBody(file, value, BODY)) return value
  }
  return undefined
}

/** Copies and parsers have names of their own, so what they give is no body any more. */
function isBody(file: SourceFile, node: Node, pattern: RegExp): boolean {
  const bare = /^TS(?:As|Satisfies|NonNull)Expression$/.test(node.type) ? (node['expression'] as Node) : node
  return pattern.test(file.nameOf(bare) ?? '')
}

/** Whether the route around it says what its body is: to Bulwark, or to Fastify. */
function isDeclared(file: SourceFile, node: Node): boolean {
  return file.routes.some(({ call, handlers }) => {
    if (!handlers.some(({ fn }) => node.start >= fn.start && node.end <= fn.end)) return false
    return (call['arguments'] as readonly Node[]).some((argument) => {
      if (file.propertyOf(file.propertyOf(argument, 'schema'), 'body') !== undefined) return true
      const [declared] =
        argument.type === 'CallExpression' ? (argument['arguments'] as readonly (Node | undefined)[]) : []
      return file.propertyOf(declared, 'body') !== undefined
    })
  })
}

function lastNameOf(callee: Node): string {
  const named = callee.type === 'MemberExpression' ? (callee['property'] as Node) : callee
  return String(named['name'] ?? named['value'] ?? '')
}

/** What the method is called on: `users` in `this.users.create()`, `createHmac` in `createHmac(a).update()`. */
function ownerOf(object: Node): string {
  return lastNameOf(object.type === 'CallExpression' ? (object['callee'] as Node) : object)
}
