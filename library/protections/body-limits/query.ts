import { type Denial, deny } from '../../core/guard.ts'
import { judgeFormKey, MANY_KEYS } from './keys.ts'
import type { Limits } from './limits.ts'

const LONG_QUERY: Denial = deny('oversized-body', 'the query string is longer than allowed', 414)

/**
 * Judges the query of a request target from the `?` at `at`. An ordinary query costs a look at each character;
 * only one with brackets, percent signs or a dangerous word is taken apart.
 */
export function judgeQuery(target: string, at: number, limits: Limits, most: number): Denial | undefined {
  if (target.length - at - 1 > most) return LONG_QUERY
  let parameters = 1
  let inKey = true
  let plain = true
  let start = at + 1
  for (let i = at + 1; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code === 0x26) {
      if (++parameters > limits.keys) return MANY_KEYS
      inKey = true
      start = i + 1
    } else if (code === 0x3d) inKey = false
    // % . [ and the first letters of the dangerous words
    else if (
      inKey &&
      (i - start >= limits.keyLength ||
        code === 0x25 ||
        code === 0x2e ||
        code === 0x5b ||
        code === 0x5f ||
        code === 0x63)
    )
      plain = false
  }
  return plain ? undefined : judgeKeys(target, at + 1, limits)
}

function judgeKeys(target: string, from: number, { depth, keyLength }: Limits): Denial | undefined {
  let start = from
  while (start < target.length) {
    const next = target.indexOf('&', start)
    const end = next === -1 ? target.length : next
    const equals = target.indexOf('=', start)
    const key = target.slice(start, equals === -1 || equals > end ? end : equals)
    const denial = judgeFormKey(key, depth, keyLength)
    if (denial !== undefined) return denial
    start = end + 1
  }
  return undefined
}
