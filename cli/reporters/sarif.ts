import { protections } from '../explain/protections.ts'
import { fingerprintsOf } from '../fingerprints.ts'
import type { ScanResult } from '../io.ts'
import { clean } from './text.ts'

type Finding = ScanResult['findings'][number]
type CodePlace = Extract<Finding['place'], { file: string }>

interface Author {
  readonly tool: 'bulwark scan' | 'bulwark probe'
  readonly version: string
  /** The folder that files are named from, from where the repository begins. */
  readonly within: string
  /** Where a finding stands that is in no file: what a probe proved is proved of a running app. */
  readonly otherwise: string
}

/** What GitHub sorts by: the ends of the ranges of CVSS. */
const SCORES: Readonly<Record<Finding['severity'], string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
}
const LEVELS: Readonly<Record<Finding['severity'], string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
}

/** How many hops of a flow are shown by those who read it. */
const MOST_HOPS = 100

/**
 * Findings as SARIF 2.1.0, for code scanning of GitHub and GitLab, and for editors.
 */
export function toSarif(findings: readonly Finding[], author: Author): string {
  const names = [...new Set(findings.map(({ foundBy }) => foundBy))].sort()
  const fingerprints = fingerprintsOf(findings)
  const results = findings.map((finding, i) => ({
    ruleId: finding.foundBy,
    ruleIndex: names.indexOf(finding.foundBy),
    level: LEVELS[finding.severity],
    message: { text: textOf(finding), markdown: markdownOf(finding) },
    locations: [locationOf(finding, author)],
    ...(finding.trace && finding.trace.length > 1 && { codeFlows: [flowOf(finding.trace, author.within)] }),
    partialFingerprints: { 'bulwark/v1': fingerprints[i] },
  }))
  const rules = names.map((name) => ruleOf(name, findings.find(({ foundBy }) => foundBy === name)!))
  const driver = { name: author.tool, semanticVersion: author.version, rules }
  const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results }
  const document = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function ruleOf(name: string, { risk, severity, message, remedy }: Finding): object {
  const known = protections.flatMap(({ risks }) => risks).find(({ id }) => id === risk)
  const cwe = known === undefined ? [] : [`external/cwe/cwe-${String(known.cwe).padStart(3, '0')}`]
  return {
    id: name,
    name: name.replace(/(?:^|[/-])([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: known?.title ?? message },
    fullDescription: { text: message },
    help: {
      text: `${remedy}\nMore: npx bulwark explain ${name}`,
      markdown: `${remedy}\n\nMore: \`npx bulwark explain ${name}\``,
    },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['security', ...cwe], 'security-severity': SCORES[severity], precision: 'high' },
  }
}

function textOf({ message, remedy, place }: Finding): string {
  const where = 'file' in place ? '' : `${clean(place.method)} ${clean(place.path)}: `
  return `${where}${message} ${remedy}`
}

function markdownOf(finding: Finding): string {
  const { evidence } = finding
  // A fence that the text cannot close: what is in it came from an app under attack.
  const shown = evidence && clean(evidence.curl)
  const fence = shown && '`'.repeat(Math.max(3, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length + 1)))
  return [escaped(textOf(finding)), ...(shown ? ['', `${fence}sh`, shown, `${fence}`] : [])].join('\n')
}

function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&')
}

function locationOf({ place }: Finding, { within, otherwise }: Author): object {
  if ('file' in place) return at(place, within)
  return {
    physicalLocation: { artifactLocation: { uri: uriOf(otherwise), uriBaseId: '%SRCROOT%' }, region: { startLine: 1 } },
    logicalLocations: [{ fullyQualifiedName: `${clean(place.method)} ${clean(place.path)}`, kind: 'resource' }],
  }
}

function at({ file, line, column, text, note }: CodePlace, within: string): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(within === '' ? file : `${within}/${file}`), uriBaseId: '%SRCROOT%' },
      region: { startLine: line, startColumn: column, snippet: { text } },
    },
    ...(note !== undefined && { message: { text: clean(note) } }),
  }
}

function flowOf(trace: readonly CodePlace[], within: string): object {
  // The way in and the end matter; of what is between, what fits.
  const shown = trace.length <= MOST_HOPS ? trace : [...trace.slice(0, MOST_HOPS - 1), trace.at(-1)!]
  return { threadFlows: [{ locations: shown.map((place) => ({ location: at(place, within) })) }] }
}

/** A path of any system as a relative URI. */
function uriOf(file: string): string {
  return file.split(/[\\/]/).map(encodeURIComponent).join('/')
}
