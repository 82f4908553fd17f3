/**
 * Whether the value of a cookie says something by itself, such as who somebody is, signed or not: cookie-session, koa-session, a JWT. It is no
 * id of something that a server keeps, so what holds for ids does not hold for it.
 */
export function isStatement(value: string): boolean {
  return [value, ...value.split('.')].some((part) => {
    const text = unescaped(part)
    return /^(?:j:)?\s*\{\s*"/.test(text) || /^\s*\{\s*["}]/.test(Buffer.from(text, 'base64').toString('latin1'))
  })
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // A percent sign of its own.
  }
}
