/** Ways in which a mark may stand in what a client sends. */

/**
 * A pattern for texts in any spelling that parsers undo by themselves: as they are, percent-encoded, with JSON's escapes, and inside of
 * base64, where a text is spelled in one of three ways.
 */
export function spellingsOf(marks: readonly string[]): RegExp {
  return new RegExp(marks.flatMap((mark) => [spelled(mark), ...base64Of(mark).map(spelledInBase64)]).join('|'))
}

function spelled(text: string): string {
  return [...text].map((sign) => eitherWay(literal(sign), sign)).join('')
}

function spelledInBase64(text: string): string {
  return [...text]
    .map((sign) => {
      // base64url has other signs for two of them.
      const raw = sign === '+' ? '[+\\- ]' : sign === '/' ? '[/_]' : sign
      return sign === '+' || sign === '/' ? eitherWay(raw, sign) : raw
    })
    .join('')
}

function eitherWay(raw: string, sign: string): string {
  const code = sign.charCodeAt(0).toString(16).padStart(2, '0')
  const hex = [...code].map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join('')
  return `(?:${raw}|%${hex}|\\\\u00${hex})`
}

function literal(sign: string): string {
  return /[\w<! ]/.test(sign) ? sign : `\\${sign}`
}

/** What base64 makes of a text for sure, wherever it begins: after zero, one or two other bytes. */
function base64Of(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const bits = (before + text.length) * 8
    const all = Buffer.from('\0'.repeat(before) + text, 'latin1').toString('base64')
    return all.slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6))
  })
}
