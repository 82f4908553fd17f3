import { execFile } from 'node:child_process'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { promisify } from 'node:util'
import { isAliasFile } from './aliases.ts'

export interface Discovered {
  /** Source files, relative to the root, with `/`, sorted. */
  readonly files: readonly string[]
  /** `package.json` and `tsconfig.json` files. */
  readonly manifests: readonly string[]
  /** Source files that are not read, and why. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[]
}

const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$/
const GENERATED = /\.min\.[cm]?js$|\.d\.[cm]?ts$|\.bundle\.js$/
const FOLDERS: ReadonlySet<string> = new Set([
  '.git',
  'node_modules',
  'bower_components',
  'jspm_packages',
  'dist',
  'build',
  'coverage',
  'vendor',
  'vendors',
  'third_party',
  '.next',
  '.nuxt',
  '.output',
  '.cache',
  '.yarn',
  '.pnpm-store',
])
const MAX_BYTES = 1024 * 1024

const run = promisify(execFile)

/** Lists the source of a project: what git would commit, without built, vendored and generated files. */
export async function discover(root: string): Promise<Discovered> {
  const home = await realpath(root)
  const files: string[] = []
  const manifests: string[] = []
  const skipped: { file: string; reason: string }[] = []
  for (const path of ((await listedByGit(home)) ?? (await walk(home, ''))).sort()) {
    const parts = path.split('/')
    if (parts.slice(0, -1).some((part) => FOLDERS.has(part))) continue
    const isManifest = parts.at(-1) === 'package.json' || isAliasFile(path)
    if (!isManifest && (!SOURCE.test(path) || GENERATED.test(path))) continue
    const reason = await refuse(home, path)
    if (reason === undefined) (isManifest ? manifests : files).push(path)
    else if (reason !== 'gone') skipped.push({ file: path, reason })
  }
  return { files, manifests, skipped }
}

/** Git knows best what its ignore files mean. Without git, or outside a repository, everything counts. */
async function listedByGit(home: string): Promise<string[] | undefined> {
  try {
    const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
    // A repository that we only read must not get to name a program for us to run.
    const safe = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null']
    const { stdout } = await run('git', [...safe, ...listing], { cwd: home, maxBuffer: 256 * 1024 * 1024 })
    const paths = stdout.split('\0').filter(Boolean)
    // A folder inside somebody else's repository that is ignored there as a whole lists as empty.
    return paths.length > 0 ? paths : undefined
  } catch (error) {
    if (error instanceof Error && ('code' in error || 'killed' in error)) return undefined
    throw error
  }
}

async function walk(home: string, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(home, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) {
      if (!FOLDERS.has(entry.name)) found.push(...(await walk(home, path)))
    } else found.push(path)
  }
  return found
}

/** Why a file is not read. A link may lead out of the root, which is none of our business. */
async function refuse(home: string, path: string): Promise<string | undefined> {
  const full = join(home, path)
  let status: Awaited<ReturnType<typeof lstat>>
  try {
    status = await lstat(full)
  } catch {
    // Deleted but still in git's index.
    return 'gone'
  }
  if (status.isSymbolicLink()) return linkReason(home, full)
  if (!status.isFile()) return 'gone'
  if (status.size > MAX_BYTES) return `larger than ${MAX_BYTES / 1024 / 1024} MB`
  const target = await realpath(full)
  return target.startsWith(home + sep) || home === sep ? undefined : 'reached through a link that leads out of the root'
}

async function linkReason(home: string, full: string): Promise<string> {
  try {
    const target = await realpath(full)
    return target.startsWith(home + sep) ? 'gone' : 'a link that leads out of the root'
  } catch {
    return 'a link that leads nowhere'
  }
}
