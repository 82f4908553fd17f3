import type { Schema } from '../../core/schema.ts'

/** The keys that a schema asks for by name, level by level. */
export interface Shape {
  readonly keys: Map<string, Shape>
}

const DEEPEST = 6
/** Asked of any object, to find out what it is. */
const OF_OBJECTS: ReadonlySet<string> = new Set([
  'constructor',
  'toString',
  'toLocaleString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  '__proto__',
])

/**
 * Finds out what a schema declares by handing it objects that have nothing in them and remember what they are asked for: no library copies a
 * key that is not there, so each one that is asked for by its name is one that the schema knows.
 */
export function shapeOf(schema: Schema): Shape {
  const shape = emptyShape()
  for (const inLists of [false, true]) {
    try {
      const result = schema['~standard'].validate(recording(shape, 0, inLists))
      if (isPromise(result)) result.then(undefined, ignore)
    } catch {
      // It was no value that any schema has to expect; what had been asked for until then is known.
    }
  }
  describe(schema, shape)
  return shape
}

/** Libraries that stop at the first mistake ask for few keys; these say themselves which there are. */
function describe(schema: Schema, shape: Shape): void {
  const { jsonSchema, describe: describes } = schema as { jsonSchema?: unknown; describe?: () => unknown }
  if (jsonSchema !== undefined) addKeys(jsonSchema, jsonSchema, shape, 0)
  else if (schema['~standard'].vendor === 'joi' && typeof describes === 'function') {
    addKeys(describes.call(schema), undefined, shape, 0)
  }
}

/** The keys of a JSON Schema, or of what joi says about itself: both are trees of the same kind. */
function addKeys(node: unknown, root: unknown, shape: Shape, depth: number): void {
  if (typeof node !== 'object' || node === null || depth > DEEPEST) return
  const { properties, keys, items, matches, schema, anyOf, oneOf, allOf, $ref } = node as Record<string, unknown>
  for (const [key, below] of Object.entries({ ...asRecord(keys), ...asRecord(properties) })) {
    let known = shape.keys.get(key)
    if (known === undefined) shape.keys.set(key, (known = emptyShape()))
    addKeys(below, root, known, depth + 1)
  }
  for (const part of [items, matches, schema, anyOf, oneOf, allOf].flat()) addKeys(part, root, shape, depth + 1)
  if (typeof $ref === 'string' && $ref.startsWith('#/')) {
    const target = $ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => asRecord(at)[key], root)
    addKeys(target, root, shape, depth + 1)
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function recording(shape: Shape, depth: number, inLists: boolean): object {
  const child = (key: string): Shape => {
    let known = shape.keys.get(key)
    if (known === undefined) shape.keys.set(key, (known = emptyShape()))
    return known
  }
  return new Proxy(
    {},
    {
      get(target, key) {
        if (typeof key === 'symbol' || OF_OBJECTS.has(key)) return Reflect.get(target, key)
        const below = child(key)
        if (depth === DEEPEST) return undefined
        const value = recording(below, depth + 1, inLists)
        return inLists ? [value] : value
      },
      has(target, key) {
        if (typeof key === 'symbol' || OF_OBJECTS.has(key)) return Reflect.has(target, key)
        child(key)
        return true
      },
      getOwnPropertyDescriptor(target, key) {
        if (typeof key === 'string' && !OF_OBJECTS.has(key)) child(key)
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
    },
  )
}

function emptyShape(): Shape {
  return { keys: new Map() }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function'
}

function ignore(): void {}
