/** A text as it came, and without the blanks that apps cut off. One sign alone is no command. */
export function formsOf(text: string): readonly string[] {
  const trimmed = isEdged(text) ? text.trim() : text
  const forms = trimmed === text ? [text] : [text, trimmed]
  return trimmed.length > 1 ? forms : forms.filter((form) => form.length > 1)
}

/** Whether there may be blanks around a text. */
export function isEdged(text: string): boolean {
  return isEdge(text.charCodeAt(0)) || isEdge(text.charCodeAt(text.length - 1))
}

function isEdge(code: number): boolean {
  return code <= 0x20 || code >= 0x80
}
