export type SqlValue = string | number | null

/** A statement with its values apart: what is written by people never becomes part of its text. */
export class Sql {
  readonly texts: readonly string[]
  readonly values: readonly SqlValue[]

  constructor(texts: readonly string[], values: readonly SqlValue[]) {
    this.texts = texts
    this.values = values
  }

  /** The text with what the database writes for the n-th value, counted from 1. */
  text(placeholder: (n: number) => string): string {
    return this.texts.reduce((text, part, i) => text + (i === 0 ? '' : placeholder(i)) + part, '')
  }
}

/** A statement out of a template. Values become placeholders; other statements become part of it. */
export function sql(texts: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  const parts = [texts[0] ?? '']
  const all: SqlValue[] = []
  values.forEach((value, i) => {
    const after = texts[i + 1] ?? ''
    if (value instanceof Sql) {
      const [first = '', ...rest] = value.texts
      parts.push(`${parts.pop() ?? ''}${first}`, ...rest)
      parts.push(`${parts.pop() ?? ''}${after}`)
      all.push(...value.values)
    } else {
      parts.push(after)
      all.push(value)
    }
  })
  return new Sql(parts, all)
}
