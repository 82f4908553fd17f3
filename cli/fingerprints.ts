import { createHash } from 'node:crypto'
import type { ScanResult } from './io.ts'

type Finding = ScanResult['findings'][number]

/**
 * What tells findings apart from one run to the next, in their order. It follows from what was found, the file and the line's text, and not
 * from where the line is: a finding stays the same one when lines are added above it.
 */
export function fingerprintsOf(findings: readonly Finding[]): string[] {
  const seen = new Map<string, number>()
  return findings.map(({ foundBy, place }) => {
    const where = 'file' in place ? [place.file, place.text.replace(/\s+/g, ' ').trim()] : [place.method, place.path]
    const hash = createHash('sha256')
      .update(JSON.stringify([foundBy, ...where]))
      .digest('hex')
      .slice(0, 32)
    const many = (seen.get(hash) ?? 0) + 1
    seen.set(hash, many)
    // The same line twice in a file is two findings.
    return `${hash}:${many}`
  })
}
