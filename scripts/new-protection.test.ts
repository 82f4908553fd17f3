import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { folderBreaches } from '../laws/folders.ts'
import { breaches } from '../laws/layers.ts'
import { format } from './format.ts'
import { newProtection, objectionTo } from './new-protection.ts'
import { HOME } from './steps.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

/** A copy of what the faces import, with one protection in it. */
function copy(): string {
  const root = mkdtempSync(join(tmpdir(), 'bulwark-new-'))
  roots.push(root)
  for (const part of ['library/core', 'library/toolbox', 'library/protections/csrf']) {
    cpSync(join(HOME, part), join(root, part), { recursive: true })
  }
  return root
}

test('a new protection has every face, in the form of the house, and is in every list', async () => {
  const root = copy()
  const written = await newProtection('open-window', root)
  const folder = join(root, 'library/protections/open-window')
  expect(readdirSync(folder).sort()).toEqual([
    'README.md',
    'guard.ts',
    'known.ts',
    'open-window.test.ts',
    'probe.ts',
    'risks.ts',
    'rule.ts',
    'victim.ts',
  ])
  expect(written).toContain('library/guards.ts')
  expect(readFileSync(join(root, 'library/guards.ts'), 'utf8')).toContain(
    'readonly openWindow?: OpenWindowOptions | Off',
  )
  expect(readFileSync(join(root, 'prober/probes.ts'), 'utf8')).toContain('...openWindowProbes')
  expect(readFileSync(join(root, 'scanner/rules.ts'), 'utf8')).toContain('...openWindowRules')

  const texts = new Map<string, string>()
  const all = new Map<string, string>()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const path = `library/protections/open-window/${file}`
    const text = readFileSync(join(root, path), 'utf8')
    all.set(path, text)
    if (!file.endsWith('.test.ts')) texts.set(path, text)
  }
  expect(await format(all)).toEqual(all)
  expect(breaches(texts)).toEqual([])
})

test('what the author has still to say keeps the law from being satisfied', async () => {
  const root = copy()
  await newProtection('open-window', root)
  expect((await folderBreaches(root)).filter((line) => line.startsWith('open-window'))).toEqual([
    'open-window: README.md still asks: "Says in one sentence what this denies or prevents."',
    'open-window: README.md still asks: "Who sends what, which mistake of the app lets it work, and what do they gain? Name the CWE."',
    'open-window: README.md still asks: "What is looked at, in which order, and what is refused with which status?"',
    'open-window: README.md still asks: "Show the policy key and the route key in one example each."',
    'open-window: README.md still asks: "- What stays possible with this protection on?"',
    'open-window: the risk open-window has no CWE number',
  ])
})

describe('a name is refused, and nothing is written', () => {
  const root = mkdtempSync(join(tmpdir(), 'bulwark-new-'))
  mkdirSync(join(root, 'library/protections/csrf'), { recursive: true })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  test.each([
    ['', 'kebab-case'],
    ['OpenRedirect', 'kebab-case'],
    ['open_redirect', 'kebab-case'],
    ['../evil', 'kebab-case'],
    ['open-', 'kebab-case'],
    ['2fa', 'kebab-case'],
    ['cookie-manager', 'does not name the danger'],
    ['origins', 'taken by the policy'],
    ['delete', 'taken by the policy or by the language'],
    ['a'.repeat(41), 'too long'],
    ['csrf', 'is there already'],
  ])('%j', async (name, reason) => {
    await expect(newProtection(name, root)).rejects.toThrow(reason)
    expect(readdirSync(join(root, 'library/protections'))).toEqual(['csrf'])
    expect(existsSync(join(root, 'library/guards.ts'))).toBe(false)
  })
})

test.each(['csrf-tokens', 'xss', 'open-redirect', 'http2-floods'])('%s is a good name', (name) => {
  expect(objectionTo(name, join(HOME, 'nowhere'))).toBeUndefined()
})
