/** The known words nearest to a mistyped one, best first; empty when none is near. */
export function suggest(word: string, known: Iterable<string>, most = 3): string[] {
  const typed = word.toLowerCase()
  const scored: { name: string; far: number }[] = []
  for (const name of known) {
    const lower = name.toLowerCase()
    // Someone who types a part of a name means that name, however long the rest is.
    const far = typed.length >= 3 && lower.includes(typed) ? 0.5 : distance(typed, lower)
    if (far <= Math.max(2, Math.floor(lower.length / 3))) scored.push({ name, far })
  }
  return scored
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name)
}

/** Edits (insert, delete, replace) from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
