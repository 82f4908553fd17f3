import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { protectionsOf } from '../scripts/catalogue/slices.ts'
import { TEST_ONLY } from './layers.ts'
import {
  borrow,
  emptyFolder,
  manifestOf,
  PACKAGES,
  type PackageFolder,
  type Packed,
  packAll,
  program,
  unpack,
} from './packed.ts'
import { ROOT } from './tree.ts'

const tarballs = emptyFolder()
const fresh = emptyFolder()
const home = emptyFolder()
const installed = join(home, 'node_modules/bulwark')
let packed: Record<PackageFolder, Packed>

beforeAll(async () => {
  packed = await packAll(tarballs)
  writeFileSync(join(home, 'package.json'), '{ "type": "module", "private": true }')
  for (const [folder, name] of Object.entries(PACKAGES) as [PackageFolder, string][])
    await unpack(packed[folder], name, home)
  borrow('oxc-parser', home)
  // Whoever imports an adapter has its framework.
  for (const name of ['@types/node', '@types/express', 'express', 'fastify', 'hono']) borrow(name, home)
}, 60_000)

afterAll(() => {
  for (const folder of [tarballs, fresh, home]) rmSync(folder, { recursive: true, force: true })
})

describe('what is in the packages', () => {
  const folders = Object.keys(PACKAGES) as PackageFolder[]

  test.each(folders)('%s: built files only, no tests, no sources, nothing left over', (folder) => {
    const { files } = packed[folder]
    expect(files.length).toBeGreaterThan(5)
    expect(files).toContain('LICENSE')
    const odd = files.filter(
      (path) => !/^(?:dist\/.*\.(?:js|d\.ts)|package\.json|LICENSE|README\.md|bulwark\.js)$/.test(path),
    )
    expect(odd).toEqual([])
    expect(files.filter((path) => /\.test\.|tsbuildinfo/.test(path))).toEqual([])
    const tests = TEST_ONLY.map((path) => path.replace(/^[^/]+\/(.*)\.ts$/, '$1.js'))
    expect(files.filter((path) => tests.some((test) => path.endsWith(`/${test}`)))).toEqual([])
    // tsc never deletes: what has no source any more would be published for ever. Bundles have a law of their own.
    const sources = folder === 'scanner' || folder === 'prober' ? ROOT : join(ROOT, folder)
    const orphans = files
      .filter((path) => path.endsWith('.js') && path.startsWith('dist/') && !path.startsWith('dist/bundled/'))
      .filter((path) => {
        return !existsSync(join(sources, path.slice('dist/'.length).replace(/\.js$/, '.ts')))
      })
    expect(orphans, 'built files without a source; delete dist and build again').toEqual([])
  })

  test('attacks and rules stay out of the package that runs in production', () => {
    expect(
      packed.library.files.filter(
        (path) => /(?:probe|rule|victim)\.(?:js|d\.ts)$/.test(path) && /protections/.test(path),
      ),
    ).toEqual([])
    expect(packed.library.files).toContain('dist/guards.js')
  })

  test('the scanner carries rules and the prober carries probes, and neither carries the other', () => {
    const faces = (folder: PackageFolder): string[] => [
      ...new Set(
        packed[folder].files
          .map((path) => /protections\/[^/]+\/(guard|probe|rule|victim)\.js$/.exec(path)?.[1])
          .filter((face) => face !== undefined),
      ),
    ]
    const has = (face: string): boolean =>
      protectionsOf(ROOT).some((name) => existsSync(join(ROOT, 'library/protections', name, `${face}.ts`)))
    expect(has('rule') && has('probe')).toBe(true)
    expect(faces('scanner')).toEqual(['rule'])
    expect(faces('prober')).toEqual(['probe'])
  })

  test('the command is there and may be run', async () => {
    expect(packed.cli.files).toContain('bulwark.js')
    const { code, out } = await program(
      process.execPath,
      [join(home, 'node_modules/@bulwark/cli/bulwark.js'), '--version'],
      home,
    )
    expect([code, out]).toEqual([0, `${manifestOf(join(home, 'node_modules/@bulwark/cli')).version}\n`])
  })
})

/** Every specifier that `bulwark` exports, patterns filled in with what is there. */
function specifiers(): { specifier: string; types: string; file: string }[] {
  const list: { specifier: string; types: string; file: string }[] = []
  for (const [key, target] of Object.entries(manifestOf(installed).exports ?? {})) {
    if (target === null || typeof target === 'string') continue
    const add = (star: string): void => {
      const fill = (text: string): string => text.replace('*', star).replace(/^\.(?=\/)/, '')
      list.push({
        specifier: `bulwark${key === '.' ? '' : fill(key)}`,
        types: fill(target.types).slice(1),
        file: fill(target.default).slice(1),
      })
    }
    if (!key.includes('*')) add('')
    else {
      const [before = '', after = ''] = target.default.slice(2).split('*')
      for (const path of packed.library.files) {
        const star = path.startsWith(before) && path.endsWith(after) ? path.slice(before.length, -after.length) : ''
        if (star !== '' && !star.includes('/')) add(star)
      }
    }
  }
  return list
}

describe('what the packages export', () => {
  test('everything named is there, with its types', () => {
    const list = specifiers()
    expect(list.map(({ specifier }) => specifier)).toEqual(
      expect.arrayContaining(['bulwark', 'bulwark/express', 'bulwark/guards', 'bulwark/stores/memory']),
    )
    const missing = list
      .flatMap(({ types, file }) => [types, file])
      .filter((path) => !packed.library.files.includes(path))
    expect(missing).toEqual([])
  })

  test('npm installs the tarball offline, alone, and everything loads by import and by require', async () => {
    writeFileSync(join(fresh, 'package.json'), '{ "private": true }')
    const install = await program(
      'npm',
      ['install', '--offline', '--ignore-scripts', '--omit=optional', packed.library.tarball],
      fresh,
    )
    expect(install, install.err).toMatchObject({ code: 0 })
    const names = JSON.stringify(specifiers().map(({ specifier }) => specifier))
    writeFileSync(
      join(fresh, 'load.mjs'),
      `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const seen = {}
for (const name of ${names}) {
  const a = Object.keys(await import(name)).sort()
  const b = Object.keys(require(name)).filter((key) => key !== '__esModule').sort()
  if (a.join() !== b.join()) throw new Error(name + ' is not the same by import and by require')
  seen[name] = a.length
}
console.log(JSON.stringify({ seen, packages: (await import('node:fs')).readdirSync('node_modules').filter((name) => !name.startsWith('.')) }))`,
    )
    const loaded = await program(process.execPath, ['--no-warnings', 'load.mjs'], fresh)
    expect(loaded, loaded.err).toMatchObject({ code: 0 })
    const { seen, packages } = JSON.parse(loaded.out) as { seen: Record<string, number>; packages: string[] }
    expect(packages).toEqual(['bulwark'])
    expect(Object.entries(seen).filter(([, exported]) => exported === 0)).toEqual([])
  })

  test.each([
    'bulwark/csrf/probe',
    'bulwark/protections/csrf/guard',
    'bulwark/dist/protections/csrf/guard.js',
    'bulwark/core/guard',
    'bulwark/stores/sqlite/database',
    '@bulwark/prober/dist/prober/probes.js',
    '@bulwark/scanner/parse',
  ])('%s is nobody else’s business', async (specifier) => {
    const script = `import(${JSON.stringify(specifier)}).catch((error) => console.log(error.code))`
    expect((await program(process.execPath, ['--input-type=module', '-e', script], home)).out).toBe(
      'ERR_PACKAGE_PATH_NOT_EXPORTED\n',
    )
  })

  test('the scanner, the prober and the console load', async () => {
    const script = `const all = ['@bulwark/scanner', '@bulwark/prober', '@bulwark/console'].map((name) => import(name))
      const [s, p, c] = await Promise.all(all)
      console.log(typeof s.scan, typeof p.probe, typeof c.openConsole)`
    const { out, err } = await program(process.execPath, ['--input-type=module', '-e', script], home)
    expect(out, err).toBe('function function function\n')
  })

  test('the types hold in a strict project that checks its libraries', async () => {
    const names = specifiers().map(({ specifier }) => specifier)
    const imports = names.map((name, index) => `import * as m${index} from '${name}'\nvoid m${index}\n`).join('')
    // Protections add their own keys to the shared types; that must survive the packing.
    const declared =
      "import type { Contract } from 'bulwark'\nexport const contract: Contract = { changesState: true }\n"
    writeFileSync(join(home, 'consumer.mts'), imports + declared)
    writeFileSync(
      join(home, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023'],
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          types: ['node'],
        },
        files: ['consumer.mts'],
      }),
    )
    const { code, out } = await program(
      process.execPath,
      [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'],
      home,
    )
    expect(out).toBe('')
    expect(code).toBe(0)
  })
})

describe('what others say about the packages', () => {
  test.each(['bulwark', '@bulwark/scanner', '@bulwark/prober', '@bulwark/cli'])(
    'publint has no word against %s',
    async (name) => {
      const { messages } = await publint({ pkgDir: join(home, 'node_modules', name), pack: false, strict: true })
      expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([])
    },
  )

  test.each(['library', 'scanner', 'prober', 'console'] as const)('the types of %s are not wrong', async (folder) => {
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(packed[folder].tarball)))
    // The packages are ES modules only. How older resolvers and `require` in TypeScript see them is known and accepted.
    const accepted = ['node10', 'node16-cjs']
    const problems = analysis.types === false ? ['there are no types'] : analysis.problems
    const told = problems
      .filter((one) => typeof one === 'string' || !('resolutionKind' in one) || !accepted.includes(one.resolutionKind))
      .map((one) =>
        typeof one === 'string' ? one : `${one.kind} ${'moduleSpecifier' in one ? one.moduleSpecifier : ''}`,
      )
    expect(told).toEqual([])
  })
})

test('an app that takes one guard carries that guard and no other', async () => {
  const names = protectionsOf(ROOT).filter((name) => existsSync(join(ROOT, 'library/protections', name, 'guard.ts')))
  expect(names).toContain('csrf')
  const { metafile } = await build({
    stdin: { contents: "import { csrf } from 'bulwark/guards'\nconsole.log(csrf)", resolveDir: home },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    absWorkingDir: home,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const carried = Object.entries(output?.inputs ?? {})
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path !== '<stdin>')
    .map(([path]) => path.slice(path.indexOf('dist/') + 'dist/'.length))
  expect(carried).toContain('protections/csrf/guard.js')
  expect(carried.filter((path) => !/^(?:core|toolbox|protections\/csrf)\//.test(path))).toEqual([])
})
