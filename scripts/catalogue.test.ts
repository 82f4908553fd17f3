import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parseReadme, readSlices, toCamel, toPascal } from './catalogue/slices.ts'
import { catalogue } from './catalogue.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const README = `# Body limits

Refuses bodies that are *too* large. Counts bytes as they arrive
and before any parser.

## Attack
One large body.

\`\`\`sh
## not a heading
\`\`\`

## Defence
Counting | weighing.

## Options
| option | meaning |

## What it cannot do
Everything else.
`

const tree: Readonly<Record<string, string>> = {
  'library/protections/body-limits/README.md': README,
  'library/protections/body-limits/risks.ts':
    "export const risks = [{ id: 'large-body', title: 'A | B', severity: 'high', cwe: 770, asvs: ['4.1.1', '4.3.1'] }]\n",
  'library/protections/body-limits/guard.ts':
    'export interface BodyLimitsOptions { readonly json?: string }\nexport function bodyLimits() {}\n',
  'library/protections/body-limits/known.ts':
    'export const options: object = { json: true }\nexport const contract: object = {}\n',
  'library/protections/body-limits/probe.ts':
    "export const probes = [{ name: 'body-limits/flood', risk: 'large-body', title: 'A flood', kind: 'load' }]\n",
  'library/protections/secrets/README.md': '# Secrets\n\nSpots secrets in source.\n',
  'library/protections/secrets/risks.ts':
    "export const risks = [{ id: 'secret', title: 'Secret', severity: 'low', cwe: 798, asvs: [] }]\n",
  'library/protections/secrets/rule.ts':
    "export const rules = [{ name: 'secrets/in-source', risk: 'secret', title: 'Secret in source' }]\n",
}

function plant(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'bulwark-catalogue-'))
  folders.push(root)
  for (const [path, text] of Object.entries({ ...tree, ...changes })) {
    if (text === undefined) continue
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const read = (root: string, path: string): string => readFileSync(join(root, path), 'utf8')

describe('the lists', () => {
  test('are written from the folders, each face where it belongs', async () => {
    const root = plant()
    const { problems, stale, protections } = await catalogue(root, { check: false })
    expect(problems).toEqual([])
    expect(protections).toBe(2)
    expect(stale.map(({ path }) => path)).toEqual([
      'library/guards.ts',
      'library/known.ts',
      'library/risks.ts',
      'prober/probes.ts',
      'scanner/rules.ts',
      'cli/explain/protections.ts',
      'docs/catalogue.md',
    ])
    const guards = read(root, 'library/guards.ts')
    expect(guards).toContain('readonly bodyLimits?: BodyLimitsOptions | Off')
    expect(guards).toContain('/** Refuses bodies that are *too* large. */')
    expect(guards).toContain("{ name: 'body-limits', key: 'bodyLimits', create: bodyLimits }")
    expect(guards).toContain('type BodyLimitsOptions')
    expect(guards).not.toContain('secrets')
    const known = read(root, 'library/known.ts')
    expect(known).toContain('bodyLimits: bodyLimitsOptions,')
    expect(known).toContain('...bodyLimitsContract')
    expect(read(root, 'library/risks.ts')).toContain('[...bodyLimitsRisks, ...secretsRisks]')
    expect(read(root, 'prober/probes.ts')).toContain('probes: readonly Probe[] = [...bodyLimitsProbes]')
    expect(read(root, 'scanner/rules.ts')).toContain('rules: readonly Rule[] = [...secretsRules]')
    expect(read(root, 'cli/explain/protections.ts')).toContain("attack: 'One large body.\\n\\n```sh\\n## not a heading")
  })

  test('show every risk in the catalogue with its faces', async () => {
    const root = plant()
    await catalogue(root, { check: false })
    const page = read(root, 'docs/catalogue.md')
    expect(page).toContain('2 protections, 2 risks, 1 guard, 1 probe, 1 rule.')
    expect(page).toContain(
      '| `large-body` A \\| B | high | [770](https://cwe.mitre.org/data/definitions/770.html) | 4.1.1, 4.3.1 | `bodyLimits` | `body-limits/flood` | - | [body-limits](../library/protections/body-limits/README.md) |',
    )
  })

  test('come out the same the second time', async () => {
    const root = plant()
    await catalogue(root, { check: false })
    expect((await catalogue(root, { check: true })).stale).toEqual([])
  })

  test('are compared and left alone with --check', async () => {
    const root = plant()
    await catalogue(root, { check: false })
    const path = join(root, 'scanner/rules.ts')
    const edited = `${readFileSync(path, 'utf8')}export const mine = 1\n`
    writeFileSync(path, edited)
    const { stale } = await catalogue(root, { check: true })
    expect(stale).toEqual([{ path: 'scanner/rules.ts', added: 0, removed: 1 }])
    expect(readFileSync(path, 'utf8')).toBe(edited)
  })
})

describe('a folder that cannot be listed is named', () => {
  test.each([
    ['README.md', '# Secrets\n\n## Attack\nText\n', 'secrets: README.md has no first paragraph'],
    ['risks.ts', 'export const risk = {}\n', 'secrets: risks.ts does not export the list risks'],
    ['rule.ts', 'export const rules = 3\n', 'secrets: rule.ts does not export the list rules'],
    ['rule.ts', "throw new Error('broken')\n", 'secrets: rule.ts does not load: broken'],
    ['known.ts', 'export const keys = {}\n', 'secrets: known.ts exports neither options nor contract'],
    ['guard.ts', 'export interface SecretsOptions {}\n', 'secrets: guard.ts does not export secrets'],
    ['guard.ts', 'export function secrets() {}\n', 'secrets: guard.ts does not export the type SecretsOptions'],
  ])('%s %#', async (file, text, problem) => {
    const root = plant({ [`library/protections/secrets/${file}`]: text })
    const result = await catalogue(root, { check: false })
    expect(result.problems).toEqual([problem])
    expect(result.stale).toEqual([])
  })
})

test.each(['README.md', 'risks.ts'])(
  'a folder without %s is left out and named, and the others are listed',
  async (file) => {
    const root = plant({ [`library/protections/secrets/${file}`]: undefined })
    const { unfinished, problems, protections } = await catalogue(root, { check: false })
    expect([unfinished, problems, protections]).toEqual([[`secrets: ${file} is missing`], [], 1])
    expect(read(root, 'library/risks.ts')).not.toContain('secrets')
  },
)

test('a tree without protections has empty lists', async () => {
  const root = mkdtempSync(join(tmpdir(), 'bulwark-catalogue-'))
  folders.push(root)
  expect(await readSlices(root)).toEqual({ slices: [], unfinished: [], problems: [] })
})

test('folder names become the names in code', () => {
  expect([toCamel('csrf'), toCamel('open-redirect'), toPascal('sign-in-throttle'), toPascal('xss')]).toEqual([
    'csrf',
    'openRedirect',
    'SignInThrottle',
    'Xss',
  ])
})

test('a README is read up to its last section, and fences hide headings', () => {
  const { summary, sections } = parseReadme(README)
  expect(summary).toBe('Refuses bodies that are *too* large. Counts bytes as they arrive and before any parser.')
  expect([...sections.keys()]).toEqual(['attack', 'defence', 'options', 'what it cannot do'])
  expect(sections.get('what it cannot do')).toBe('Everything else.')
})
