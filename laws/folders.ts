import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HEADINGS, protectionsOf, type Reading, readSlices, type Slice } from '../scripts/catalogue/slices.ts'
import { QUESTIONS } from '../scripts/new-protection/templates.ts'

const SEVERITIES: readonly string[] = ['low', 'medium', 'high', 'critical']
const KINDS: readonly string[] = ['passive', 'active', 'state', 'hold', 'load', 'last']

/** What the folders under `root` do against the law of every protection, one readable line each. */
export async function folderBreaches(root: string): Promise<string[]> {
  const { slices, unfinished, problems }: Reading = await readSlices(root)
  const found = [...unfinished, ...problems]
  const owners = new Map<string, string>()
  for (const { name, risks } of slices) {
    for (const { id } of risks) {
      const owner = owners.get(id)
      if (owner !== undefined) found.push(`${name}: the risk ${id} is owned by ${owner} already`)
      else owners.set(id, name)
    }
  }
  for (const slice of slices) found.push(...breachesOf(slice, join(root, 'library/protections', slice.name), owners))
  // A probe and a rule may share a name: they find the same mistake from two sides.
  for (const face of ['probes', 'rules'] as const) {
    const names = new Set<string>()
    for (const slice of slices) {
      for (const { name } of slice[face]) {
        if (names.has(name)) found.push(`${slice.name}: ${name} is the name of two ${face}`)
        names.add(name)
      }
    }
  }
  return found
}

/** How many folders the law has looked at. */
export function countFolders(root: string): number {
  return protectionsOf(root).length
}

function breachesOf(slice: Slice, folder: string, owners: ReadonlyMap<string, string>): string[] {
  const { name, readme, risks, probes, rules, hasGuard, hasProbe, hasRule } = slice
  const found: string[] = []
  const breach = (what: string): void => void found.push(`${name}: ${what}`)

  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) breach('the folder is not named in kebab-case')
  if (!hasGuard && !hasProbe && !hasRule) breach('has neither guard.ts nor probe.ts nor rule.ts')
  for (const heading of HEADINGS) {
    if ((readme.sections.get(heading.toLowerCase()) ?? '') === '')
      breach(`README.md says nothing under "## ${heading}"`)
  }

  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const question of Object.values(QUESTIONS)) {
    if (page.includes(question)) breach(`README.md still asks: "${question}"`)
  }

  if (risks.length === 0) breach('risks.ts owns no risk')
  for (const risk of risks) {
    if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(risk.id)) breach(`the risk ${risk.id} is not named in kebab-case`)
    if (!risk.title) breach(`the risk ${risk.id} has no title`)
    if (!SEVERITIES.includes(risk.severity)) breach(`the risk ${risk.id} has no severity`)
    if (!Number.isInteger(risk.cwe) || risk.cwe < 1) breach(`the risk ${risk.id} has no CWE number`)
    for (const id of risk.asvs) {
      if (!/^\d{1,2}\.\d{1,2}\.\d{1,2}$/.test(id))
        breach(`the risk ${risk.id} names "${id}", which is no requirement of ASVS`)
    }
  }

  if (hasProbe && probes.length === 0) breach('probe.ts holds no probe')
  if (hasRule && rules.length === 0) breach('rule.ts holds no rule')
  for (const face of [...probes, ...rules]) {
    if (!face.name.startsWith(`${name}/`)) breach(`${face.name} does not begin with ${name}/`)
    if (!/^[a-z0-9-]+\/[a-z0-9]+(?:-[a-z0-9]+)*$/.test(face.name))
      breach(`${face.name} is not <protection>/<what-happens>`)
    if (!owners.has(face.risk)) breach(`${face.name} points at the risk ${face.risk}, which nobody owns`)
    if (!face.title) breach(`${face.name} has no title`)
  }
  for (const probe of probes) if (!KINDS.includes(probe.kind)) breach(`${probe.name} is of no kind`)

  if (hasGuard) {
    const text = readFileSync(join(folder, 'guard.ts'), 'utf8')
    const code = withoutComments(text)
    if (!code.includes(`name: '${name}'`)) breach(`guard.ts makes no guard with name: '${name}'`)
    for (const [, risk = ''] of code.matchAll(/(?:\bdeny\(\s*|\brisk: )'([^']+)'/g)) {
      if (!owners.has(risk)) breach(`guard.ts denies for the risk ${risk}, which nobody owns`)
    }
  }

  if (hasProbe && !hasVictim(folder)) breach('has a probe, and no victim.ts with an exported victim for it to break')
  const test = join(folder, `${name}.test.ts`)
  if (!existsSync(test)) breach(`${name}.test.ts is missing`)
  else if (!/^\s*prove\(/m.test(withoutComments(readFileSync(test, 'utf8'))))
    breach(`${name}.test.ts does not call prove()`)
  for (const file of readdirSync(folder)) {
    if (/^(?:guard|probe|rule|risks|victim)s?\.(?:js|mts|tsx)$/.test(file))
      breach(`${file} is not where a face is looked for`)
  }
  return found
}

function hasVictim(folder: string): boolean {
  const file = join(folder, 'victim.ts')
  return existsSync(file) && /^export (?:function|const) (?:victim|\w+Victim)\b/m.test(readFileSync(file, 'utf8'))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}
