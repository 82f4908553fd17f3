import type { Node } from '../library/core/rule.ts'
import { bindingOf, keyOf, type Path } from './bindings.ts'
import { functionAround, parentOf, treeOf } from './tree.ts'

/** What a parameter is to a web framework, in the words that rules use: `req`, `res`, `next`, or a server such as `express()`. */
export function roleOf(fn: Node, index: number): string | undefined {
  const decorated = roleByDecorator(fn['params'][index])
  if (decorated !== undefined) return decorated
  const registered = treeOf(fn).project.known.plan?.roles.get(fn)
  return registered ? registered[index] : (roleByPlace(fn, index) ?? roleByLook(fn, index))
}

/** The words of a handler with this many parameters. Four of them make Express' error handler. */
export function rolesOfHandler(count: number): readonly (string | undefined)[] {
  return count >= 4 ? [undefined, 'req', 'res', 'next'] : ['req', 'res', 'next']
}

/** `role.path` in the words of rules. Koa and Hono hand over one object that is request and response at once. */
export function wordFor(role: string, path: Path): readonly string[] {
  if (role !== 'ctx' && role !== 'hono') return [...role.split('.'), ...path]
  const [first, ...rest] = path
  // Hono keeps what middleware hands on in the context itself.
  if (role === 'hono' && /^(?:get|set|var)$/.test(first ?? '')) return ['ctx', ...path]
  if (first === undefined) return ['ctx']
  if (first === 'req' || first === 'request') return ['req', ...rest]
  if (first === 'res' || first === 'response') return ['res', ...rest]
  return [OF_REQUEST.has(first) ? 'req' : 'res', ...path]
}

const OF_REQUEST: ReadonlySet<string> = new Set([
  'query',
  'querystring',
  'search',
  'params',
  'headers',
  'header',
  'get',
  'url',
  'URL',
  'originalUrl',
  'href',
  'path',
  'host',
  'hostname',
  'cookies',
])

const DECORATORS: Readonly<Record<string, string>> = {
  Query: 'req.query',
  Param: 'req.params',
  Body: 'req.body',
  Headers: 'req.headers',
  Req: 'req',
  Request: 'req',
  Res: 'res',
  Response: 'res',
  Next: 'next',
  UploadedFile: 'req.file',
  UploadedFiles: 'req.files',
  MessageBody: 'req.body',
  Payload: 'req.body',
  Args: 'req.args',
  Arg: 'req.args',
}

/** Nest says at the parameter what it is: `@Query('next') next: string`. Pipes that make numbers leave nothing to the client. */
function roleByDecorator(param: Node | undefined): string | undefined {
  const decorators: Node[] = param?.['decorators'] ?? []
  for (const { expression } of decorators) {
    if (expression.type !== 'CallExpression' || expression.callee.type !== 'Identifier') continue
    const word = DECORATORS[expression.callee.name]
    if (word === undefined || bindingOf(expression.callee)?.kind !== 'import') continue
    const args: Node[] = expression.arguments
    if (args.some((arg) => /^Parse(?:Int|Float|Bool|UUID|Enum)Pipe$/.test(arg['name'] ?? arg['callee']?.name ?? '')))
      return 'checked'
    return args[0]?.type === 'Literal' ? `${word}.${args[0]['value']}` : word
  }
  return undefined
}

/** Resolvers of GraphQL, and the actions of Next.js, which any client may call with anything. */
function roleByPlace(fn: Node, index: number): string | undefined {
  if (isAction(fn)) return 'req.body'
  const group = parentOf(parentOf(parentOf(fn) ?? fn) ?? fn)
  const isResolver = group?.type === 'Property' && /^(?:Query|Mutation|Subscription)$/.test(keyOf(group))
  return isResolver && index === 1 ? 'req.args' : undefined
}

function isAction(fn: Node): boolean {
  if (saysServer(fn['body'])) return true
  const { root } = treeOf(fn)
  if (!saysServer(root) || !isExported(fn)) return false
  // Only what the module itself hands out, and not what is inside of it.
  const outer = functionAround(fn)
  return outer === undefined || outer.type === 'Program'
}

function saysServer(block: Node | undefined): boolean {
  const first: Node | undefined = Array.isArray(block?.['body']) ? block['body'][0] : undefined
  return first?.['directive'] === 'use server'
}

/** Functions that nobody registers in sight still show what they are, by their types or the names that everyone uses. */
function roleByLook(fn: Node, index: number): string | undefined {
  const params: Node[] = fn['params']
  const param = params[index]
  if (!param) return undefined
  const typed = TYPES[typeName(param) ?? '']
  if (typed !== undefined) return typed
  if (index === 0 && nameOfFunction(fn) === 'victim') return 'express()'
  const name = plainName(param)
  const method = nameOfFunction(fn)
  // Next.js, and others that route by file: `export async function GET(request, { params })`
  if (METHODS.test(method ?? '') && isExported(fn) && index < 2) return 'req'
  if (/^(?:loader|action)$/.test(method ?? '') && isExported(fn) && index === 0) return 'ctx'
  if (method === 'handler' && name === 'event' && index === 0) return 'req'
  if (name === 'fastify' && index === 0) return 'fastify()'
  const offset = params.length === 4 && /^_?e(rr(or)?)?$/.test(plainName(params[0]) ?? '') ? 1 : 0
  const isPair = REQUEST.test(plainName(params[offset]) ?? '') && RESPONSE.test(plainName(params[offset + 1]) ?? '')
  if (!isPair) return undefined
  return rolesOfHandler(offset === 1 ? 4 : 3)[index]
}

const METHODS = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)$/

function isExported(fn: Node): boolean {
  for (let at = parentOf(fn); at; at = parentOf(at)) if (at.type === 'ExportNamedDeclaration') return true
  return false
}

const REQUEST = /^_?(req|request)$/
const RESPONSE = /^_?(res|resp|response|reply)$/

const TYPES: Readonly<Record<string, string>> = {
  Request: 'req',
  FastifyRequest: 'req',
  IncomingMessage: 'req',
  NextRequest: 'req',
  NextApiRequest: 'req',
  VictimRequest: 'req',
  Response: 'res',
  FastifyReply: 'res',
  ServerResponse: 'res',
  NextApiResponse: 'res',
  VictimResponse: 'res',
  NextFunction: 'next',
  VictimApp: 'express()',
  Express: 'express()',
  Application: 'express()',
  FastifyInstance: 'fastify()',
}

function typeName(param: Node): string | undefined {
  const name = typeNameOf(param)
  return name?.type === 'TSQualifiedName' ? name['right'].name : name?.['name']
}

/** The name in a parameter's type annotation. */
export function typeNameOf(param: Node): Node | undefined {
  const inner: Node = param.type === 'TSParameterProperty' ? param['parameter'] : param
  const type: Node | undefined = (inner.type === 'AssignmentPattern' ? inner['left'] : inner)['typeAnnotation']
    ?.typeAnnotation
  return type?.type === 'TSTypeReference' ? type['typeName'] : undefined
}

function plainName(param: Node | undefined): string | undefined {
  return param?.type === 'Identifier' ? param['name'] : undefined
}

function nameOfFunction(fn: Node): string | undefined {
  if (fn['id']) return fn['id'].name
  const parent = parentOf(fn)
  if (parent?.type === 'VariableDeclarator') return parent['id'].name
  return parent?.type === 'Property' ? keyOf(parent) : undefined
}
