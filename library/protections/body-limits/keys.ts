import { type Denial, deny } from '../../core/guard.ts'

export const POLLUTING: Denial = deny('prototype-pollution', 'a key would reach the prototype of an object', 400)
export const NUL_IN_KEY: Denial = deny('ambiguous-body', 'a key contains a NUL character', 400)
export const LONG_KEY: Denial = deny('complex-body', 'a key is longer than allowed', 400)
export const MANY_KEYS: Denial = deny('complex-body', 'there are more keys or parameters than allowed', 400)
export const TOO_DEEP: Denial = deny('complex-body', 'the body is nested deeper than allowed', 400)
export const MANY_ITEMS: Denial = deny('complex-body', 'there are more array elements than allowed', 400)

const SHORTEST = '__proto__'.length

/**
 * Judges one decoded key of any kind of body. A key may be a path (`a[b]`, `a.b`), because libraries such as qs and lodash take it for one,
 * so the dangerous names are looked for anywhere in it.
 */
export function judgeKey(key: string): Denial | undefined {
  const isLong = key.length >= SHORTEST
  if (isLong && key.indexOf('__proto__') !== -1) return POLLUTING
  const at = isLong ? key.indexOf('constructor') : -1
  if (at !== -1 && key.indexOf('prototype', at + 11) !== -1) return POLLUTING
  return key.indexOf('\0') === -1 ? undefined : NUL_IN_KEY
}

/** Judges one key of a form or query string, as it was sent. */
export function judgeFormKey(raw: string, depth: number, keyLength: number): Denial | undefined {
  const key = raw.indexOf('%') === -1 ? raw : decodePercent(raw)
  if (key.length > keyLength) return LONG_KEY
  const bad = judgeKey(key)
  if (bad !== undefined) return bad
  let levels = 0
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    // qs reads dots like brackets when it is told to.
    if ((code === 0x5b || code === 0x2e) && ++levels > depth) return TOO_DEEP
  }
  return undefined
}

/** Every `%XX` as the character of that code; what is malformed stays. Only ASCII counts here, so UTF-8 need not be put together. */
function decodePercent(text: string): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const high = text.charCodeAt(i) === 0x25 ? hexOf(text.charCodeAt(i + 1)) : -1
    const low = high === -1 ? -1 : hexOf(text.charCodeAt(i + 2))
    if (low === -1) out += text[i]
    else {
      out += String.fromCharCode(high * 16 + low)
      i += 2
    }
  }
  return out
}

function hexOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
