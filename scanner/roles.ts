import type { Node } from '../library/core/rule.ts'
import { keyOf } from './bindings.ts'
import { parentOf, treeOf } from './tree.ts'

/** What a parameter is to a web framework, in the words that rules use: `req`, `res`, `next`, or a server such as `express()`. */
export function roleOf(fn: Node, index: number): string | undefined {
  const registered = treeOf(fn).project.known.plan?.roles.get(fn)
  return registered ? registered[index] : roleByLook(fn, index)
}

/** The words of a handler with this many parameters. Four of them make Express' error handler. */
export function rolesOfHandler(count: number): readonly (string | undefined)[] {
  return count >= 4 ? [undefined, 'req', 'res', 'next'] : ['req', 'res', 'next']
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
  if (name === 'fastify' && index === 0) return 'fastify()'
  const offset = params.length === 4 && /^_?e(rr(or)?)?$/.test(plainName(params[0]) ?? '') ? 1 : 0
  const isPair = REQUEST.test(plainName(params[offset]) ?? '') && RESPONSE.test(plainName(params[offset + 1]) ?? '')
  if (!isPair) return undefined
  return rolesOfHandler(offset === 1 ? 4 : 3)[index]
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
  const annotation: Node | undefined = (param.type === 'AssignmentPattern' ? param['left'] : param)['typeAnnotation']
  const type: Node | undefined = annotation?.['typeAnnotation']
  if (type?.type !== 'TSTypeReference') return undefined
  const name: Node = type['typeName']
  return name.type === 'TSQualifiedName' ? name['right'].name : name['name']
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
