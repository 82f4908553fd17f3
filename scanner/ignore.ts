import type { CodePlace, Finding } from '../library/core/finding.ts'
import { lineAt, placeAt, type Tree } from './tree.ts'

/** A finding that a comment in the source answers for. */
export interface Ignored {
  readonly file: string
  readonly line: number
  readonly rule: string
  readonly reason: string
}

interface Ignore {
  readonly tree: Tree
  readonly place: CodePlace
  /** Lines on which it speaks: its own, and the next one with code when it stands alone. */
  readonly lines: readonly number[]
  readonly rules: readonly string[]
  readonly reason: string
  isUsed: boolean
}

export interface Filtered {
  readonly findings: readonly Finding[]
  readonly ignored: readonly Ignored[]
  readonly unused: readonly CodePlace[]
}

const FORM = /^\s*\*?\s*bulwark-ignore\s+([^\n]*?)\s*(?:\*\/)?\s*$/

/** Takes out what `// bulwark-ignore RULE, RULE -- reason` comments answer for. One without a reason hides nothing and is a finding. */
export function applyIgnores(trees: Iterable<Tree>, found: readonly Finding[]): Filtered {
  const ignores: Ignore[] = []
  for (const tree of trees) ignores.push(...ignoresIn(tree))
  const findings: Finding[] = []
  const ignored: Ignored[] = []
  for (const finding of found) {
    const by = ignores.find((ignore) => ignore.reason !== '' && answersFor(ignore, finding))
    if (!by || !('file' in finding.place)) {
      findings.push(finding)
      continue
    }
    by.isUsed = true
    ignored.push({ file: finding.place.file, line: finding.place.line, rule: finding.foundBy, reason: by.reason })
  }
  for (const ignore of ignores) if (ignore.reason === '') findings.push(withoutReason(ignore))
  const unused = ignores.filter(({ reason, isUsed }) => reason !== '' && !isUsed).map(({ place }) => place)
  return { findings, ignored, unused }
}

function ignoresIn(tree: Tree): Ignore[] {
  if (!tree.text.includes('bulwark-ignore')) return []
  const ignores: Ignore[] = []
  for (const comment of tree.comments) {
    const content = FORM.exec(comment.value.trim())?.[1]
    if (content === undefined) continue
    const cut = content.indexOf('--')
    const names = cut === -1 ? content : content.slice(0, cut)
    const rules = names.split(/[\s,]+/).filter(Boolean)
    const reason = cut === -1 ? '' : content.slice(cut + 2).trim()
    const line = lineAt(tree, comment.start)
    const before = tree.text.slice(tree.lines[line - 1] ?? 0, comment.start).trim()
    const last = lineAt(tree, comment.end)
    const place = placeAt(tree, comment.start)
    ignores.push({ tree, place, lines: before === '' ? [line, last + 1] : [line], rules, reason, isUsed: false })
  }
  return ignores
}

function answersFor(ignore: Ignore, { place, foundBy, risk }: Finding): boolean {
  if (!('file' in place) || place.file !== ignore.place.file || !ignore.lines.includes(place.line)) return false
  return ignore.rules.includes(foundBy) || ignore.rules.includes(risk)
}

function withoutReason({ place, rules }: Ignore): Finding {
  return {
    risk: 'ignore-without-reason',
    severity: 'low',
    foundBy: 'scanner/ignore-without-reason',
    message: `The comment asks to ignore ${rules.join(', ') || 'something'} and does not say why, so it hides nothing.`,
    remedy: 'Add the reason after two dashes: `// bulwark-ignore RULE -- reason`.',
    place,
  }
}
