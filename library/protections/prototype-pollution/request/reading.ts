import { type Denial, deny } from '../../../core/guard.ts'
import { jsonValue, percentDecoded } from '../../../firewall/decode.ts'
import { isNameOfPrototype, isPathToPrototype } from './paths.ts'

const NAME: Denial = deny('prototype-pollution', 'a name in the request leads into a prototype', 400)
const VALUE: Denial = deny('prototype-pollution', 'a value in the request is a path through a prototype', 400)
const PIECES: Denial = deny(
  'prototype-pollution',
  'values of the request are, one after the other, a path through a prototype',
  400,
)

/** How often text may be packed into text: percent-encoding in percent-encoding, JSON in JSON. */
const DEEPEST = 3

/** Looks for ways into a prototype in what one request says in one place, such as its query or its body. */
export class Reading {
  #denial: Denial | undefined = undefined
  #saysConstructor = false

  get denial(): Denial | undefined {
    return this.#denial
  }

  /** A field of a form or query, decoded once. */
  field(name: string, value: string): void {
    if (isNameOfPrototype(name)) this.#denial ??= NAME
    this.#packed(name, 1, true)
    // `a=constructor&b=prototype&c=x` for `object[a][b][c] = ...`
    if (value === 'constructor') this.#saysConstructor = true
    else if (value === 'prototype' && this.#saysConstructor) this.#denial ??= PIECES
    this.text(value)
  }

  /** A value of its own, or a body that is one text. */
  text(text: string, depth = 0): void {
    if (this.#denial !== undefined || text.length < 9) return
    if (isPathToPrototype(text)) this.#denial = VALUE
    else this.#packed(text, depth, false)
  }

  /** What a parser of JSON made of a text. Walks without recursion, so that no depth hides anything. */
  value(root: unknown, depth = 0): void {
    const open: unknown[] = [root]
    while (open.length > 0 && this.#denial === undefined) {
      const next = open.pop()
      if (typeof next === 'string') this.text(next, depth)
      else if (Array.isArray(next)) this.#list(next, open)
      else if (typeof next === 'object' && next !== null) this.#object(next, open)
    }
  }

  #list(list: readonly unknown[], open: unknown[]): void {
    for (let i = 0; i < list.length; i++) {
      if (list[i] === 'prototype' && list[i - 1] === 'constructor') this.#denial ??= PIECES
      open.push(list[i])
    }
  }

  #object(object: object, open: unknown[]): void {
    for (const key of Object.keys(object)) {
      if (isNameOfPrototype(key)) this.#denial ??= NAME
      const item = (object as Record<string, unknown>)[key]
      if (key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype')) {
        this.#denial ??= NAME
      }
      open.push(item)
    }
  }

  #packed(text: string, depth: number, isName: boolean): void {
    if (depth >= DEEPEST || this.#denial !== undefined) return
    const decoded = percentDecoded(text)
    if (decoded !== undefined) {
      if (isName && isNameOfPrototype(decoded)) this.#denial = NAME
      else this.text(decoded, depth + 1)
    }
    const value = jsonValue(text)
    if (value !== undefined) this.value(value, depth + 1)
  }
}
