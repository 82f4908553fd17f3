import type { Harmless, Node } from '../library/core/rule.ts'
import { bare, bindingOf, keyOf, type Path } from './bindings.ts'
import { parameterSources } from './calls.ts'
import { implies } from './conditions.ts'
import { followExport, followImport } from './modules.ts'
import { nameOf, propertyOf } from './names.ts'
import { isTightPattern } from './patterns.ts'
import { placeOfParam } from './places.ts'
import { treeOf } from './tree.ts'
import { functionsOf, originsOf, returnsOf } from './values.ts'

/** A call that checks `input` by `schema`; what passes stands at `path` of its answer. */
export interface Validation {
  readonly schema: Node
  readonly input: Node
  readonly path: Path
}

const LIBRARIES = /^(?:zod(?:\/\w+)?|joi|@hapi\/joi|yup|valibot|superstruct|@sinclair\/typebox)\b/i

const CHECKS: ReadonlyMap<string, Path> = new Map([
  ['parse', []],
  ['parseAsync', []],
  ['safeParse', ['data']],
  ['safeParseAsync', ['data']],
  ['spa', ['data']],
  ['validateSync', []],
  ['validateAsync', []],
  ['cast', []],
  ['attempt', []],
  ['create', []],
])

/** Reads `schema.parse(input)` and its like of zod, joi, yup, valibot and superstruct. */
export function validationOf(call: Node): Validation | undefined {
  const name = nameOf(call['callee'])
  if (name === undefined || !LIBRARIES.test(name)) return undefined
  const [first, second] = call['arguments'] as (Node | undefined)[]
  const method = name.slice(name.lastIndexOf('.') + 1)
  // Joi's `validate` answers `{ error, value }`, and yup's the value.
  const path = method === 'validate' ? (/^yup\b/.test(name) ? [] : ['value']) : CHECKS.get(method)
  if (!path || !first) return undefined
  // `v.parse(schema, input)`, and `Joi.attempt(input, schema)`
  if (/^(?:valibot|superstruct)\b/.test(name)) {
    const output = method.startsWith('safeParse') ? ['output'] : path
    return second && { schema: first, input: second, path: output }
  }
  if (method === 'attempt') return second && { schema: second, input: first, path }
  const callee = bare(call['callee'])
  return callee.type === 'MemberExpression' ? { schema: callee['object'], input: first, path } : undefined
}

const MAX_DEPTH = 8

/** Whether a schema leaves nothing harmful at `path` of what it lets pass. */
export function isHarmlessBy(schema: Node, path: Path, when: Harmless['when'], depth = 0): boolean {
  const chain = depth > MAX_DEPTH ? undefined : chainOf(schema)
  if (!chain) {
    const given = givenFor(schema)
    return given.length > 0 && given.every((each) => isHarmlessBy(each, path, when, depth + 1))
  }
  const { base, steps } = chain
  const inner = (node: Node | undefined, rest: Path): boolean => !!node && isHarmlessBy(node, rest, when, depth + 1)
  const isNamed = steps.some(({ name, args }) => narrows(name, args))
  if (isNamed) return true
  const change = steps.find(({ name }) => CHANGES.test(name))
  if (change) return change.name === 'pipe' && inner(change.args[0], path)
  const [key, ...rest] = path
  const [first] = base.args
  switch (base.name) {
    case 'object':
    case 'strictObject':
    case 'looseObject':
    case 'keys': {
      const shapes = [first, ...steps.flatMap(({ name, args }) => (ADDS.test(name) ? args.slice(0, 1) : []))]
      const isOpen = base.name === 'looseObject' || steps.some(({ name }) => OPENS.test(name))
      // The object as a whole: as harmless as all that is in it.
      if (key === undefined) {
        return (
          !isOpen &&
          !!first &&
          isWhole(shapes) &&
          shapes.every((shape) => !!shape && valuesOf(shape).every((field) => inner(field, [])))
        )
      }
      for (const shape of shapes) {
        const field = shape && key !== '*' ? fieldOf(shape, key) : undefined
        if (field) return inner(field, rest)
      }
      // What the schema does not know it takes away, or refuses.
      return key !== '*' && !isOpen && !!first && isWhole(shapes)
    }
    case 'array':
    case 'set':
    case 'tuple':
      return inner(first ?? steps.find(({ name }) => name === 'items')?.args[0], rest)
    case 'optional':
    case 'nullable':
    case 'nullish':
    case 'lazy':
      return inner(first, path)
    case 'pipe':
      return base.args.some((part) => inner(part, path))
    case 'union':
    case 'alternatives':
      return first?.type === 'ArrayExpression' && (first['elements'] as Node[]).every((each) => inner(each, path))
    case 'string':
      return when === 'text'
    default:
      return CLOSED.test(base.name) || (when === 'text' && TEXTS.test(base.name))
  }
}

interface Step {
  readonly name: string
  readonly args: readonly Node[]
}

/** Kinds that leave a fixed set, a number or an identifier. */
const CLOSED =
  /^(?:enum|nativeEnum|enums|literal|number|int|int32|float\w*|bigint|boolean|bool|date|uuid\w*|guid|cuid2?|ulid|nanoid|picklist|valid|integer|isoDate\w*|hex)$/

/** Kinds of texts with room for anything. */
const TEXTS = /^(?:email|url|httpUrl|nonempty|base64\w*|jwt|ipv[46]|iso|nonEmpty|minLength|maxLength|trim|regex)$/

/** Steps of a chain after which the value is one of few, or of a harmless form. */
const NARROWS =
  /^(?:uuid\w*|guid|cuid2?|ulid|nanoid|datetime|date|time|isoDate|alphanum|hex|hexadecimal|creditCard|integer|oneOf|valid|enum|equal)$/

const CHANGES = /^(?:transform|preprocess|pipe|custom|external|coerce)$/

const ADDS = /^(?:extend|safeExtend|merge|keys|append|and|shape|concat)$/

const OPENS = /^(?:passthrough|loose|catchall|unknown|pattern)$/

function narrows(name: string, args: readonly Node[]): boolean {
  const [first] = args
  if (name === 'regex' || name === 'pattern' || name === 'matches') return first !== undefined && isTightPattern(first)
  if (name === 'refine' || name === 'test' || name === 'check') {
    return args.some((arg) => functionsOf(arg).some((fn) => isRefinement(fn)))
  }
  return NARROWS.test(name)
}

/** `.refine((v) => ALLOWED.has(v))`, and `.filter(...)` of a list, which may speak of a part of the elements only. */
export function isRefinement(fn: Node, path: Path = []): boolean {
  const place = placeOfParam(fn, 0, { form: 'any', fuel: { left: 200 } }, path)
  const answers = returnsOf(fn)
  return !!place && answers.length > 0 && answers.every((answer) => implies(answer, true, place))
}

/** The schemas that a function is handed for a parameter of its own: `validate(schema)`, `validate({ body: schema })`. */
function givenFor(schema: Node): Node[] {
  const name = definitionOf(schema)
  const [definition, second] = (name?.type === 'Identifier' && bindingOf(name)?.definitions) || []
  if (second || definition?.from !== 'param') return []
  const { fn, index, rest, path } = definition
  return parameterSources(fn, index, rest === true, path).flatMap(({ value, path: [key, ...inner] }) => {
    const found = key === undefined ? value : propertyOf(value, key)
    return found && inner.length === 0 ? [found] : []
  })
}

/** `z.string().min(1)` as its base and the steps behind it. */
function chainOf(schema: Node): { base: Step; steps: Step[] } | undefined {
  const steps: Step[] = []
  let at = definitionOf(schema)
  while (at?.type === 'CallExpression') {
    const callee = bare(at['callee'])
    const args: Node[] = at['arguments']
    if (callee.type === 'Identifier') return { base: { name: lastOf(nameOf(callee) ?? ''), args }, steps }
    if (callee.type !== 'MemberExpression') return undefined
    const object = bare(callee['object'])
    const step = { name: keyOf(callee), args }
    const owner = definitionOf(object)
    // `z.string`, `z.coerce.number`, `z.iso.date`
    if (!owner || (owner.type !== 'CallExpression' && nameOf(owner) !== undefined)) return { base: step, steps }
    steps.unshift(step)
    at = owner
  }
  return undefined
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** The expression that a name stands for, also one that is imported. */
export function definitionOf(node: Node, depth = 0): Node | undefined {
  const expression = bare(node)
  if (depth > MAX_DEPTH) return expression
  if (expression.type === 'MemberExpression') {
    const member = propertyOf(expression['object'], keyOf(expression)) ?? exportedAs(expression)
    return member ? definitionOf(member, depth + 1) : expression
  }
  if (expression.type !== 'Identifier') return expression
  const [definition, second] = bindingOf(expression)?.definitions ?? []
  if (!definition || second) return expression
  if (definition.from === 'value' && definition.path.length === 0) {
    // A module as a whole is no schema.
    const value = bare(definition.value)
    return value.type === 'CallExpression' && value['callee'].name === 'require'
      ? expression
      : definitionOf(value, depth + 1)
  }
  const links =
    definition.from === 'import'
      ? followImport(treeOf(expression), definition.specifier, definition.path)
      : definition.from === 'value'
        ? requiredLinks(definition.value, definition.path)
        : []
  const [link] = links
  return link && 'node' in link && link.path.length === 0 && link.node.type !== 'Program'
    ? definitionOf(link.node, depth + 1)
    : expression
}

/** `schemas.User`, where `schemas` is a module of the project. */
function exportedAs(member: Node): Node | undefined {
  for (const origin of originsOf(member['object'])) {
    const tree = 'node' in origin && origin.node.type === 'Program' ? treeOf(origin.node) : undefined
    const [link] = tree ? followExport(tree, [keyOf(member)]) : []
    if (link && 'node' in link && link.path.length === 0) return link.node
  }
  return undefined
}

/** `const { Schema } = require('./schemas')`. */
function requiredLinks(value: Node, path: Path): ReturnType<typeof followImport> {
  const call = bare(value)
  const text: unknown = call['callee']?.name === 'require' ? call['arguments'][0]?.value : undefined
  return typeof text === 'string' ? followImport(treeOf(call), text, path) : []
}

function fieldOf(shape: Node, key: string): Node | undefined {
  const direct = propertyOf(shape, key)
  if (direct) return direct
  // `A.merge(B)` and `A.and(B)` bring an object of their own.
  const chain = chainOf(shape)
  const [first] = chain?.base.args ?? []
  return first && propertyOf(first, key)
}

function valuesOf(shape: Node): Node[] {
  const properties: Node[] = definitionOf(shape)?.['properties'] ?? []
  return properties.map((property) => property['value'])
}

/** Whether all that the object takes is known. */
function isWhole(shapes: readonly (Node | undefined)[]): boolean {
  return shapes.every((shape) => {
    const node = shape && definitionOf(shape)
    return (
      node?.type === 'ObjectExpression' &&
      (node['properties'] as Node[]).every((property) => property.type !== 'SpreadElement' && keyOf(property) !== '*')
    )
  })
}
