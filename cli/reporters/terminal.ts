import { SEVERITIES, type Severity } from '../arguments.ts'
import type { ProbeReport, ScanResult } from '../io.ts'
import { breakCommand, clean, count, duration, field, type Page, paint, severityWord, wrap } from './text.ts'

type Finding = ScanResult['findings'][number]
type CodePlace = NonNullable<Finding['trace']>[number]

/** How many places one finding lists before it only counts the rest. */
const PLACES = 5

/** The scanner's result for people. */
export function toScanText(result: ScanResult, page: Page): string {
  const blocks = worstFirst(result.findings).map((finding) => codeFinding(finding, page))
  const notes = [
    list(
      `Not read (${result.unparsed.length})`,
      result.unparsed.map(({ file, reason }) => [file, reason]),
      page,
    ),
    list(
      `Accepted by comments (${result.ignored.length})`,
      result.ignored.map(({ file, line, rule, reason }) => [`${file}:${line}`, `${rule}: ${reason}`]),
      page,
    ),
    list(
      `Comments that accept nothing any more (${result.unusedIgnores.length})`,
      result.unusedIgnores.map((place) => [at(place), place.text]),
      page,
    ),
  ]
  const end = `${summary(result.findings, page)} in ${count(result.files, 'file')}, ${duration(result.ms)}`
  return paragraphs([...blocks, ...notes, end])
}

/** The prober's report for people. */
export function toProbeText(report: ProbeReport, page: Page): string {
  const titles = new Map(report.results.map(({ probe, title }) => [probe, title]))
  const groups = new Map<string, Finding[]>()
  for (const finding of worstFirst(report.findings)) {
    groups.set(finding.foundBy, [...(groups.get(finding.foundBy) ?? []), finding])
  }
  const blocks = [...groups].map(([probe, found]) => requestFinding(found, titles.get(probe) ?? probe, page))
  const why = (verdict: string): (readonly [string, string])[] =>
    report.results.filter((result) => result.verdict === verdict).map(({ probe, message }) => [probe, message])
  const undecided = why('inconclusive')
  const skipped = why('skipped')
  const { grade } = report
  const end = [
    `${headline(report, page)} ` +
      `${count(report.requests, 'request')} to ${clean(report.target)}, ${duration(report.ms)}.`,
    `Grade ${paint(grade.letter.padEnd(2), gradeColour(grade.letter), page)}` +
      `   ${wrap(grade.coverage, page.width - 11).join(`\n${' '.repeat(11)}`)}`,
  ]
  return paragraphs([
    ...blocks,
    list(`No conclusion (${undecided.length})`, undecided, page),
    list(`Not tried (${skipped.length})`, skipped, page),
    report.notes.map((note) => field('note', note, page, 0)).join('\n'),
    report.stopped ? field('ended', report.stopped.message, page, 0) : '',
    end.join('\n'),
  ])
}

function headline({ totals, findings }: ProbeReport, page: Page): string {
  if (totals.proven > 0) {
    return `${paint(count(totals.proven, 'attack'), 'bold', page)} got through in ${count(findings.length, 'place')}.`
  }
  // Attacks that never ran were not withstood.
  return totals.disproven > 0 ? 'No attack got through.' : 'Nothing can be said.'
}

function codeFinding(finding: Finding, page: Page): string {
  const lines = [head(finding, finding.foundBy, page), field('', finding.message, page, 4)]
  if ('file' in finding.place) {
    lines.push(field('at', at(finding.place), page))
    lines.push(source(finding.place, page))
  }
  const trace = finding.trace ?? []
  trace.forEach((step, index) => {
    const label = index === 0 ? 'from' : index === trace.length - 1 ? 'to' : 'via'
    lines.push(field(label, `${at(step)} ${step.note ?? step.text}`, page))
  })
  lines.push(field('fix', finding.remedy, page))
  return lines.join('\n')
}

function requestFinding(found: readonly Finding[], title: string, page: Page): string {
  const [first] = found
  if (first === undefined) return ''
  const lines = [head(first, first.foundBy, page), field('', title, page, 4), field('', first.message, page, 4)]
  found.slice(0, PLACES).forEach((finding, index) => {
    if ('path' in finding.place) {
      lines.push(field(index === 0 ? 'at' : '', `${finding.place.method} ${finding.place.path}`, page))
    }
  })
  if (found.length > PLACES) lines.push(field('', `and ${found.length - PLACES} more`, page))
  const curl = found.find(({ evidence }) => evidence !== undefined)?.evidence?.curl
  if (curl !== undefined) {
    // Not wrapped at spaces like other fields: it must still run when it is pasted.
    const [start = '', ...rest] = breakCommand(clean(curl), page.width - 16)
    lines.push(`${' '.repeat(10)}see   ${start}`, ...rest.map((line) => ' '.repeat(16) + line))
  }
  lines.push(field('fix', first.remedy, page))
  return lines.join('\n')
}

function head(finding: Finding, name: string, page: Page): string {
  return `${severityWord(finding.severity, page)}${paint(clean(name), 'bold', page)}`
}

function at({ file, line, column }: CodePlace): string {
  return `${file}:${line}:${column}`
}

function source({ text }: CodePlace, page: Page): string {
  const room = page.width - 16
  const line = clean(text.trim())
  const shown = line.length > room ? `${line.slice(0, room - 3)}...` : line
  return `${' '.repeat(16)}${paint(shown, 'dim', page)}`
}

/** How many rows must share a reason before it is said once, above their names. */
const SAME = 3

function list(title: string, rows: readonly (readonly [string, string])[], page: Page): string {
  const byReason = new Map<string, string[]>()
  for (const [name, why] of rows) byReason.set(why, [...(byReason.get(why) ?? []), clean(name)])
  const single = [...byReason].filter(([, names]) => names.length < SAME)
  const widest = Math.min(32, Math.max(0, ...single.flatMap(([, names]) => names.map((name) => name.length))))
  const lines = [...byReason].flatMap(([why, names]) => {
    if (names.length >= SAME) return [field('', why, page, -4), field('', names.join(', '), page, -2)]
    return names.map((name) => besides(name, why, widest, page))
  })
  return rows.length === 0 ? '' : [title, ...lines].join('\n')
}

function besides(name: string, why: string, widest: number, page: Page): string {
  const beside = field('', why, page, widest - 2).trimStart()
  return name.length <= widest ? `  ${name.padEnd(widest)}  ${beside}` : `  ${name}\n${' '.repeat(widest + 4)}${beside}`
}

function summary(findings: readonly Finding[], page: Page): string {
  if (findings.length === 0) return paint('No findings', 'green', page)
  const parts = [...SEVERITIES]
    .reverse()
    .map((severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const)
    .filter(([many]) => many > 0)
    .map(([many, severity]) => `${many} ${severity}`)
  return `${paint(count(findings.length, 'finding'), 'bold', page)} (${parts.join(', ')})`
}

function worstFirst(findings: readonly Finding[]): Finding[] {
  const weight = (severity: Severity): number => SEVERITIES.indexOf(severity)
  // Sorting is stable: inside one severity the engine's order by place stays.
  return [...findings].sort((a, b) => weight(b.severity) - weight(a.severity))
}

function gradeColour(letter: string): 'green' | 'yellow' | 'red' {
  return letter.startsWith('A') ? 'green' : letter.startsWith('B') ? 'yellow' : 'red'
}

function paragraphs(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
