/** Markup that is safe to send. */
export interface Markup {
  toString(): string
}

/**
 * Markup from a template: every value is escaped, except what `html` made.
 * Arrays are joined; `undefined`, `null` and `false` give nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Markup {
  let text = strings[0] ?? ''
  for (let i = 0; i < values.length; i++) text += toSafe(values[i]) + (strings[i + 1] ?? '')
  return new Safe(text)
}

class Safe {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

function toSafe(value: unknown): string {
  if (value === undefined || value === null || value === false) return ''
  if (value instanceof Safe) return value.toString()
  if (Array.isArray(value)) return value.map(toSafe).join('')
  return String(value).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
