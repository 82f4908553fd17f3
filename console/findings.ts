import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Severity } from 'bulwark'
import { toVisible } from './visible.ts'

/** A finding as the console shows it: texts that are cut and visible. */
export interface ShownFinding {
  readonly severity: Severity
  readonly risk: string
  readonly foundBy: string
  readonly message: string
  readonly remedy: string
  /** `file:line`, or the method and the path. */
  readonly place: string
  /** The source line, or the command that repeats the attack. */
  readonly proof: string | undefined
  /** Whether the proof is a command. */
  readonly isCall: boolean
}

/** What one file of `bulwark scan --json` or `bulwark probe --json` says. */
export type FindingsFile =
  | { readonly name: string; readonly problem: string }
  | {
      readonly name: string
      readonly tool: string
      /** When the file was written, in milliseconds since the epoch. */
      readonly at: number
      /** What was attacked, where something was. */
      readonly target: string | undefined
      readonly findings: readonly ShownFinding[]
      /** Findings that are in the file and not here. */
      readonly more: number
      readonly counts: Readonly<Record<Severity, number>>
    }

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low']
const MOST_BYTES = 4 * 1024 * 1024
const MOST_FINDINGS = 200

/** Reads files of findings when they are asked for, and again only when they have changed. */
export function openFindings(paths: readonly string[]): () => Promise<readonly FindingsFile[]> {
  const kept = new Map<string, { state: string; file: FindingsFile }>()

  async function read(path: string): Promise<FindingsFile> {
    const name = toVisible(basename(path), 100)
    try {
      const { size, mtimeMs } = await stat(path)
      const state = `${size} ${mtimeMs}`
      const known = kept.get(path)
      if (known?.state === state) return known.file
      if (size > MOST_BYTES) return { name, problem: `It is too large to show: ${Math.ceil(size / 1024 / 1024)} MB.` }
      const file = parseFindings(name, await readFile(path, 'utf8'), mtimeMs)
      kept.set(path, { state, file })
      return file
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      return {
        name,
        problem:
          code === 'ENOENT' ? 'It is not there yet.' : `It cannot be read: ${toVisible(String(code ?? error), 100)}.`,
      }
    }
  }

  return () => Promise.all(paths.map(read))
}

/** Takes nothing on trust: a file may be broken, half written, or of something else. */
export function parseFindings(name: string, text: string, at: number): FindingsFile {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return { name, problem: 'It is no JSON, or only half written.' }
  }
  const { tool, findings, target } = (isRecord(document) ? document : {}) as Readonly<Record<string, unknown>>
  if (typeof tool !== 'string' || !Array.isArray(findings))
    return { name, problem: 'It is no result of bulwark scan --json or bulwark probe --json.' }
  const all = findings.filter(isRecord).map(toShown)
  const counts = { critical: 0, high: 0, medium: 0, low: 0 }
  for (const { severity } of all) counts[severity]++
  const sorted = all.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
  return {
    name,
    tool: toVisible(tool, 40),
    at,
    target: typeof target === 'string' ? toVisible(target, 200) : undefined,
    findings: sorted.slice(0, MOST_FINDINGS),
    more: Math.max(0, sorted.length - MOST_FINDINGS),
    counts,
  }
}

function toShown(one: Readonly<Record<string, unknown>>): ShownFinding {
  const place = isRecord(one['place']) ? one['place'] : {}
  const evidence = isRecord(one['evidence']) ? one['evidence'] : {}
  const proof = evidence['curl'] ?? place['text']
  return {
    // What says no severity that is known is looked at first, not last.
    severity: SEVERITIES.find((each) => each === one['severity']) ?? 'critical',
    risk: textOf(one['risk'], 64),
    foundBy: textOf(one['foundBy'], 100),
    message: textOf(one['message'], 500),
    remedy: textOf(one['remedy'], 500),
    place:
      typeof place['file'] === 'string'
        ? `${toVisible(place['file'])}:${Number(place['line']) || 0}`
        : `${textOf(place['method'], 20)} ${textOf(place['path'], 300)}`.trim(),
    isCall: evidence['curl'] !== undefined,
    proof:
      typeof proof === 'string'
        ? proof
            .split('\n')
            .slice(0, 30)
            .map((line) => toVisible(line, 500))
            .join('\n')
        : undefined,
  }
}

function textOf(value: unknown, length: number): string {
  return typeof value === 'string' ? toVisible(value, length) : ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
