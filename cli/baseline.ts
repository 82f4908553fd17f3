import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fingerprintsOf } from './fingerprints.ts'
import { type ScanResult, UsageError } from './io.ts'

/** The form of the file: findings by their fingerprints. */
const FORM = 1

interface Known {
  readonly rule: string
  readonly file: string
}

/** Writes what is found now, so that later runs only tell of what is new. */
export function writeBaseline(file: string, { findings }: ScanResult): void {
  const known: Record<string, Known> = {}
  fingerprintsOf(findings).forEach((fingerprint, i) => {
    const { foundBy, place } = findings[i]!
    known[fingerprint] = { rule: foundBy, file: 'file' in place ? place.file : '' }
  })
  // By file and rule: a change of it reads well in a review.
  const sorted = Object.entries(known).sort(([a, x], [b, y]) => compare([x.file, x.rule, a], [y.file, y.rule, b]))
  writeFileSync(file, `${JSON.stringify({ form: FORM, findings: Object.fromEntries(sorted) }, undefined, 2)}\n`)
}

/** The findings that are not in the file, how many are, and how many in it are no longer found. @throws UsageError */
export function sinceBaseline(
  file: string,
  shown: string,
  { findings }: ScanResult,
): { readonly fresh: ScanResult['findings']; readonly known: number; readonly gone: number } {
  const known = readBaseline(file, shown)
  const fingerprints = fingerprintsOf(findings)
  const fresh = findings.filter((_, i) => !known.has(fingerprints[i] ?? ''))
  const found = new Set(fingerprints)
  return { fresh, known: findings.length - fresh.length, gone: [...known].filter((each) => !found.has(each)).length }
}

function readBaseline(file: string, shown: string): ReadonlySet<string> {
  if (!existsSync(file)) throw new UsageError(`there is no file ${shown}`, 'make it with --write-baseline')
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new UsageError(`${shown} is no JSON`, 'make it anew with --write-baseline')
  }
  const { form, findings } = (content ?? {}) as { readonly form?: unknown; readonly findings?: unknown }
  if (form === FORM && typeof findings === 'object' && findings !== null) return new Set(Object.keys(findings))
  throw new UsageError(`${shown} is no baseline of bulwark scan`, 'make it anew with --write-baseline')
}

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((text, i) => text !== b[i])
  if (at === -1) return 0
  return (a[at] ?? '') < (b[at] ?? '') ? -1 : 1
}
