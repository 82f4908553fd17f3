/** What is not seen, or changes what is seen around it: controls, bidi marks, zero width, tags, lone surrogates. */
const UNSEEN = /\p{C}|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point}/gu

/** Most texts, told at once. */
const PLAIN = /^[ -~]*$/

/**
 * Text as it really is: what cannot be seen is written out as `\u202e`, and what is longer than `length` is cut with `…`.
 *
 * **Security**: a client that turns the order of letters around, or breaks a line, must not write what an admin believes (CWE-451).
 */
export function toVisible(text: string, length = 300): string {
  const cut = text.length > length ? `${text.slice(0, length)}…` : text
  if (PLAIN.test(cut)) return cut
  // Half of a pair, which the cut may leave, is written out as well.
  return cut.replace(UNSEEN, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}
