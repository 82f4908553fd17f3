import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { countFolders, folderBreaches } from './folders.ts'
import { ROOT } from './tree.ts'

test('every protection has its faces, its page, its test and risks of its own', async () => {
  expect(await folderBreaches(ROOT)).toEqual([])
})

test('the law has looked at the folders', () => {
  expect(countFolders(ROOT)).toBeGreaterThan(0)
})

const good: Readonly<Record<string, string>> = {
  'open-redirect/README.md':
    '# open-redirect\n\nStops it.\n\n## Attack\na\n\n## Defence\nb\n\n## Options\nc\n\n## What it cannot do\nd\n',
  'open-redirect/risks.ts':
    "export const risks = [{ id: 'open-redirect', title: 'Open redirect', severity: 'medium', cwe: 601, asvs: ['3.7.2'] }]\n",
  'open-redirect/guard.ts':
    "export interface OpenRedirectOptions {}\nexport function openRedirect() {\n  return { name: 'open-redirect', onResponse: () => deny('open-redirect', 'x') }\n}\n",
  'open-redirect/probe.ts':
    "export const probes = [{ name: 'open-redirect/next-leads-away', risk: 'open-redirect', title: 'T', kind: 'active' }]\n",
  'open-redirect/rule.ts':
    "export const rules = [{ name: 'open-redirect/from-request', risk: 'open-redirect', title: 'T' }]\n",
  'open-redirect/victim.ts': 'export function victim() {}\n',
  'open-redirect/open-redirect.test.ts': "prove('open-redirect', {})\n",
}

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

function plant(changes: Readonly<Record<string, string | undefined>>): string {
  const root = mkdtempSync(join(tmpdir(), 'bulwark-folders-'))
  roots.push(root)
  for (const [path, text] of Object.entries({ ...good, ...changes })) {
    if (text === undefined) continue
    const file = join(root, 'library/protections', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return root
}

test('a folder that keeps the law breaks none', async () => {
  expect(await folderBreaches(plant({}))).toEqual([])
})

describe('a planted breach is caught', () => {
  const own = (file: string): string => `open-redirect/${file}`
  const text = (file: string): string => good[own(file)] ?? ''
  const without = (heading: string): string => text('README.md').replace(`## ${heading}`, '## Something')

  const planted: readonly (readonly [what: string, changes: Record<string, string | undefined>, breach: string])[] = [
    ['no README', { [own('README.md')]: undefined }, 'README.md is missing'],
    ['no Attack', { [own('README.md')]: without('Attack') }, 'README.md says nothing under "## Attack"'],
    ['no Defence', { [own('README.md')]: without('Defence') }, 'README.md says nothing under "## Defence"'],
    ['no Options', { [own('README.md')]: without('Options') }, 'README.md says nothing under "## Options"'],
    [
      'no limits',
      { [own('README.md')]: without('What it cannot do') },
      'README.md says nothing under "## What it cannot do"',
    ],
    ['no risks', { [own('risks.ts')]: undefined }, 'risks.ts is missing'],
    ['no victim', { [own('victim.ts')]: undefined }, 'has a probe, and no victim.ts'],
    [
      'a victim that is not exported',
      { [own('victim.ts')]: 'function victim() {}\n' },
      'has a probe, and no victim.ts',
    ],
    ['no test', { [own('open-redirect.test.ts')]: undefined }, 'open-redirect.test.ts is missing'],
    ['a test that proves nothing', { [own('open-redirect.test.ts')]: '// prove()\ntest()\n' }, 'does not call prove()'],
    [
      'a foreign probe name',
      { [own('probe.ts')]: text('probe.ts').replace('open-redirect/n', 'csrf/n') },
      'csrf/next-leads-away does not begin with open-redirect/',
    ],
    [
      'a probe of no risk',
      { [own('probe.ts')]: text('probe.ts').replace("risk: 'open", "risk: 'closed") },
      'points at the risk closed-redirect',
    ],
    ['a probe of no kind', { [own('probe.ts')]: text('probe.ts').replace('active', 'rude') }, 'is of no kind'],
    ['no probe in probe.ts', { [own('probe.ts')]: 'export const probes = []\n' }, 'probe.ts holds no probe'],
    [
      'a rule of no risk',
      { [own('rule.ts')]: text('rule.ts').replace("risk: 'open", "risk: 'closed") },
      'points at the risk closed-redirect',
    ],
    [
      'a rule in other words',
      { [own('rule.ts')]: text('rule.ts').replace('from-request', 'fromRequest') },
      'is not <protection>/<what-happens>',
    ],
    [
      'two rules of one name',
      { [own('rule.ts')]: `${text('rule.ts')}rules.push(rules[0])\n` },
      'open-redirect/from-request is the name of two rules',
    ],
    [
      'a guard of no risk',
      { [own('guard.ts')]: text('guard.ts').replace("deny('open", "deny('closed") },
      'denies for the risk closed-redirect',
    ],
    [
      'a guard of another name',
      { [own('guard.ts')]: text('guard.ts').replace("name: 'open", "name: 'closed") },
      "no guard with name: 'open-redirect'",
    ],
    [
      'a factory of another name',
      { [own('guard.ts')]: text('guard.ts').replace('function openRedirect', 'function redirect') },
      'does not export openRedirect',
    ],
    ['a risk without CWE', { [own('risks.ts')]: text('risks.ts').replace('601', '0') }, 'has no CWE number'],
    ['a risk without severity', { [own('risks.ts')]: text('risks.ts').replace('medium', 'bad') }, 'has no severity'],
    [
      'an ASVS id of another edition',
      { [own('risks.ts')]: text('risks.ts').replace('3.7.2', 'V5.1.5') },
      'which is no requirement of ASVS',
    ],
    ['a face in the wrong place', { [own('probes.js')]: '' }, 'probes.js is not where a face is looked for'],
    [
      'nothing but a page',
      Object.fromEntries(['guard.ts', 'probe.ts', 'rule.ts'].map((file) => [own(file), undefined])),
      'has neither guard.ts nor probe.ts nor rule.ts',
    ],
    [
      'a risk with two owners',
      Object.fromEntries(
        Object.entries(good).map(([path, body]) => [
          path.replace(/open-redirect/g, 'redirects'),
          body
            .replaceAll("'open-redirect/", "'redirects/")
            .replaceAll('openRedirect', 'redirects')
            .replaceAll('OpenRedirect', 'Redirects')
            .replace("name: 'open-redirect'", "name: 'redirects'"),
        ]),
      ),
      'redirects: the risk open-redirect is owned by open-redirect already',
    ],
  ]

  test.each(planted)('%s', async (_, changes, breach) => {
    const found = await folderBreaches(plant(changes))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(breach)
  })
})
