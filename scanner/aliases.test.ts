import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sinkRule } from './lab.ts'
import { scanFolder } from './scan.ts'

/** What reaches `sink(...)` in a folder of these files. */
async function taints(files: Readonly<Record<string, string>>): Promise<{ found: string[]; unparsed: string[] }> {
  const found: string[] = []
  const rule = sinkRule((value, file) => found.push(file.taintOf(value)?.source ?? 'safe'))
  const root = await mkdtemp(join(tmpdir(), 'aliases-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    const { unparsed } = await scanFolder({ root, rules: [rule], risks: [] })
    return { found, unparsed: unparsed.map(({ file }) => file) }
  } finally {
    await rm(root, { recursive: true })
  }
}

const app = (specifier: string): string =>
  `import { run } from '${specifier}'; import express from 'express'; express().get('/', (req) => run(req.query.a))`
const lib = `export const run = (value: string) => sink(value)`

describe('names of the project itself for its files', () => {
  test.each([
    [
      'a pattern',
      '~server/lib',
      'src/server/lib.ts',
      `{ "compilerOptions": { "paths": { "~server/*": ["./src/server/*"] } } }`,
    ],
    [
      'a pattern from the base',
      '@lib/lib',
      'src/own/lib.ts',
      `{ "compilerOptions": { "baseUrl": "./src", "paths": { "@lib/*": ["own/*"] } } }`,
    ],
    ['one name', 'runner', 'src/lib.ts', `{ "compilerOptions": { "paths": { "runner": ["./src/lib.ts"] } } }`],
    ['the base alone', 'own/lib', 'src/own/lib.ts', `{ "compilerOptions": { "baseUrl": "src" } }`],
    ['a second place', '@lib/lib', 'b/lib.ts', `{ "compilerOptions": { "paths": { "@lib/*": ["./a/*", "./b/*"] } } }`],
    [
      'with comments',
      '@lib/lib',
      'b/lib.ts',
      `{ // of ours\n "compilerOptions": { /* "x" */ "paths": { "@lib/*": ["./b/*"], }, }, }`,
    ],
  ])('in tsconfig.json: %s', async (_, specifier, path, config) => {
    const { found, unparsed } = await taints({ 'tsconfig.json': config, 'src/app.ts': app(specifier), [path]: lib })
    expect({ found, unparsed }).toEqual({ found: ['req.query.a'], unparsed: [] })
  })

  test('that a configuration takes over from another', async () => {
    const { found } = await taints({
      'tsconfig.base.json': `{ "compilerOptions": { "paths": { "@acme/lib": ["./libs/lib/index.ts"] } } }`,
      'apps/api/tsconfig.json': `{ "extends": "../../tsconfig.base.json" }`,
      'apps/api/main.ts': app('@acme/lib'),
      'libs/lib/index.ts': lib,
    })
    expect(found).toEqual(['req.query.a'])
  })

  test('in package.json', async () => {
    const { found } = await taints({
      'package.json': `{ "imports": { "#lib/*": { "types": "./types/*.d.ts", "default": "./src/lib/*.js" } } }`,
      'app.ts': app('#lib/run'),
      'src/lib/run.ts': lib,
    })
    expect(found).toEqual(['req.query.a'])
  })

  test('that are no JSON are on record, and two that name each other end', async () => {
    const broken = await taints({ 'tsconfig.json': '{ paths', 'app.ts': app('./lib'), 'lib.ts': lib })
    expect(broken).toEqual({ found: ['req.query.a'], unparsed: ['tsconfig.json'] })
    const circle = await taints({
      'tsconfig.json': `{ "extends": "./tsconfig.base.json" }`,
      'tsconfig.base.json': `{ "extends": "./tsconfig.json" }`,
      'app.ts': app('./lib'),
      'lib.ts': lib,
    })
    expect(circle.found).toEqual(['req.query.a'])
  })
})
