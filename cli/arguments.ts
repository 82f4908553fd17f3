import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './io.ts'
import { suggest } from './suggest.ts'

export type Severity = 'low' | 'medium' | 'high' | 'critical'

/** From harmless to worst. */
export const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical']

export interface OptionKind {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** Names with commas, which may be given in several pieces. */
  readonly list?: true
}

export type OptionKinds = Readonly<Record<string, OptionKind>>

export interface Parsed {
  readonly words: readonly string[]
  text(name: string): string | undefined
  flag(name: string): boolean
}

/** Reads the arguments of one command. Throws `UsageError` on anything unknown, with the nearest known option. */
export function parseArguments(args: readonly string[], options: OptionKinds): Parsed {
  const known: OptionKinds = { ...options, help: { type: 'boolean', short: 'h' } }
  for (const arg of args) {
    const name = /^--([^=]+)/.exec(arg)?.[1]
    if (arg === '--') break
    if (name === undefined || Object.hasOwn(known, name)) continue
    const near = suggest(name, Object.keys(known), 1)[0]
    throw new UsageError(`unknown option --${name}`, near ? `did you mean --${near}?` : undefined)
  }
  try {
    const all = Object.entries(known).map(([name, { type, short }]) => [
      name,
      { type, multiple: true, ...(short && { short }) },
    ])
    const config = {
      args: [...args],
      options: Object.fromEntries(all),
      allowPositionals: true,
    } satisfies ParseArgsConfig
    const { values, positionals } = parseArgs(config)
    const texts = new Map<string, string>()
    const flags = new Set<string>()
    for (const [name, value] of Object.entries(values)) {
      const given = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string')
      // The first one would be gone without a word.
      if (given.length > 1 && known[name]?.list !== true)
        throw new UsageError(`--${name} is there twice`, 'leave one out')
      if (given.length > 0) texts.set(name, given.join(','))
      else flags.add(name)
    }
    return {
      words: positionals,
      text: (name) => texts.get(name),
      flag: (name) => flags.has(name),
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    // parseArgs words its complaints for people already: "Option '--only <value>' argument missing".
    throw new UsageError(error instanceof Error ? firstLine(error.message) : String(error))
  }
}

/** Throws `UsageError` unless it is a severity. */
export function parseSeverity(text: string | undefined, option: string): Severity {
  if (text === undefined) return 'high'
  const found = SEVERITIES.find((severity) => severity === text)
  if (found === undefined) throw new UsageError(`${option} must be one of ${SEVERITIES.join(', ')}, not "${text}"`)
  return found
}

/** `a, b,c` to three names; `undefined` stays so. */
export function parseList(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

export function isAtLeast(severity: Severity, limit: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(limit)
}

function firstLine(text: string): string {
  return text.split(/(?<=[.?!])\s|\n/, 1)[0] ?? text
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30m` to milliseconds. Throws `UsageError` unless it is a time. */
export function parseTime(text: string, option: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN)
  if (Number.isSafeInteger(ms)) return ms
  throw new UsageError(`${option} must be a time such as 30m, 12h or 90d, not "${text}"`)
}
