import type { Node, RouteNode, Rule, SourceFile } from '../../core/rule.ts'

const SECURE = /^bulwark\/\w+\.secure(\(\))?$/

/** Spots the route that was forgotten among others which say who may call them. */
const undeclaredSibling: Rule = {
  name: 'access-control/undeclared-sibling',
  risk: 'missing-authorization',
  title: 'A route does not say who may call it, though its neighbours do',
  *check(file) {
    const groups = new Map<string, RouteNode[]>()
    for (const route of file.routes) {
      if (route.path === undefined || /^(USE|HEAD|OPTIONS)$/.test(route.method)) continue
      const key = receiverOf(file, route)
      groups.set(key, [...(groups.get(key) ?? []), route])
    }
    for (const routes of groups.values()) {
      const open = routes.filter((route) => !saysWho(file, route))
      if (routes.length - open.length < 2) continue
      for (const { call } of open) {
        yield {
          at: call,
          message: 'This route does not say who may call it, as those beside it do.',
          remedy:
            "Declare it with secure({ allow: 'a:permission' }), or secure({ allow: 'anyone' }) where everybody may.",
        }
      }
    }
  },
}

/** What a route is registered on, as it is written. */
function receiverOf(file: SourceFile, { call }: RouteNode): string {
  const callee = call['callee'] as Node
  const object = callee.type === 'MemberExpression' ? (callee['object'] as Node) : callee
  return file.text.slice(object.start, object.end)
}

function saysWho(file: SourceFile, route: RouteNode): boolean {
  return declarationsOf(file, route).some((declaration) => {
    // A constant that was made elsewhere says who, as far as anybody can see from here.
    if (declaration.type !== 'CallExpression') return true
    return file.propertyOf((declaration['arguments'] as readonly Node[])[0], 'allow') !== undefined
  })
}

/** The places in a registration where `secure()` is called, or stands under another name. */
function declarationsOf(file: SourceFile, { call }: RouteNode): readonly Node[] {
  const args = call['arguments'] as readonly Node[]
  return args.flatMap((arg) => {
    const own = arg.type === 'CallExpression' ? (arg['callee'] as Node) : arg
    if (SECURE.test(file.nameOf(own) ?? '')) return [arg]
    if (arg.type !== 'ObjectExpression') return []
    // Fastify takes it as the options of the route, or spread into them.
    return (arg['properties'] as readonly Node[])
      .filter(({ type }) => type === 'SpreadElement')
      .map((spread) => spread['argument'] as Node)
      .filter((inner) =>
        SECURE.test(file.nameOf(inner.type === 'CallExpression' ? (inner['callee'] as Node) : inner) ?? ''),
      )
  })
}

const CHANGING =
  /^(?:delete|deleteOne|deleteById|findByIdAndDelete|findByIdAndRemove|findOneAndDelete|findOneAndRemove|findByIdAndUpdate|findOneAndUpdate|findOneAndReplace|update|updateOne|updateById|replaceOne|remove|removeById|destroy)$/
const CHANGING_FUNCTION = /^(?:delete|remove|destroy|update|save|edit|change)[A-Z]\w*$/
const CHANGING_SQL = /^\s*(?:delete\s+from|update\s+[\w"`.]+\s+set)\s/i
const ASKING = /^(?:query|execute|exec|run|get|all|raw|prepare|\$executeRaw\w*)$/
/** Whoever writes one of these has thought of who asks, or of whose it is. */
const THOUGHT_OF =
  /\b(?:req|request|ctx|c|res|response)\b\s*\??\.\s*(?:user|session|auth|account|security|locals|state|person|identity|token|jwt|cookies|signedCookies|headers|get|header|var)\b|\b(?:can|may|is)[A-Z]\w*\(|\b\w*(?:owner|author|tenant|currentUser|userId|accountId|memberId)\w*\b|\b\w*(?:assert|authoriz|authoris|allowed|permi|ability|check|ensure|require|verify|guard|policy|own[A-Z])\w*\s*\(/i
const STANDS_BEFORE = /admin|role|permi|guard|require|authori|protect|ensure|isAuth|secure\(/i

/** Spots an object that is changed or deleted by an id of the request, in a route that asks nobody whose it is. */
const objectWithoutCheck: Rule = {
  name: 'access-control/object-without-check',
  risk: 'broken-object-access',
  title: "Whoever knows an id changes somebody else's object",
  *check(file) {
    if (file.routes.some((route) => route.method === 'USE' && STANDS_BEFORE.test(textOf(file, route.call)))) return
    for (const route of file.routes) {
      if (!/^(?:POST|PUT|PATCH|DELETE)$/.test(route.method) || !/[:{]\w/.test(route.path ?? '')) continue
      const [handler, ...others] = route.handlers
      if (handler === undefined || others.length > 0 || hasMore(route)) continue
      if (THOUGHT_OF.test(textOf(file, handler.fn)) || handsOn(file, handler.fn, handler.request)) continue
      for (const call of file.nodes('CallExpression')) {
        if (call.start < handler.fn.start || call.end > handler.fn.end || !isChange(file, call)) continue
        yield {
          at: call,
          message: 'The id in the address decides what is changed here, and nobody asks whose it is.',
          remedy:
            "Ask: secure({ allow: 'a:permission', object: (x) => load(x.params.id) }), or req.security.assert('a:permission', object).",
        }
      }
    }
  },
}

/** Other arguments than a path, a function and plain options: middleware that may have asked. */
function hasMore({ call }: RouteNode): boolean {
  const args = call['arguments'] as readonly Node[]
  return args
    .slice(1)
    .some(({ type }) => !/^(?:ArrowFunctionExpression|FunctionExpression|ObjectExpression)$/.test(type))
}

/** The request itself is handed to another function, which may well look at who sent it. */
function handsOn(file: SourceFile, fn: Node, request: string | undefined): boolean {
  for (const call of file.nodes('CallExpression')) {
    if (call.start < fn.start || call.end > fn.end) continue
    const args = call['arguments'] as readonly Node[]
    if (args.some((arg) => arg.type === 'Identifier' && arg['name'] === request)) return true
  }
  return false
}

function isChange(file: SourceFile, call: Node): boolean {
  const callee = call['callee'] as Node
  const args = call['arguments'] as readonly Node[]
  if (!args.some((arg) => namesParam(file, arg))) return false
  if (callee.type === 'Identifier') return CHANGING_FUNCTION.test(String(callee['name']))
  if (callee.type !== 'MemberExpression') return false
  const method = String((callee['property'] as Node)['name'] ?? '')
  const owner = file.nameOf(callee['object'] as Node) ?? ''
  if (/^(?:Map|Set|WeakMap|URLSearchParams|Headers|FormData)\(/.test(owner)) return false
  if (CHANGING.test(method) || CHANGING_FUNCTION.test(method)) return true
  const sql = ASKING.test(method) && args[0] !== undefined ? file.valueOf(args[0]) : undefined
  return typeof sql === 'string' && CHANGING_SQL.test(sql)
}

/** Whether a parameter of the path stands somewhere in the expression, also under another name. */
function namesParam(file: SourceFile, expression: Node): boolean {
  for (const type of ['Identifier', 'MemberExpression'] as const) {
    for (const node of file.nodes(type)) {
      if (node.start < expression.start || node.end > expression.end) continue
      if (isParam(file, node, 0)) return true
    }
  }
  return false
}

function isParam(file: SourceFile, node: Node, depth: number): boolean {
  if (/^(?:req|ctx\.req|ctx)\.(?:params|param\()/.test(file.nameOf(node) ?? '')) return true
  if (node.type !== 'Identifier' || depth > 2) return false
  // `const id = Number(req.params.id)`: what a name stands for, one call deep.
  for (const one of file.nodes('VariableDeclarator')) {
    const id = one['id'] as Node
    const init = one['init'] as Node | null
    if (id.type !== 'Identifier' || id['name'] !== node['name'] || init === null || init.type !== 'CallExpression')
      continue
    if (file.scopeOf(one) !== file.scopeOf(node)) continue
    if ((init['arguments'] as readonly Node[]).some((arg) => isParam(file, arg, depth + 1))) return true
  }
  return false
}

function textOf(file: SourceFile, { start, end }: Node): string {
  return file.text.slice(start, end)
}

export const rules: readonly Rule[] = [undeclaredSibling, objectWithoutCheck]
