/**
 * No database holds every string of JavaScript: SQLite's text ends at NUL, PostgreSQL refuses NUL, and UTF-8 has no lone surrogates. So `a` and
 * `a\0b`, or two different broken strings, would be one key. What holds such characters is stored as JSON behind a mark; so is what begins
 * with the mark itself.
 */
const MARK = '\u0001'
const UNSTORABLE = /[\0\ud800-\udfff]|^\u0001/

/** Turns any string into one that a database gives back as it was, different for different strings. */
export function toText(text: string): string {
  return UNSTORABLE.test(text) ? MARK + JSON.stringify(text) : text
}

/** Turns what {@link toText} wrote into the string that it was made from. */
export function fromText(stored: string): string {
  return stored.startsWith(MARK) ? String(JSON.parse(stored.slice(1))) : stored
}
