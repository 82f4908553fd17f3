import type { Node } from '../library/core/rule.ts'
import { type Binding, bare, bindingOf, keyOf, memberPath, type Path } from './bindings.ts'
import { nameOf } from './names.ts'
import { treeOf } from './tree.ts'
import { startsWith } from './values.ts'

/**
 * What a condition is asked for: anything that leaves nothing to the client, or only that the value is a text, begins with a slash,
 * or has no second slash behind the first.
 */
export type Form = 'any' | 'text' | 'rooted' | 'single'

/** A name or a property chain on a name, as far as conditions can speak about it. */
export interface Place {
  readonly binding: Binding
  readonly path: string
  readonly form: Form
  /** How many more conditions may be looked into: predicates that call predicates never end otherwise. */
  readonly fuel: { left: number }
}

export function placeOfValue(node: Node, form: Form = 'any'): Place | undefined {
  const expression = bare(node)
  const parts = memberPath(expression)
  if (parts?.object.type !== 'Identifier' || parts.path.includes('*')) return undefined
  const binding = bindingOf(parts.object)
  if (!binding) return undefined
  const place = unnamed(binding, parts.path)
  return { binding: place.binding, path: place.path.join('.'), form, fuel: { left: 200 } }
}

const MAX_NAMES = 5

/** What a name stands for that was given once to a part of something else: `const { body } = req`, `const b = body as Form`. */
function unnamed(binding: Binding, path: Path, depth = 0): { binding: Binding; path: Path } {
  const [definition, second] = binding.definitions
  if (binding.kind !== 'const' || second || definition?.from !== 'value' || definition.keys || depth > MAX_NAMES) {
    return { binding, path }
  }
  const parts = memberPath(bare(definition.value))
  const outer = parts?.object.type === 'Identifier' ? bindingOf(parts.object) : undefined
  const whole = [...(parts?.path ?? []), ...definition.path, ...path]
  // What may have changed since is another value.
  if (outer?.definitions.length !== 1 || whole.includes('*')) return { binding, path }
  return unnamed(outer, whole, depth + 1)
}

/** A parameter, or what stands at `path` of it, also when the parameter is taken apart at once. */
export function placeOfParam(
  fn: Node,
  index: number,
  { form, fuel }: Pick<Place, 'form' | 'fuel'>,
  path: Path = [],
): Place | undefined {
  for (const binding of treeOf(fn).scopes.get(fn)?.values() ?? []) {
    for (const definition of binding.definitions) {
      if (definition.from !== 'param' || definition.fn !== fn || definition.index !== index || definition.rest) continue
      if (startsWith(path, definition.path)) {
        return { binding, path: path.slice(definition.path.length).join('.'), form, fuel }
      }
    }
  }
  return undefined
}

const UNCHANGED: ReadonlySet<string> = new Set(['toLowerCase', 'toUpperCase', 'toString', 'trim'])

const HOSTS: ReadonlySet<string> = new Set(['host', 'hostname', 'origin'])

/** Whether the expression is the value itself, in another letter case, or the host of the URL made from it. */
export function isSame(node: Node, place: Place, depth = 0): boolean {
  const expression = bare(node)
  if (expression.type === 'CallExpression') {
    const callee = bare(expression['callee'])
    if (callee.type === 'MemberExpression' && UNCHANGED.has(keyOf(callee)))
      return isSame(callee['object'], place, depth)
    return (
      nameOf(callee) === 'String' &&
      expression['arguments'].length === 1 &&
      isSame(expression['arguments'][0], place, depth)
    )
  }
  if (expression.type === 'MemberExpression' && HOSTS.has(keyOf(expression))) {
    const url = bare(expression['object'])
    if (isUrlOf(url, place, depth) || (nameOf(url) === 'URL()' && isSame(url, place, depth))) return true
  }
  if (expression.type === 'Identifier' && isHostOf(expression, place, depth)) return true
  const other = placeOfValue(expression)
  return other !== undefined && other.binding === place.binding && other.path === place.path
}

/** `new URL(x)`, also under a name. */
function isUrlOf(node: Node, place: Place, depth: number): boolean {
  if (depth > 2) return false
  if (node.type === 'NewExpression') {
    const first: Node | undefined = node['arguments'][0]
    return first !== undefined && nameOf(node['callee']) === 'URL' && isSame(first, place, depth + 1)
  }
  if (node.type !== 'Identifier') return false
  return (bindingOf(node)?.definitions ?? []).some(
    (definition) => definition.from === 'value' && isUrlOf(bare(definition.value), place, depth + 1),
  )
}

/** `const { hostname, href } = new URL(x)`: the host of `x`, and of the address beside it. */
function isHostOf(node: Node, place: Place, depth: number): boolean {
  const [definition, second] = bindingOf(node)?.definitions ?? []
  if (second || definition?.from !== 'value' || definition.path.length !== 1) return false
  if (!HOSTS.has(definition.path[0] ?? '')) return false
  const url = bare(definition.value)
  if (isUrlOf(url, place, depth) || (nameOf(url) === 'URL()' && isSame(url, place, depth + 1))) return true
  const [own, other] = place.binding.definitions
  return (
    !other && own?.from === 'value' && own.value === definition.value && own.path[0] === 'href' && place.path === ''
  )
}
