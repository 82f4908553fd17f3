import { BulwarkError } from '../../core/errors.ts'
import { isUnambiguous } from './pattern/judge.ts'

const LONGEST = 500

/**
 * A text as a pattern that matches just this text, for `new RegExp(...)`: `escapePattern('1+1')` never matches `11`.
 * It may stand anywhere in a pattern: at its edges, behind a reference such as `\1`, in a class, and under every flag.
 *
 * **Security**: without it, whoever writes the text decides what the pattern does, and how long it takes (CWE-1333, ASVS 5.0 1.2.9).
 */
export function escapePattern(text: string): string {
  const native = (RegExp as { readonly escape?: (text: string) => string }).escape
  return native ? native(`${text}`) : escapeByHand(`${text}`)
}

/**
 * Compiles a pattern that a client has written, where that is what the app is for, such as a filter of logs.
 * Taken are patterns that match each text in at most one way: those try each place of the text once for each place of the pattern.
 *
 * @throws BulwarkError `BULWARK_PATTERN_REFUSED` when the pattern is none, longer than 500 characters, has lookarounds, backreferences
 * or the flag `v`, or can match one text in several ways, as `(a+)+` and `\s*,?\s*` do.
 *
 * **Security**: a search that does not begin with `^` still begins anew at each character, so its time grows with the square
 * of the length: limit what it is run on, too (CWE-1333, ASVS 5.0 1.3.12).
 */
export function safePattern(source: string, flags: string = ''): RegExp {
  if (typeof source !== 'string' || source.length > LONGEST) throw refused(`is no text of up to ${LONGEST} characters`)
  let compiled: RegExp
  try {
    compiled = new RegExp(source, flags)
  } catch (cause) {
    throw refused('is no regular expression', cause)
  }
  if (!isUnambiguous(source, flags)) throw refused('can match one text in several ways, or that cannot be ruled out')
  return compiled
}

function refused(why: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_PATTERN_REFUSED', `The pattern ${why}.`, {
    fix: 'Ask for a simpler pattern, or search for the text as it stands with escapePattern(text).',
    ...(cause !== undefined && { cause }),
  })
}

/** Letters and digits at the beginning are escaped too: behind `\0` or `\x1` they would belong to it. */
function escapeByHand(text: string): string {
  let escaped = ''
  for (const char of text) {
    if (/[\^$\\.*+?()[\]{}|/]/.test(char)) escaped += `\\${char}`
    else if (/[\w\u0080-\u{10ffff}]/u.test(char) && !(escaped === '' && /[\da-z]/i.test(char)) && !UNSEEN.test(char))
      escaped += char
    else escaped += [...unitsOf(char)].join('')
  }
  return escaped
}

/** Line ends and blanks, which may not stand in a literal, and halves of pairs. */
const UNSEEN = /[\s\u2028\u2029\ud800-\udfff]/u

function* unitsOf(char: string): Iterable<string> {
  for (let i = 0; i < char.length; i++) yield `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`
}
