/** Code in a README is what people copy first: it compiles in a strict project, as it is printed. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { borrow, emptyFolder, program } from './packed.ts'
import { type Block, blocksOf, readmeBlocks, toModules } from './readme.ts'
import { ROOT, textOf } from './tree.ts'

/** Where names come from that a block does not import, the first that has one. */
const MODULES = [
  'bulwark',
  'bulwark/express',
  'bulwark/transport',
  'bulwark/keys',
  'bulwark/audit',
  'bulwark/accounts',
  'bulwark/express-session',
  'bulwark/stores/sqlite',
  'bulwark/stores/redis',
  'bulwark/stores/postgres',
  'bulwark/accounts/stores/sqlite',
]
const PACKAGES = [
  ...['bulwark', '@bulwark/console', '@bulwark/scanner', '@bulwark/prober'],
  ...['@types/node', '@types/express', '@types/pg', 'express', 'fastify', 'hono', '@hono/node-server', 'pg', 'zod'],
]
const home = emptyFolder()
/** By the folder of their program: a block that adds to the types of the app is an app of its own. */
const programs = new Map<string, Map<string, Block>>([['app', new Map()]])
const PLANTED = blocksOf(
  "# A page\n\n```ts\nimport { secure } from 'bulwark/express'\n\napp.get('/', secure({ limt: '5/min' }), show)\n```\n",
  'planted/README.md',
)

beforeAll(async () => {
  for (const name of PACKAGES) borrow(name, home)
  const world = textOf('laws/readme-world.ts')
  const sources = new Map<string, string>()
  for (const [, names = ''] of world.matchAll(/^export (?:declare )?(?:const|interface|\{(?: default as)?) (\w+)/gm)) {
    sources.set(names, './world.mts')
  }
  for (const module of MODULES) {
    for (const name of Object.keys((await import(module)) as object)) if (!sources.has(name)) sources.set(name, module)
  }
  for (const block of [...readmeBlocks(), ...PLANTED].filter(({ language }) => language === 'ts')) {
    const adds = block.lines.some((line) => line.startsWith('declare module'))
    const folder = PLANTED.includes(block) ? 'planted' : adds ? `app-${programs.size}` : 'app'
    const files = programs.get(folder) ?? new Map<string, Block>()
    programs.set(folder, files)
    mkdirSync(join(home, folder), { recursive: true })
    writeFileSync(join(home, folder, 'world.mts'), world)
    writeFileSync(
      join(home, folder, 'mailer.ts'),
      'export declare const mailer: { send(letter: object): Promise<void> }\n',
    )
    for (const text of toModules(block, sources)) {
      const file = `block-${files.size}.mts`
      files.set(file, block)
      writeFileSync(join(home, folder, file), text)
    }
  }
}, 60_000)

afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

/** What the compiler says of the blocks of one program, by the line of the README. */
async function complaints(folder: string, module: string, moduleResolution: string): Promise<string[]> {
  const compilerOptions = {
    ...{ module, moduleResolution, target: 'es2023', lib: ['es2023'], strict: true, noEmit: true, skipLibCheck: true },
    ...{ types: ['node'], allowImportingTsExtensions: true },
  }
  writeFileSync(join(home, folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { out } = await program(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], join(home, folder))
  return out.split('\n').flatMap((line) => {
    const [, file = '', row, what] = /^(\S+)\((\d+),\d+\): (.*)/.exec(line) ?? []
    const block = programs.get(folder)?.get(file)
    if (block === undefined) return line.startsWith(' ') || line === '' ? [] : [line]
    const [path, first] = block.at.split(':')
    return [`${path}:${Number(first) + Number(row) - 1} ${what}`]
  })
}

describe('the code of the READMEs compiles', () => {
  test('as modules of Node', async () => {
    expect(programs.get('app')?.size).toBeGreaterThan(60)
    const found: string[] = []
    for (const folder of programs.keys())
      if (folder !== 'planted') found.push(...(await complaints(folder, 'node16', 'node16')))
    expect(found).toEqual([])
  }, 120_000)

  test('and one that does not is found, with its line', async () => {
    expect(await complaints('planted', 'node16', 'node16')).toEqual([
      expect.stringMatching(/^planted\/README\.md:6 error TS\d+: .*limt/),
    ])
  }, 60_000)

  test('for a bundler', async () => {
    expect(await complaints('app', 'esnext', 'bundler')).toEqual([])
  }, 60_000)
})
