export const HAS_MORE_THAN_DIGITS = 1
/** Anything but letters, digits and underscores. */
export const HAS_SIGN = 2
export const HAS_PERCENT = 4
export const BEYOND_ASCII = 8
/** Anything that neither base64 nor a token is written with. */
export const HAS_OTHER = 16
const KINDS: Uint8Array = kinds()

/** What the signs of a text make possible, in one look at each of them. */
export function kindOf(text: string): number {
  let kind = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    kind |= code < 128 ? (KINDS[code] as number) : HAS_MORE_THAN_DIGITS | HAS_SIGN | BEYOND_ASCII | HAS_OTHER
  }
  return kind
}

function kinds(): Uint8Array {
  const table = new Uint8Array(128)
  for (let code = 0; code < 128; code++) {
    const sign = String.fromCharCode(code)
    let kind = 0
    if (!/[0-9]/.test(sign)) kind |= HAS_MORE_THAN_DIGITS
    if (/\W/.test(sign)) kind |= HAS_SIGN
    if (sign === '%') kind |= HAS_PERCENT
    if (!/[A-Za-z0-9+/_=.-]/.test(sign)) kind |= HAS_OTHER
    table[code] = kind
  }
  return table
}

export function isWordOrBlank(code: number): boolean {
  return code < 128 ? code <= 0x20 || ((KINDS[code] as number) & HAS_SIGN) === 0 : /\s/.test(String.fromCharCode(code))
}
