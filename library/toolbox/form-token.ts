/**
 * Whether a hidden field of a form holds a token: by its name, or because nobody could guess its value. Numbers, ids and names of pages
 * are none.
 */
export function isFormToken(name: string, value: string): boolean {
  if (value.length < 6) return false
  if (/csrf|xsrf|token|nonce|authenticity/i.test(name)) return true
  return value.length >= 20 && /^[\w+/=.:~-]+$/.test(value) && /\d/.test(value) && /[a-z]/i.test(value)
}
