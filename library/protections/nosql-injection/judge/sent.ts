import type { Untrusted } from '../../../core/sink.ts'
import { type Branch, isBranch, Likeness } from './likeness.ts'

/** What one client sent that MongoDB could take for more than a value. Made when a call first holds anything of that kind. */
export class Sent {
  readonly #untrusted: Untrusted
  readonly #likeness = new Likeness()
  /** The objects that came with an operator. */
  readonly #owners: Branch[] = []
  /** What came with each operator that a call has held. */
  readonly #operators = new Map<string, Operands>()
  readonly #references = new Set<string>()
  #texts: ReadonlySet<string> | undefined = undefined
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
    const operands = this.#operandsOf(name)
    if (operands.owners.size > 0) {
      if (operands.owners.has(owner) || operands.likeness.has(likeness.of(operand))) return true
      // Dates and bytes are made of texts in too many ways.
      if (operand instanceof Date || ArrayBuffer.isView(operand)) return true
    }
    // `{ [name]: value }`
    if (typeof operand === 'string' && this.#references.has(name)) {
      this.#texts ??= new Set(this.#untrusted.texts())
      if (this.#texts.has(operand)) return true
    }
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
    if (this.#read < texts.length) this.#texts = undefined
    for (; this.#read < texts.length; this.#read++) {
      const text = texts[this.#read] as string
      const first = text.charCodeAt(0)
      if (first === 0x24) this.#references.add(text)
      if (first > 0x20 && first !== 0x24) continue
      // Apps cut off the blanks around a text.
      const bare = text.trim()
      if (bare.charCodeAt(0) === 0x24) this.#references.add(bare)
    }
    const values = this.#untrusted.values()
    for (; this.#values < values.length; this.#values++) {
      for (const part of partsOf(values[this.#values])) if (hasOperators(part)) this.#owners.push(part)
    }
  }

  /** Clients may send thousands of operators; only those that a call has are looked at. */
  #operandsOf(name: string): Operands {
    let operands = this.#operators.get(name)
    if (operands === undefined)
      this.#operators.set(name, (operands = { read: 0, owners: new Set(), likeness: new Set() }))
    for (; operands.read < this.#owners.length; operands.read++) {
      const owner = this.#owners[operands.read] as Branch
      if (!(name in owner)) continue
      operands.owners.add(owner)
      operands.likeness.add(this.#likeness.of(owner[name]))
    }
    return operands
  }
}

interface Operands {
  /** How many of the objects with operators have been looked at. */
  read: number
  /** The very objects: a parser of the app may have made them, and the app may have changed what is in them since. */
  readonly owners: Set<object>
  readonly likeness: Set<number>
}

/** Names that MongoDB, or its driver, reads as more than the name of a field. */
export function isOperator(key: string): boolean {
  return key.charCodeAt(0) === 0x24 ? key.length > 1 : key === '_bsontype'
}

function hasOperators(part: Branch): boolean {
  if (Array.isArray(part)) return false
  for (const key in part) if (isOperator(key)) return true
  return false
}

/** More than fit into a body that is read by default. */
const MANY_PARTS = 100_000

/** Every list and object in a value, without recursion. */
function partsOf(value: unknown): readonly Branch[] {
  if (!isBranch(value)) return []
  // What came as JSON holds nothing twice, and to remember each part would cost more than all the rest.
  return partsIn(value, undefined) ?? partsIn(value, new Set([value])) ?? []
}

/** `undefined` where so many were found, without regard to what was seen, that it may go round in circles. */
function partsIn(value: Branch, seen: Set<object> | undefined): readonly Branch[] | undefined {
  const parts = [value]
  const add = (child: unknown): void => {
    if (!isBranch(child) || seen?.has(child) === true) return
    seen?.add(child)
    parts.push(child)
  }
  for (let i = 0; i < parts.length; i++) {
    if (seen === undefined && parts.length > MANY_PARTS) return undefined
    const part = parts[i] as Branch
    if (Array.isArray(part) && part.length < MANY_PARTS) for (let at = 0; at < part.length; at++) add(part[at])
    else for (const key in part) add(part[key])
  }
  return parts
}
