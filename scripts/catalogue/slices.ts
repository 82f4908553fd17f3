import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Probe } from '../../library/core/probe.ts'
import type { Risk } from '../../library/core/risk.ts'
import type { Rule } from '../../library/core/rule.ts'

/** One protection as its folder shows it. */
export interface Slice {
  /** The folder's name, such as `body-limits`. */
  readonly name: string
  /** The guard factory's name, such as `bodyLimits`. */
  readonly camel: string
  /** The first half of the options type's name, such as `BodyLimits`. */
  readonly pascal: string
  readonly readme: Readme
  readonly hasGuard: boolean
  /**
   * What `known.ts` tells: the keys of the guard's options, those that routes may declare, for which of these contracts verdicts wait, and
   * which have to be known before their requests come.
   */
  readonly known: readonly ('options' | 'contract' | 'waits' | 'ahead')[]
  readonly hasProbe: boolean
  readonly hasRule: boolean
  readonly risks: readonly Risk[]
  readonly probes: readonly Probe[]
  readonly rules: readonly Rule[]
}

export interface Readme {
  /** The first paragraph, on one line. */
  readonly summary: string
  /** The text under each second-level heading, by the heading in lower case. */
  readonly sections: ReadonlyMap<string, string>
}

/** The headings that every protection's README has, in this order. */
export const HEADINGS: readonly string[] = ['Attack', 'Defence', 'Options', 'What it cannot do']

export interface Reading {
  readonly slices: readonly Slice[]
  /** Folders that are left out of the lists because they have no page or no risks yet, one readable line each. */
  readonly unfinished: readonly string[]
  /** What keeps the lists from being written, one readable line each. */
  readonly problems: readonly string[]
}

/** Reads every protection's folder under `root`, by name. Loads the faces, so a face that does not load is a problem. */
export async function readSlices(root: string): Promise<Reading> {
  const slices: Slice[] = []
  const unfinished: string[] = []
  const problems: string[] = []
  for (const name of protectionsOf(root)) {
    const folder = join(root, 'library/protections', name)
    const missing = ['README.md', 'risks.ts'].filter((file) => !existsSync(join(folder, file)))
    unfinished.push(...missing.map((file) => `${name}: ${file} is missing`))
    const slice = missing.length === 0 ? await readSlice(folder, name, problems) : undefined
    if (slice) slices.push(slice)
  }
  return { slices, unfinished, problems }
}

/** The protections' folder names, sorted. */
export function protectionsOf(root: string): string[] {
  const home = join(root, 'library/protections')
  if (!existsSync(home)) return []
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** `body-limits` to `bodyLimits`. */
export function toCamel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** `body-limits` to `BodyLimits`. */
export function toPascal(name: string): string {
  const camel = toCamel(name)
  return camel.slice(0, 1).toUpperCase() + camel.slice(1)
}

/** Reads the first paragraph and the sections; code fences may contain anything. */
export function parseReadme(text: string): Readme {
  const sections = new Map<string, string>()
  const summary: string[] = []
  let heading: string | undefined
  let lines: string[] = []
  let fenced = false
  let summaryIsOver = false
  for (const line of text.replace(/\r/g, '').split('\n')) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced
    const found = fenced ? undefined : /^##\s+(.+?)\s*$/.exec(line)?.[1]
    if (found !== undefined) {
      if (heading !== undefined) sections.set(heading, lines.join('\n').trim())
      heading = found.toLowerCase()
      lines = []
    } else if (heading !== undefined) {
      lines.push(line)
    } else if (!line.startsWith('#') && !summaryIsOver) {
      if (line.trim() !== '') summary.push(line.trim())
      else summaryIsOver = summary.length > 0
    }
  }
  if (heading !== undefined) sections.set(heading, lines.join('\n').trim())
  return { summary: summary.join(' '), sections }
}

async function readSlice(folder: string, name: string, problems: string[]): Promise<Slice | undefined> {
  const has = (file: string): boolean => existsSync(join(folder, file))
  const before = problems.length
  const readme = parseReadme(readFileSync(join(folder, 'README.md'), 'utf8'))
  if (readme.summary === '') problems.push(`${name}: README.md has no first paragraph`)
  const load = <T>(file: string, key: string): Promise<readonly T[]> => loadList<T>(folder, name, file, key, problems)
  const slice: Slice = {
    name,
    camel: toCamel(name),
    pascal: toPascal(name),
    readme,
    hasGuard: has('guard.ts'),
    known: has('known.ts') ? knownIn(folder, name, problems) : [],
    hasProbe: has('probe.ts'),
    hasRule: has('rule.ts'),
    risks: await load<Risk>('risks.ts', 'risks'),
    probes: has('probe.ts') ? await load<Probe>('probe.ts', 'probes') : [],
    rules: has('rule.ts') ? await load<Rule>('rule.ts', 'rules') : [],
  }
  if (slice.hasGuard) {
    // Read, not loaded: a list of names must not depend on what a guard does when it is imported.
    const text = readFileSync(join(folder, 'guard.ts'), 'utf8')
    if (!isExported(text, slice.camel)) problems.push(`${name}: guard.ts does not export ${slice.camel}`)
    if (!isExported(text, `${slice.pascal}Options`)) {
      problems.push(`${name}: guard.ts does not export the type ${slice.pascal}Options`)
    }
  }
  return problems.length === before ? slice : undefined
}

function knownIn(folder: string, name: string, problems: string[]): Slice['known'] {
  const text = readFileSync(join(folder, 'known.ts'), 'utf8')
  const found = (['options', 'contract', 'waits', 'ahead'] as const).filter((each) => isExported(text, each))
  if (!found.includes('options') && !found.includes('contract'))
    problems.push(`${name}: known.ts exports neither options nor contract`)
  return found
}

function isExported(text: string, name: string): boolean {
  return new RegExp(`^export (?:async )?(?:function|const|interface|type|class) ${name}\\b`, 'm').test(text)
}

async function loadList<T>(
  folder: string,
  name: string,
  file: string,
  key: string,
  problems: string[],
): Promise<readonly T[]> {
  try {
    const loaded: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href)
    const list = loaded[key]
    if (Array.isArray(list)) return list
    problems.push(`${name}: ${file} does not export the list ${key}`)
  } catch (error) {
    problems.push(`${name}: ${file} does not load: ${error instanceof Error ? error.message : String(error)}`)
  }
  return []
}
