const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }
const LARGEST_FIRST: readonly string[] = ['gb', 'mb', 'kb']
const SIZE = /^(\d{1,15}(?:\.\d{1,6})?) ?(b|kb|mb|gb|)$/i

/**
 * Reads a size such as `'512'`, `'10kb'`, `'1.5mb'` or `'2gb'` (kb = 1024 bytes); a number is bytes.
 * Answers whole bytes, or `undefined` when the text is no size.
 */
export function parseSize(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) && text >= 0 ? text : undefined
  const match = SIZE.exec(text)
  if (!match) return undefined
  const bytes = Math.floor(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? Number.NaN))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Writes bytes in the largest unit that loses nothing, so that {@link parseSize} reads the same number again. */
export function formatSize(bytes: number): string {
  const unit = bytes === 0 ? '' : (LARGEST_FIRST.find((name) => bytes % (UNITS[name] ?? 1) === 0) ?? '')
  return `${bytes / (UNITS[unit] ?? 1)}${unit}`
}
