import { parseDuration } from './duration.ts'

/** `burst` requests at once, refilled evenly over `period` milliseconds. */
export interface ParsedRate {
  readonly burst: number
  readonly period: number
}

const WORDS: Readonly<Record<string, string>> = {
  s: '1s',
  sec: '1s',
  second: '1s',
  m: '1m',
  min: '1m',
  minute: '1m',
  h: '1h',
  hour: '1h',
  d: '1d',
  day: '1d',
}
const RATE = /^([1-9]\d{0,8}) ?\/ ?([a-z]+|\d.*)$/

/**
 * Reads a rate such as `'20/min'`, `'100/10s'`, `'5/15m'`, `'3/s'` or `'1000/h'`.
 * Answers `undefined` for anything else, also for a burst or a period of zero.
 */
export function parseRate(text: string): ParsedRate | undefined {
  const match = RATE.exec(text)
  const period = match?.[2]
  if (!match || period === undefined) return undefined
  const ms = parseDuration(Object.hasOwn(WORDS, period) ? (WORDS[period] ?? period) : period)
  return ms === undefined || ms === 0 ? undefined : { burst: Number(match[1]), period: ms }
}
