import type { Untrusted } from '../../../core/sink.ts'
import { type Branch, isBranch, Likeness } from './likeness.ts'

/** What one client sent that MongoDB could take for more than a value. Made when a call first holds anything of that kind. */
export class Sent {
  readonly #untrusted: Untrusted
  readonly #likeness = new Likeness()
  /** Operators by their name, with the likeness of each operand that came with them. */
  readonly #operators = new Map<string, Set<number>>()
  /** The very objects: a parser of the app may have made them, and the app may have changed what is in them since. */
  readonly #objects = new WeakSet<object>()
  readonly #references = new Set<string>()
  readonly #texts = new Set<string>()
  #values = 0
  #read = 0
  #rest = ''
  #plainRest = ''

  constructor(untrusted: Untrusted) {
    this.#untrusted = untrusted
  }

  /** Whether the client decided this operator: it sent the same, or the name of it as the name of a field, or both of its parts as text. */
  hasOperator(owner: object, name: string, operand: unknown, likeness: Likeness): boolean {
    this.#refresh()
    if (this.#untrusted.names().has(name)) return true
    const operands = this.#operators.get(name)
    if (operands !== undefined) {
      if (this.#objects.has(owner) || operands.has(likeness.of(operand))) return true
      // Dates and bytes are made of texts in too many ways.
      if (operand instanceof Date || ArrayBuffer.isView(operand)) return true
    }
    // `{ [name]: value }`
    if (typeof operand === 'string' && this.#references.has(name) && this.#texts.has(operand)) return true
    return this.#isInRest(name)
  }

  /** Whether the client sent this text as a whole: `$password` is read as a field where MongoDB computes. */
  hasReference(text: string): boolean {
    this.#refresh()
    return this.#references.has(text) || this.#isInRest(text)
  }

  /** Whether the client sent all of this object. */
  hasWhole(value: object): boolean {
    this.#refresh()
    const wanted = new Likeness().of(value)
    return this.#untrusted.values().some((sent) => partsOf(sent).some((part) => this.#likeness.of(part) === wanted))
  }

  /** What was too much to be taken apart is looked through as it came. */
  #isInRest(name: string): boolean {
    const rest = this.#untrusted.rest()
    if (rest === '') return false
    if (rest !== this.#rest) {
      this.#rest = rest
      this.#plainRest = rest.replace(/\\u0024|%24/g, '$')
    }
    return this.#plainRest.includes(name)
  }

  #refresh(): void {
    const texts = this.#untrusted.texts()
    for (; this.#read < texts.length; this.#read++) {
      const text = texts[this.#read] as string
      this.#texts.add(text)
      if (text.startsWith('$')) this.#references.add(text)
    }
    const values = this.#untrusted.values()
    for (; this.#values < values.length; this.#values++) this.#addOperators(values[this.#values])
  }

  #addOperators(value: unknown): void {
    for (const part of partsOf(value)) {
      for (const key in part) {
        if (!isOperator(key)) continue
        this.#objects.add(part)
        let operands = this.#operators.get(key)
        if (operands === undefined) this.#operators.set(key, (operands = new Set()))
        operands.add(this.#likeness.of(part[key]))
      }
    }
  }
}

/** Names that MongoDB, or its driver, reads as more than the name of a field. */
export function isOperator(key: string): boolean {
  return key.charCodeAt(0) === 0x24 ? key.length > 1 : key === '_bsontype'
}

/** Every list and object in a value, without recursion. */
function partsOf(value: unknown): readonly Branch[] {
  if (!isBranch(value)) return []
  const parts = [value]
  const seen = new Set<object>(parts)
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Branch
    for (const key in part) {
      const child = part[key]
      if (!isBranch(child) || seen.has(child)) continue
      seen.add(child)
      parts.push(child)
    }
  }
  return parts
}
