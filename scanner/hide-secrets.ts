import type { CodePlace, Finding } from '../library/core/finding.ts'
import type { Rule } from '../library/core/rule.ts'

/** A text in quotes, up to its end or that of the line. */
const QUOTED = /(['"`])((?:\\.|(?!\1)[^\\])*)(\1?)/g
/** So much is shown of it: enough to tell which one it is. */
const SHOWN = 4

/**
 * Takes the texts out of the lines in which a rule for secrets found one, wherever these lines are shown.
 * **Security**: a report is kept where the source is not: in the logs of a build, and with those who look at what was found (CWE-532).
 */
export function hideSecrets(findings: readonly Finding[], rules: readonly Rule[]): readonly Finding[] {
  const secret = new Set(rules.filter(({ spotsSecrets }) => spotsSecrets === true).map(({ name }) => name))
  const lines = new Set<string>()
  for (const { foundBy, place } of findings) if (secret.has(foundBy) && 'file' in place) lines.add(keyOf(place))
  if (lines.size === 0) return findings
  const hide = <T extends Finding['place']>(place: T): T =>
    'file' in place && lines.has(keyOf(place)) ? { ...place, text: hidden(place.text) } : place
  return findings.map((finding) => ({
    ...finding,
    place: hide(finding.place),
    ...(finding.trace && { trace: finding.trace.map(hide) }),
  }))
}

function keyOf({ file, line }: CodePlace): string {
  return `${line} ${file}`
}

function hidden(text: string): string {
  return text.replace(QUOTED, (whole, quote: string, inner: string, end: string) =>
    inner.length < 2 * SHOWN ? whole : `${quote}${inner.slice(0, SHOWN)}…${end}`,
  )
}
