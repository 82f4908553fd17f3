/** A number as people write it: no blanks, no leading zeros, no exponent, no other base. */
const NUMBER = /^-?(?:0|[1-9]\d{0,308})(?:\.\d{1,308})?$/
const WHOLE = /^-?(?:0|[1-9]\d*)$/
/** Any text that is not empty is true to JavaScript, these too. */
const MEANT_AS_NO: ReadonlySet<string> = new Set(['false', '0', 'no', 'off', 'null', 'undefined', 'NaN'])
const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/

/**
 * The number that a text is, or `undefined`: `'42'` is one; `''`, `'42abc'`, `' 42'`, `'0x2a'`, `'1e3'`, `'042'`, `'NaN'` and whole numbers
 * that a double cannot hold are not.
 */
export function exactNumber(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined
  const number = Number(text)
  if (!Number.isFinite(number) || (WHOLE.test(text) && !Number.isSafeInteger(number))) return undefined
  return number
}

/** `'true'` and `'false'`. */
export function exactBoolean(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined
}

/** A day or a moment in the form of RFC 3339 that the calendar has: not the 30th of February. */
export function exactDate(text: string): Date | undefined {
  if (!DATE.test(text)) return undefined
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) return undefined
  // JavaScript turns a day too many into the first of the next month.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  return day.toISOString().startsWith(text.slice(0, 10)) ? date : undefined
}

/**
 * Whether a schema made another type of a value than the value says: `'0x2a'` to 42, `''` to 0, `'false'` to true, `[]` to a text. Libraries
 * with a habit of coercing do; what a schema computes from a value in another way is its own business.
 */
export function isLossy(raw: unknown, made: unknown): boolean {
  if (raw === made || raw === undefined) return false
  const from = typeof raw
  switch (typeof made) {
    case 'number':
      if (from === 'string') return isBent(raw, made as number) && exactNumber(raw as string) !== made
      return from === 'object' && isBent(raw, made as number)
    case 'bigint':
      return from === 'string' ? !WHOLE.test(raw as string) : from !== 'number' && from !== 'bigint'
    case 'boolean':
      return from === 'string' ? made && MEANT_AS_NO.has(raw as string) : from === 'object' && made === Boolean(raw)
    case 'string':
      return typeof raw === 'object' && made === toText(raw)
    case 'object':
      if (!(made instanceof Date)) return false
      return from === 'string'
        ? made.getTime() === new Date(raw as string).getTime() && exactDate(raw as string) === undefined
        : from !== 'number' && !(raw instanceof Date)
    default:
      return false
  }
}

/** Whether this is the number that JavaScript sees in the value, one way or another; or a library that takes blanks out first, as yup does. */
function isBent(value: unknown, number: number): boolean {
  if (value === null) return number === 0
  const text = toText(value)
  if (text === undefined) return false
  return number === Number(text) || number === Number.parseFloat(text) || number === Number(text.replace(/\s/g, ''))
}

function toText(value: unknown): string | undefined {
  try {
    return String(value)
  } catch {
    return undefined
  }
}
