import type { Harmless, Node } from '../library/core/rule.ts'
import { bare, keyOf, type Path } from './bindings.ts'
import { isChecked } from './guards.ts'
import { constantOf, nameOf, propertyOf } from './names.ts'
import { isTightPattern, isTightText } from './patterns.ts'
import { typeNameOf } from './roles.ts'
import { isHarmlessBy } from './schemas.ts'
import { isFunction } from './tree.ts'
import { originsOf, returnsOf } from './values.ts'

type When = Harmless['when']

/** Whether the class that a parameter is declared to be says by its decorators that `path` of it is harmless: Nest checks it. */
export function isHarmlessByType(param: Node, path: Path, when: When): boolean {
  const name = path[0] === undefined ? undefined : typeNameOf(param)
  if (name?.type !== 'Identifier') return false
  return originsOf(name).some((origin) => {
    const members: Node[] = ('node' in origin && origin.node['body']?.body) || []
    return members.some(
      (member) =>
        member['key'] &&
        keyOf(member) === path[0] &&
        (member['decorators'] as Node[] | undefined)?.some((each) => narrows(each, when)),
    )
  })
}

const CLOSED =
  /^(?:IsIn|IsEnum|IsInt|IsNumber|IsNumberString|IsBoolean|IsUUID|IsMongoId|IsAlpha|IsAlphanumeric|IsHexadecimal|IsDate|IsDateString|IsISO8601|Equals|IsPositive)$/

const TEXTS =
  /^Is(?:String|Email|Url|FQDN|JWT|Base64|PhoneNumber|IP|Locale|Slug)$|^(?:Length|MinLength|MaxLength|Matches)$/

function narrows({ expression }: Node, when: When): boolean {
  if (expression.type !== 'CallExpression') return false
  const name = String(expression.callee.name ?? '')
  const [first] = expression.arguments as (Node | undefined)[]
  if (name === 'Matches' && first && isTightPattern(first)) return true
  return CLOSED.test(name) || (when === 'text' && TEXTS.test(name))
}

/** Whether a pipe of the project that Nest runs over the parameter leaves nothing harmful at `path`: `@Query('a', OwnPipe) a`. */
export function isHarmlessByPipe(param: Node, path: Path, when: When): boolean {
  const decorators: Node[] = param['decorators'] ?? []
  return decorators.some(({ expression }) =>
    ((expression['arguments'] ?? []) as Node[]).some((pipe) => {
      if (pipe.type !== 'Identifier' && pipe.type !== 'NewExpression') return false
      const transforms = originsOf(pipe, ['transform']).flatMap((origin) =>
        'node' in origin && isFunction(origin.node) ? [origin.node] : [],
      )
      const own: readonly Node[] = transforms.length > 0 ? transforms : functionsOfClass(pipe)
      const [schema] = pipe.type === 'NewExpression' ? (pipe['arguments'] as Node[]) : []
      return own.length > 0 && own.every((fn) => returnsOf(fn).every((answer) => isClean(answer, schema, path, when)))
    }),
  )
}

/** `transform` of a class that is named and not made. */
function functionsOfClass(name: Node): readonly Node[] {
  return originsOf(name).flatMap((origin) => {
    const members: Node[] = ('node' in origin && origin.node['body']?.body) || []
    return members.flatMap((member) =>
      member['key'] && keyOf(member) === 'transform' ? [member['value'] as Node] : [],
    )
  })
}

function isClean(answer: Node, schema: Node | undefined, path: Path, when: When): boolean {
  const expression = bare(answer)
  if (expression.type === 'Identifier') return isChecked(expression, path, when)
  if (expression.type !== 'CallExpression') return constantOf(expression) !== undefined
  // `return this.schema.parse(value)`, where the schema is what the pipe was made with.
  const callee = bare(expression['callee'])
  if (callee.type === 'MemberExpression') {
    return /^parse(?:Async)?$/.test(keyOf(callee)) && schema !== undefined && isHarmlessBy(schema, path, when)
  }
  return /^(?:Number|parseInt|parseFloat|Boolean|BigInt)$/.test(nameOf(callee) ?? '')
}

/** Whether a route's registration has `path` of the request checked before its handlers run. */
export function isHarmlessByRoute(registration: Node, path: Path, when: When): boolean {
  const [part, ...rest] = path
  if (part === undefined || rest.length === 0) return false
  return (registration['arguments'] as Node[]).some((arg) => isHarmlessByArgument(bare(arg), part, rest, when))
}

function isHarmlessByArgument(arg: Node, part: string, rest: Path, when: When): boolean {
  if (arg.type === 'ArrayExpression') {
    return (arg['elements'] as (Node | null)[]).some(
      (each) => each && isHarmlessByArgument(bare(each), part, rest, when),
    )
  }
  if (arg.type === 'CallExpression') return isHarmlessByChain(arg, part, rest, when)
  // Fastify's `{ schema: { params: ... } }`
  const schema = propertyOf(arg, 'schema')
  const declared =
    schema && (propertyOf(schema, part) ?? (part === 'query' ? propertyOf(schema, 'querystring') : undefined))
  if (!declared) {
    // A list of checks that has a name.
    const [origin] = arg.type === 'Identifier' ? originsOf(arg) : []
    const isList = origin && 'node' in origin && origin.node.type === 'ArrayExpression'
    return isList === true && isHarmlessByArgument(origin.node, part, rest, when)
  }
  return isHarmlessByJson(declared, rest, when)
}

/** JSON Schema: enumerations, numbers, identifiers and tight patterns. */
export function isHarmlessByJson(schema: Node, [key, ...rest]: Path, when: When): boolean {
  if (key !== undefined) {
    const properties = propertyOf(schema, 'properties')
    const inner = properties ? propertyOf(properties, key) : propertyOf(schema, key === '*' ? 'items' : key)
    return inner !== undefined && isHarmlessByJson(inner, rest, when)
  }
  if (propertyOf(schema, 'enum') || propertyOf(schema, 'const')) return true
  const [type, format, pattern] = ['type', 'format', 'pattern'].map((name) => {
    const value = propertyOf(schema, name)
    return value && constantOf(value)
  })
  if (typeof type === 'string' && /^(?:integer|number|boolean|null)$/.test(type)) return true
  if (typeof format === 'string' && /^(?:uuid|date|date-time|time)$/.test(format)) return true
  if (typeof pattern === 'string' && isTightText(pattern)) return true
  return when === 'text' && type === 'string'
}

const PARTS: Readonly<Record<string, readonly string[]>> = {
  body: ['body'],
  query: ['query'],
  param: ['params'],
  cookie: ['cookies'],
  header: ['headers'],
  check: ['body', 'query', 'params', 'cookies', 'headers'],
}

const CHECKS =
  /^(?:isInt|isFloat|isNumeric|isDecimal|isBoolean|isUUID|isIn|isAlpha|isAlphanumeric|isMongoId|isHexadecimal|isHash|isDate|isISO8601|equals|toInt|toFloat|toBoolean)$/

const TARGETS: Readonly<Record<string, string>> = {
  json: 'body',
  form: 'body',
  query: 'query',
  param: 'params',
  header: 'headers',
  cookie: 'cookies',
}

/** `body('id').isInt()` of express-validator, and `zValidator('json', schema)` of Hono. */
function isHarmlessByChain(call: Node, part: string, rest: Path, when: When): boolean {
  const steps: { name: string; args: readonly Node[] }[] = []
  let at = call
  for (let callee = bare(at['callee']); callee.type === 'MemberExpression'; callee = bare(at['callee'])) {
    steps.push({ name: keyOf(callee), args: at['arguments'] })
    at = bare(callee['object'])
    if (at.type !== 'CallExpression') return false
  }
  const name = nameOf(at['callee']) ?? ''
  const [first, second] = at['arguments'] as (Node | undefined)[]
  if (/^@hono\/(?:zod|valibot|standard)-validator\./.test(name)) {
    const target = first && TARGETS[String(constantOf(first))]
    return target === part && second !== undefined && isHarmlessBy(second, rest, when)
  }
  const parts = /^express-validator\b/.test(name) ? PARTS[name.slice(name.lastIndexOf('.') + 1)] : undefined
  if (!parts?.includes(part) || !first || constantOf(first) !== rest.join('.')) return false
  return steps.some(
    ({ name: check, args: [arg] }) =>
      CHECKS.test(check) ||
      (check === 'matches' && arg !== undefined && isTightPattern(arg)) ||
      (when === 'text' && /^(?:isString|isEmail|isURL|trim|escape)$/.test(check)),
  )
}

/** What `c.req.valid('json')` answers, in the words for requests. */
export function validatedPart(call: Node): string | undefined {
  const first: Node | undefined = call['arguments'][0]
  return first && TARGETS[String(constantOf(first))]
}
