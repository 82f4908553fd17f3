/** As many as a look at each of them costs less than a set, which is made anew whenever it is emptied. */
const FEW = 12

/** The keys of one object after the other. */
export class Names {
  readonly #few: string[] = []
  #count = 0
  #more: Set<string> | undefined = undefined

  /** Whether the object did not have it yet. */
  add(name: string): boolean {
    const few = this.#few
    for (let i = 0; i < this.#count; i++) if (few[i] === name) return false
    if (this.#count < FEW) {
      few[this.#count++] = name
      return true
    }
    this.#more ??= new Set()
    const { size } = this.#more
    return this.#more.add(name).size > size
  }

  /** The object has ended. */
  clear(): void {
    this.#count = 0
    this.#more = undefined
  }
}
