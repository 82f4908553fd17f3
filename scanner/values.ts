import type { Node } from '../library/core/rule.ts'
import { attachedAs, settingsOf } from './attached.ts'
import { bare, bindingOf, type Definition, keyOf, type Path } from './bindings.ts'
import { parameterSources } from './calls.ts'
import { heirsOf } from './heirs.ts'
import { followExport, followImport, type Link, requiredBy } from './modules.ts'
import { roleOf, typeNameOf, wordFor } from './roles.ts'
import { mutationsOf } from './sources.ts'
import { functionAround, isFunction, nodesWithin, parentOf, treeOf } from './tree.ts'
import { writesOn, writesOnThis } from './writes.ts'

/** What an expression comes from: something outside the project, by name, or a node of the project. */
export type Origin = { readonly name: string } | { readonly node: Node }

/** More ways than this to the same name say nothing any more. */
const LIMIT = 12
const MAX_PATH = 5
const MAX_PATHS = 24
/** Bundled code leads from name to name for longer than the call stack lasts. */
const MAX_DEPTH = 100
let depth = 0

/** Everything that `node.path` may stand for, through constants, imports, calls, parameters and properties. */
export function originsOf(node: Node, path: Path = []): readonly Origin[] {
  const { origins, inner } = treeOf(node).project.known
  if (path.length === 0) {
    const known = origins.get(node)
    return known ?? remember(origins, node, node, path)
  }
  let byPath = inner.get(node)
  if (!byPath) inner.set(node, (byPath = new Map()))
  const key = path.length === 1 ? (path[0] ?? '') : path.join('.')
  const known = byPath.get(key)
  if (known) return known
  // Linked structures (`at = at.next`) would ask for ever longer paths of ever the same names.
  if (path.length > MAX_PATH || byPath.size > MAX_PATHS) return []
  return remember(byPath, key, node, path)
}

function remember<Key>(memo: Map<Key, readonly Origin[]>, key: Key, node: Node, path: Path): readonly Origin[] {
  if (depth >= MAX_DEPTH) return []
  // Also stops recursion: a name that is defined by itself adds nothing.
  memo.set(key, [])
  depth++
  try {
    const found = unique(withAttached(compute(bare(node), path), node))
    memo.set(key, found)
    return found
  } finally {
    depth--
  }
}

/** What a server or a request carries by the app's own doing goes by what it was made from, too. */
function withAttached(origins: readonly Origin[], node: Node): readonly Origin[] {
  let found = origins
  for (const origin of origins) {
    const attached = 'name' in origin ? attachedAs(origin.name, treeOf(node).project) : []
    if (attached.length > 0) found = [...attached.flatMap(({ value, path }) => originsOf(value, path)), ...found]
  }
  return found
}

/** The functions of the project that a call may run. */
export function functionsOf(node: Node): readonly Node[] {
  const found: Node[] = []
  for (const origin of originsOf(node)) if ('node' in origin && isFunction(origin.node)) found.push(origin.node)
  return found
}

/** What a function may answer: the operands of its `return`, or its expression body. */
export function returnsOf(fn: Node): readonly Node[] {
  const body: Node | null = fn['body']
  if (!body) return []
  if (body.type !== 'BlockStatement') return [body]
  const found: Node[] = []
  for (const statement of nodesWithin(body, 'ReturnStatement')) {
    if (statement['argument'] && functionAround(statement) === fn) found.push(statement['argument'])
  }
  return found
}

/** What a generator function hands out one by one. */
export function yieldsOf(fn: Node): readonly Node[] {
  if (!fn['generator']) return []
  return [...nodesWithin(fn, 'YieldExpression')].filter((node) => node['argument'] && functionAround(node) === fn)
}

/**
 * The functions of the project that a template tag is. One that answers an object, as those for SQL do, keeps what is written and what
 * is put in apart, and is left to itself.
 */
export function tagsOf(tagged: Node): readonly Node[] {
  return functionsOf(tagged['tag']).filter(
    (fn) => !returnsOf(fn).some((answer) => /^(?:New|Object)Expr/.test(bare(answer).type)),
  )
}

/** The class, constructor function or object literal that `this` stands for. */
export function ownerOfThis(node: Node): Node | undefined {
  let at = parentOf(node)
  while (at && (at.type === 'ArrowFunctionExpression' || !isFunction(at))) {
    if (at.type === 'PropertyDefinition' || at.type === 'StaticBlock') return parentOf(parentOf(at) ?? at)
    if (at.type === 'Program') return undefined
    at = parentOf(at)
  }
  if (!at) return undefined
  const parent = parentOf(at)
  if (parent?.type === 'MethodDefinition') return parentOf(parentOf(parent) ?? parent)
  if (parent?.type === 'Property') return parentOf(parent)
  return at
}

function compute(node: Node, path: Path): readonly Origin[] {
  switch (node.type) {
    case 'Identifier':
      return ofIdentifier(node, path)
    case 'MemberExpression':
      return originsOf(node['object'], [keyOf(node), ...path])
    case 'ThisExpression': {
      const owner = ownerOfThis(node)
      return owner ? [...ofMember(owner, path), ...ofHeirs(owner, path)] : []
    }
    case 'AwaitExpression':
    case 'SpreadElement':
      return originsOf(node['argument'], path)
    case 'AssignmentExpression':
      return originsOf(node['right'], path)
    case 'SequenceExpression':
      return originsOf(node['expressions'].at(-1), path)
    case 'ConditionalExpression':
      return [...originsOf(node['consequent'], path), ...originsOf(node['alternate'], path)]
    case 'LogicalExpression':
      return [...originsOf(node['left'], path), ...originsOf(node['right'], path)]
    case 'ImportExpression':
    case 'CallExpression':
      return ofCall(node, path)
    case 'NewExpression':
      return ofNew(node, path)
    case 'Program':
      return path.length === 0 ? [{ node }] : followExport(treeOf(node), path).flatMap(ofLink)
    case 'ObjectExpression':
    case 'ArrayExpression':
      return path.length === 0 ? [{ node }] : ofMember(node, path)
    case 'ClassDeclaration':
    case 'ClassExpression':
      return path.length === 0 ? [{ node }] : ofStatic(node, path)
    default:
      return path.length === 0 ? [{ node }] : []
  }
}

/** What the classes below put in place of a member: a method above calls theirs. */
function ofHeirs(owner: Node, path: Path): readonly Origin[] {
  return heirsOf(owner).flatMap((heir) =>
    (heir['body'].body as Node[]).some((member) => member['key'] && keyOf(member) === path[0])
      ? ofMember(heir, path)
      : [],
  )
}

function ofIdentifier(node: Node, path: Path): readonly Origin[] {
  const binding = bindingOf(node)
  const name: string = node['name']
  if (!binding) {
    if (name === 'exports') return followExport(treeOf(node), path).flatMap(ofLink)
    if (name === 'module' && path[0] === 'exports') return followExport(treeOf(node), path.slice(1)).flatMap(ofLink)
    if (name === 'undefined') return [{ node }]
    const isGlobal = (name === 'globalThis' || name === 'global') && path.length > 0
    return [{ name: isGlobal ? path.join('.') : [name, ...path].join('.') }]
  }
  const found: Origin[] = []
  if (path.length > 0) {
    for (const write of writesOn(binding)) {
      if (startsWith(path, write.path)) found.push(...originsOf(write.value, path.slice(write.path.length)))
    }
  }
  for (const definition of binding.definitions) {
    found.push(...ofDefinition(definition, path))
    if (found.length > LIMIT) break
  }
  return found
}

function ofDefinition(definition: Definition, path: Path): readonly Origin[] {
  switch (definition.from) {
    case 'self':
      return originsOf(definition.value, path)
    case 'import':
      return followImport(treeOf(definition.at), definition.specifier, [...definition.path, ...path]).flatMap(ofLink)
    case 'value':
      return definition.keys ? [] : originsOf(definition.value, [...definition.path, ...path])
    case 'param': {
      const whole = [...definition.path, ...path]
      const role = roleOf(definition.fn, definition.index)
      if (role !== undefined) return [{ name: wordFor(role, whole).join('.') }]
      const given = parameterSources(definition.fn, definition.index, definition.rest === true, whole)
      // Without a caller in sight, as under dependency injection, the declared class tells what its methods are.
      const found = given.flatMap((source) => originsOf(source.value, source.path))
      return found.length > 0 ? found : ofType(definition.fn['params'][definition.index], whole)
    }
  }
}

export function ofLink(link: Link): readonly Origin[] {
  return 'name' in link ? [link] : originsOf(link.node, link.path)
}

function ofCall(node: Node, path: Path): readonly Origin[] {
  const specifier = requiredBy(node)
  if (specifier !== undefined) return followImport(treeOf(node), specifier, path).flatMap(ofLink)
  const callee: Node | undefined = node['callee']
  if (!callee) return []
  const args: Node[] = node['arguments']
  const target = bare(callee)
  const kept =
    target.type === 'MemberExpression' && keyOf(target) === 'get'
      ? [...entriesOf(target['object']), ...settingsOf(target['object'], args)]
      : []
  if (kept.length > 0) return kept.flatMap((value) => originsOf(value, path))
  if (target.type === 'MemberExpression' && keyOf(target) === 'bind') return originsOf(target['object'], path)
  const found: Origin[] = []
  for (const origin of originsOf(target)) {
    if ('node' in origin) {
      if (isFunction(origin.node)) for (const value of returnsOf(origin.node)) found.push(...originsOf(value, path))
    } else if (SAME_AS_FIRST.has(origin.name) && args[0]) found.push(...originsOf(args[0], path))
    else if (origin.name === 'Object.assign') for (const arg of args) found.push(...originsOf(arg, path))
    else found.push({ name: [nameAfterCall(origin.name, args.length), ...path].join('.') })
  }
  return found
}

/** The values of a `Map` of the project, by the places where they are put in. */
function entriesOf(map: Node): readonly Node[] {
  const name = bare(map)
  const binding = name.type === 'Identifier' ? bindingOf(name) : undefined
  const [definition, second] = binding?.definitions ?? []
  if (!binding || second || definition?.from !== 'value') return []
  const made = bare(definition.value)
  if (made.type !== 'NewExpression' || made['callee'].name !== 'Map') return []
  const list: (Node | null)[] = made['arguments'][0]?.elements ?? []
  const given = list.flatMap((pair) => pair?.['elements']?.[1] ?? [])
  return [...given, ...mutationsOf(binding).flatMap(({ at, value }) => (at['arguments'][1] === value ? [value] : []))]
}

/** Functions that answer what they are given, or a function that does the same. */
const SAME_AS_FIRST: ReadonlySet<string> = new Set([
  'Object.freeze',
  'Object.seal',
  'Promise.resolve',
  'node:util.promisify',
  'structuredClone',
])

const CHAINED =
  /^(res)\.(?:status|code|set|header|headers|type|cookie|setCookie|clearCookie|vary|links|location|append|attachment|contentType|setHeader)$/
const CHAINED_SERVER =
  /^((?:express|fastify|express\.Router|hono\.Hono|@koa\/router|koa-router)\(\)(?:\.route\(\))?)\.(get|post|put|patch|delete|all|use|options|head|set|enable|disable|param|register|addHook|decorate)$/

/** The name of a call's result. Methods that answer their own object keep its name, so that `res.status(400).send` is `res.send`. */
function nameAfterCall(name: string, count: number): string {
  const own = CHAINED.exec(name)?.[1]
  if (own !== undefined) return own
  const server = CHAINED_SERVER.exec(name)
  // `app.get('setting')` reads a setting; with handlers it registers a route.
  if (server?.[1] !== undefined && (server[2] !== 'get' || count > 1 || name.includes('.route()'))) return server[1]
  return `${name}()`
}

function ofNew(node: Node, path: Path): readonly Origin[] {
  const found: Origin[] = []
  for (const origin of originsOf(node['callee'])) {
    if ('name' in origin) found.push({ name: [`${origin.name}()`, ...path].join('.') })
    else if (path.length > 0) found.push(...ofMember(origin.node, path))
    else if (isFunction(origin.node) || origin.node.type.startsWith('Class')) found.push({ node })
  }
  return found
}

/** A property of an object literal, an array, an instance of a class or of a constructor function. */
function ofMember(owner: Node, path: Path): readonly Origin[] {
  const [key, ...rest] = path
  if (key === undefined) return [{ node: owner }]
  const found: Origin[] = []
  for (const write of writesOnThis(owner)) {
    if (startsWith(path, write.path)) found.push(...originsOf(write.value, path.slice(write.path.length)))
  }
  if (owner.type === 'ObjectExpression') {
    for (const property of owner['properties'] as Node[]) {
      if (property.type === 'SpreadElement') found.push(...originsOf(property['argument'], path))
      else if (key === '*' || keyOf(property) === key) found.push(...ofProperty(property, rest))
    }
  } else if (owner.type === 'ArrayExpression') {
    const elements = owner['elements'] as (Node | null)[]
    for (const [index, element] of elements.entries()) {
      if (element?.type === 'SpreadElement') found.push(...originsOf(element, path))
      else if (element && (key === '*' || key === String(index))) found.push(...originsOf(element, rest))
    }
  } else if (owner.type === 'ClassDeclaration' || owner.type === 'ClassExpression') {
    found.push(...ofClass(owner, path, false))
  } else if (isFunction(owner) && owner['id']) {
    const binding = bindingOf(owner['id'])
    for (const write of binding ? writesOn(binding) : []) {
      if (write.path[0] !== 'prototype') continue
      const [, ...inner] = write.path
      if (startsWith(path, inner)) found.push(...originsOf(write.value, path.slice(inner.length)))
    }
  }
  return found
}

/** What reading a property answers: a getter's is what it returns. */
function ofProperty(property: Node, path: Path): readonly Origin[] {
  if (property['kind'] !== 'get') return originsOf(property['value'], path)
  return returnsOf(property['value']).flatMap((answer) => originsOf(answer, path))
}

function ofStatic(node: Node, path: Path): readonly Origin[] {
  return ofClass(node, path, true)
}

function ofClass(node: Node, path: Path, isStatic: boolean): readonly Origin[] {
  const [key, ...rest] = path
  const found: Origin[] = []
  for (const member of node['body'].body as Node[]) {
    if (!member['key'] || member['static'] !== isStatic) {
      continue
    }
    if (member['kind'] === 'constructor' && !isStatic) {
      for (const [index, param] of (member['value'].params as Node[]).entries()) {
        if (param.type !== 'TSParameterProperty' || nameOfParam(param) !== key) continue
        const given = parameterSources(member['value'], index, false, rest)
        const known = given.flatMap((source) => originsOf(source.value, source.path))
        found.push(...(known.length > 0 ? known : ofType(param, rest)))
      }
    } else if (keyOf(member) !== key) continue
    else if (member['value']) found.push(...ofProperty(member, rest))
    else found.push(...ofType(member, rest))
  }
  if (found.length === 0 && node['superClass']) {
    for (const origin of originsOf(node['superClass'])) {
      if ('node' in origin && origin.node !== node && origin.node.type.startsWith('Class')) {
        found.push(...(isStatic ? ofClass(origin.node, path, true) : ofMember(origin.node, path)))
      }
    }
  }
  return found
}

/** A member of the class that the parameter or field is declared to be: one of the project, or of a package. */
function ofType(param: Node | undefined, path: Path): readonly Origin[] {
  const name = param && path.length > 0 ? typeNameOf(param) : undefined
  if (name?.type !== 'Identifier') return []
  const isImported = bindingOf(name)?.kind === 'import'
  return originsOf(name).flatMap((origin) => {
    if ('node' in origin) return origin.node.type.startsWith('Class') ? ofMember(origin.node, path) : []
    return isImported ? [{ name: [`${origin.name}()`, ...path].join('.') }] : []
  })
}

export function nameOfParam(param: Node): string | undefined {
  if (param.type === 'TSParameterProperty') return nameOfParam(param['parameter'])
  if (param.type === 'AssignmentPattern') return nameOfParam(param['left'])
  if (param.type === 'RestElement') return nameOfParam(param['argument'])
  return param.type === 'Identifier' ? param['name'] : undefined
}

export function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((key, index) => key === path[index])
}

function unique(origins: readonly Origin[]): readonly Origin[] {
  if (origins.length < 2) return origins
  const seen = new Set<string | Node>()
  const kept: Origin[] = []
  for (const origin of origins) {
    const key = 'name' in origin ? origin.name : origin.node
    if (seen.has(key)) continue
    seen.add(key)
    kept.push(origin)
    if (kept.length === LIMIT) break
  }
  return kept
}
