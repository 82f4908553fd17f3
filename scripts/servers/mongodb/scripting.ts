import { type Context, createContext, Script } from 'node:vm'
import { BSON } from 'mongodb'
import { Refusal } from './refusal.ts'
import { isDoc } from './values.ts'

/** How long the scripts of one command may run, in milliseconds. MongoDB would wait longer; tests should not. */
const BUDGET = 5000

/**
 * Compiles the JavaScript of `$where`: with the document as `this` and as `obj`, and `sleep(ms)`, as an attacker finds them in MongoDB.
 *
 * **Security**: an attack of the tests runs here, and must not reach this process. The script is in a realm of its own, into which only texts
 * go, and from which only texts come; it can neither make code from text nor import.
 */
export function compileWhere(source: unknown, budget: number = BUDGET): (doc: unknown) => boolean {
  const realm = new Realm(source, budget)
  return (doc) => realm.call(doc, []) === true
}

/** Compiles the JavaScript of `$function`. */
export function compileFunction(source: unknown): (args: readonly unknown[]) => unknown {
  const realm = new Realm(source, BUDGET)
  return (args) => realm.call(null, args)
}

const PRELUDE = `
(() => {
  const { parse, stringify } = JSON
  class ObjectId {
    constructor(str) { this.str = str }
    toString() { return this.str }
    toJSON() { return this.str }
    equals(other) { return other instanceof ObjectId && other.str === this.str }
  }
  const revive = (key, value) => {
    if (typeof value !== 'object' || value === null) return value
    if (typeof value.$oid === 'string') return new ObjectId(value.$oid)
    if (typeof value.$date === 'number') return new Date(value.$date)
    return value
  }
  globalThis.ObjectId = ObjectId
  globalThis.sleep = (ms) => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms)) }
  globalThis.isNumber = (value) => typeof value === 'number'
  globalThis.isString = (value) => typeof value === 'string'
  globalThis.tojson = (value) => stringify(value)
  return (code, text) => {
    try {
      const { self, args, isWhere } = parse(text, revive)
      globalThis.obj = self
      const answer = isWhere ? code.call(self, self) : code.apply(null, args)
      return stringify({ answer: isWhere ? Boolean(answer) : answer })
    } catch (error) {
      return stringify({ failed: String(error) })
    }
  }
})()`

class Realm {
  readonly #context: Context
  readonly #call: Script
  #left: number

  constructor(source: unknown, budget: number) {
    this.#left = budget
    const text = toFunction(source)
    this.#context = createContext(Object.create(null), {
      codeGeneration: { strings: false, wasm: false },
      microtaskMode: 'afterEvaluate',
    })
    try {
      new Script(`globalThis.__call = ${PRELUDE}`).runInContext(this.#context)
      new Script(`globalThis.__code = ${text}`).runInContext(this.#context, { timeout: 100 })
    } catch (error) {
      throw toRefusal(error)
    }
    this.#call = new Script('__call(__code, __text)')
  }

  call(self: unknown, args: readonly unknown[]): unknown {
    const since = performance.now()
    this.#context['__text'] = JSON.stringify({ self: toPlain(self), args: toPlain(args), isWhere: self !== null })
    try {
      const text: unknown = this.#call.runInContext(this.#context, { timeout: Math.max(1, Math.ceil(this.#left)) })
      return toAnswer(text)
    } catch (error) {
      throw toRefusal(error)
    } finally {
      this.#left -= performance.now() - since
    }
  }
}

/** What comes out is a text, or the script has tampered with what makes it. */
function toAnswer(text: unknown): unknown {
  const parsed: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
  if (!isDoc(parsed)) throw new Refusal('JSInterpreterFailure', 'the script has no answer')
  if ('failed' in parsed) throw new Refusal('JSInterpreterFailure', String(parsed['failed']))
  return parsed['answer']
}

/** A function, an expression, or statements: MongoDB takes all three. */
function toFunction(source: unknown): string {
  const code = source instanceof BSON.Code ? source.code : source
  const text = (typeof code === 'function' ? String(code) : code) as unknown
  if (typeof text !== 'string') throw new Refusal('BadValue', '$where got bad type')
  // Its error would come from this process' own realm, and through it everything could be reached.
  if (/\bimport\b/.test(text)) throw new Refusal('JSInterpreterFailure', 'SyntaxError: import is not allowed here')
  const trimmed = text.trim()
  if (/^function\b|^\(?[\w$\s,]*\)?\s*=>/.test(trimmed)) return `(${trimmed})`
  const isExpression = !/\n|\breturn\b/.test(trimmed) && !trimmed.slice(0, -1).includes(';')
  return `(function(){ ${isExpression ? `return ${trimmed}` : trimmed} })`
}

function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain)
  if (value instanceof BSON.ObjectId) return { $oid: value.toHexString() }
  if (value instanceof Date) return { $date: value.getTime() }
  if (value instanceof BSON.Long || value instanceof BSON.Decimal128) return Number(value.toString())
  if (value instanceof BSON.Binary) return value.toString('base64')
  if (value instanceof RegExp) return String(value)
  if (isDoc(value)) return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toPlain(part)]))
  return typeof value === 'object' && value !== null ? String(value) : value
}

/** That of a script that is none, or of one that took too long. What the other realm has thrown is not even looked at. */
function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const isOwn = error instanceof Error
  return new Refusal('JSInterpreterFailure', isOwn ? `${error.name}: ${error.message}` : 'the script failed')
}
