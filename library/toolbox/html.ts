const TEXT = /[&<>"']/
const TEXT_ALL = /[&<>"']/g
const ATTRIBUTE_ALL = /[^a-z0-9,.\-_\u0100-\uffff]/gi
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for HTML content and for attributes in quotes. Source: CWE-79. */
export function escapeHtml(text: string): string {
  return TEXT.test(text) ? text.replace(TEXT_ALL, entity) : text
}

/**
 * Escapes text for any attribute, also one without quotes, where a space ends the value.
 *
 * **Security**: escaping does not make a URL or a script safe: `href` needs `isSafeUrl`, and an event attribute takes no input at all.
 */
export function escapeAttribute(text: string): string {
  return text.replace(ATTRIBUTE_ALL, (character) => {
    const code = character.charCodeAt(0)
    // HTML has no reference for NUL, and U+FFFD is what a parser makes of it.
    return code === 0 ? '\ufffd' : (ENTITIES[character] ?? `&#${code};`)
  })
}

function entity(character: string): string {
  return ENTITIES[character] ?? character
}
