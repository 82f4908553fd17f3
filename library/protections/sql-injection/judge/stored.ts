const MOST = 512
const LONGEST = 4096
/** Text that could be code behind the end of a value, or in the place of a number. */
const DANGEROUS = /['"`\\;]|--|\/\*|#|[\s)(+](?:or|and|union|select|from|where|limit|order)\b/i

/**
 * Texts that were stored as values and could be code. They are no danger there; but a query that is put together from what was
 * read back is, and by then the request that brought them is long over (second-order injection).
 */
export class StoredTexts {
  readonly #texts = new Set<string>()
  #list: readonly string[] | undefined = []

  get list(): readonly string[] {
    return (this.#list ??= [...this.#texts])
  }

  remember(values: unknown): void {
    if (typeof values === 'string') this.#add(values)
    else if (Array.isArray(values)) for (const value of values) this.#rememberOne(value)
    else this.#rememberOne(values)
  }

  #rememberOne(value: unknown): void {
    if (typeof value === 'string') this.#add(value)
    else if (Array.isArray(value)) {
      for (const item of value) if (typeof item === 'string') this.#add(item)
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const key in value) {
        const item = (value as Record<string, unknown>)[key]
        if (typeof item === 'string') this.#add(item)
      }
    }
  }

  #add(text: string): void {
    if (text.length < 3 || text.length > LONGEST || !DANGEROUS.test(text)) return
    // What was stored last is the most likely to come back.
    if (this.#texts.delete(text)) this.#texts.add(text)
    else {
      if (this.#texts.size >= MOST) this.#texts.delete(this.#texts.values().next().value as string)
      this.#texts.add(text)
      this.#list = undefined
    }
  }
}
