const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const LARGEST_FIRST: readonly string[] = ['d', 'h', 'm', 's', 'ms']
const DURATION = /^(\d{1,15}(?:\.\d{1,6})?) ?(ms|s|m|h|d)$/

/**
 * Reads a duration such as `'250ms'`, `'30s'`, `'5m'`, `'1.5h'` or `'14d'`; a number is milliseconds.
 * Answers whole milliseconds, or `undefined` when the text is no duration. A text without a unit is none: `'30'` could
 * mean seconds to one reader and milliseconds to the next.
 */
export function parseDuration(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isFinite(text) && text >= 0 ? Math.round(text) : undefined
  const match = DURATION.exec(text)
  const unit = UNITS[match?.[2] ?? '']
  const ms = Math.round(Number(match?.[1]) * (unit ?? Number.NaN))
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** Writes milliseconds in the largest unit that loses nothing, so that {@link parseDuration} reads the same number again. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms)
  const unit = whole === 0 ? 's' : LARGEST_FIRST.find((name) => whole % (UNITS[name] ?? 1) === 0)
  return `${whole / (UNITS[unit ?? 'ms'] ?? 1)}${unit ?? 'ms'}`
}
