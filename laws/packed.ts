import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BUNDLED } from '../scripts/bundle.ts'
import { ROOT } from './tree.ts'

const run = promisify(execFile)

/** The packages that are published, by their folder. */
export const PACKAGES = {
  library: 'bulwark',
  scanner: '@bulwark/scanner',
  prober: '@bulwark/prober',
  cli: '@bulwark/cli',
  console: '@bulwark/console',
} as const

export type PackageFolder = keyof typeof PACKAGES

export interface Packed {
  readonly tarball: string
  /** Paths inside the package. */
  readonly files: readonly string[]
  /** Bytes on disk once installed. */
  readonly unpackedSize: number
}

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder outside of the repository, so that nothing is found by accident in the repository's own `node_modules`. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bulwark-package-'))
}

/** Runs a program to its end; a failing one is an outcome, too. */
export async function program(file: string, args: readonly string[], cwd: string): Promise<Outcome> {
  try {
    const { stdout, stderr } = await run(file, args, {
      cwd,
      maxBuffer: 32 * 1024 * 1024,
      env: {
        ...process.env,
        npm_config_loglevel: 'error',
        npm_config_fund: 'false',
        npm_config_audit: 'false',
        NODE_OPTIONS: '',
      },
    })
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string }
    return { code: typeof code === 'number' ? code : 1, out: stdout ?? '', err: stderr ?? String(error) }
  }
}

/** Packs every published package into `folder`, exactly as `npm publish` would. */
export async function packAll(folder: string): Promise<Record<PackageFolder, Packed>> {
  // `tsc -b` alone makes no bundle.
  for (const folder of [...Object.keys(PACKAGES).map((name) => `${name}/dist`), BUNDLED]) {
    if (!existsSync(join(ROOT, folder))) throw new Error(`${folder} is missing: run "npm run build" first`)
  }
  const { code, out, err } = await program(
    'npm',
    [
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      folder,
      ...Object.keys(PACKAGES).flatMap((name) => ['-w', name]),
    ],
    ROOT,
  )
  if (code !== 0) throw new Error(`npm pack failed: ${err}`)
  const list = JSON.parse(out) as { name: string; filename: string; unpackedSize: number; files: { path: string }[] }[]
  const of = (name: string): Packed => {
    const found = list.find((entry) => entry.name === name)
    if (!found) throw new Error(`npm pack made no package ${name}`)
    return {
      tarball: join(folder, found.filename),
      files: found.files.map(({ path }) => path),
      unpackedSize: found.unpackedSize,
    }
  }
  return {
    library: of(PACKAGES.library),
    scanner: of(PACKAGES.scanner),
    prober: of(PACKAGES.prober),
    cli: of(PACKAGES.cli),
    console: of(PACKAGES.console),
  }
}

/** Puts a packed package where npm would, and its dependencies from the repository beside it. */
export async function unpack({ tarball }: Packed, name: string, home: string): Promise<string> {
  const folder = join(home, 'node_modules', name)
  mkdirSync(folder, { recursive: true })
  const { code, err } = await program('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], home)
  if (code !== 0) throw new Error(`tar could not unpack ${name}: ${err}`)
  return folder
}

/** Makes a package of the repository's `node_modules` visible in `home`. */
export function borrow(name: string, home: string): void {
  const link = join(home, 'node_modules', name)
  if (existsSync(link)) return
  mkdirSync(join(link, '..'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules', name), link)
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports?: Readonly<Record<string, string | null | { readonly types: string; readonly default: string }>>
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
