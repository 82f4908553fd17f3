/** Whether a key leads into a prototype, alone or as a path that a parser or a setter takes apart. */
export function isNameOfPrototype(key: string): boolean {
  if (key.indexOf('proto') === -1 && key.indexOf('\\') === -1) return false
  const name = plain(key)
  if (name.indexOf('__proto__') !== -1) return true
  const at = name.indexOf('constructor')
  return at !== -1 && name.indexOf('prototype', at + 11) !== -1
}

/** Characters of a word are those that separate no pieces of a path: `x-__proto__` is one harmless key. */
const STEP = /(?:^|[^\w$-])(?:__proto__|constructor[^\w$-]{1,6}prototype)(?![\w$-])/
/** Pieces in quotes may hold blanks: `a["b c"].d`. */
const QUOTED = /\[(?:"[^"]*"|'[^']*'|`[^`]*`)\]/g

/**
 * Whether a text is, as a whole, a path that leads through a prototype: `a.__proto__.b`, `a[__proto__]`, `/constructor/prototype/x`,
 * or `__proto__` itself. A text with blanks in it is something that people write about such paths.
 */
export function isPathToPrototype(text: string): boolean {
  if (text.indexOf('proto') === -1 && text.indexOf('\\') === -1) return false
  const path = plain(text)
  return STEP.test(path) && !/\s/.test(path.replace(QUOTED, '').trim())
}

/** Setters take backslashes out of quoted pieces: `["__pr\oto__"]`. */
function plain(text: string): string {
  return text.indexOf('\\') === -1 ? text : text.replaceAll('\\', '')
}
