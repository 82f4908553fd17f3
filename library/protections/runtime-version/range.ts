/** The major versions that a range such as `^18.0.0 || >=20` admits, as intervals; `undefined` when it cannot be read. */
export function majorsOf(range: string): readonly (readonly [from: number, to: number])[] | undefined {
  const found: (readonly [number, number])[] = []
  for (const part of range.split('||')) {
    const interval = intervalOf(part.trim())
    if (interval === undefined) return undefined
    found.push(interval)
  }
  return found
}

function intervalOf(part: string): readonly [number, number] | undefined {
  if (part === '' || part === '*' || part === 'x' || part === 'latest') return [0, Number.POSITIVE_INFINITY]
  const span = /^v?(\d+)[\w.-]*\s+-\s+v?(\d+)[\w.-]*$/.exec(part)
  if (span) return [Number(span[1]), Number(span[2])]
  let from = 0
  let to = Number.POSITIVE_INFINITY
  for (const comparator of part.replace(/([<>=^~])\s+/g, '$1').split(/[\s,]+/)) {
    const match = /^(\^|~>?|>=|<=|>|<|=)?v?(\d+)((?:\.[\dx*]+){0,2})(?:-[\w.]+)?$/i.exec(comparator)
    if (!match) return undefined
    const [, sign = '', digits = '', rest = ''] = match
    const major = Number(digits)
    switch (sign) {
      case '>=':
        from = Math.max(from, major)
        break
      case '>':
        from = Math.max(from, rest === '' ? major + 1 : major)
        break
      case '<':
        to = Math.min(to, /[1-9]/.test(rest) ? major : major - 1)
        break
      case '<=':
        to = Math.min(to, major)
        break
      default:
        from = Math.max(from, major)
        to = Math.min(to, major)
    }
  }
  return [from, to]
}
