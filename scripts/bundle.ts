/**
 * The second half of `npm run build`: puts each preload into one file, with what both of them need in one beside it. An app that starts
 * with a preload waits for it, and most of what it waits for is Node finding and reading a hundred modules.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { HOME } from './steps.ts'

/** Where the package exports its preloads from. */
export const BUNDLED = 'library/dist/bundled'

/** The files that belong there now, by their names. They are made of the sources, so that no older build can be in them. */
export async function bundlePreloads(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: HOME,
    entryPoints: ['library/preload.ts', 'library/preload-baseline.ts'],
    outdir: BUNDLED,
    // Both may be preloaded, and what is in the process once must then be there once.
    splitting: true,
    chunkNames: 'shared',
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    // Names and line breaks stay: they are what people read in a stack trace.
    minify: false,
    logLevel: 'warning',
  })
  return new Map(outputFiles.map(({ path, text }) => [path.slice(join(HOME, BUNDLED).length + 1), text]))
}

/** The names of files in `folder` that are missing there, that differ, or that do not belong there. */
export function differencesFrom(files: ReadonlyMap<string, string>, folder: string): string[] {
  const found = new Set(readNames(folder))
  const wrong = [...files].filter(
    ([name, text]) => !found.has(name) || readFileSync(join(folder, name), 'utf8') !== text,
  )
  return [...wrong.map(([name]) => name), ...[...found].filter((name) => !files.has(name))]
}

/** Writes the files, and takes away what does not belong there. */
export function writeBundle(files: ReadonlyMap<string, string>, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of readNames(folder)) if (!files.has(name)) rmSync(join(folder, name), { recursive: true })
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeBundle(await bundlePreloads(), join(HOME, BUNDLED))
}
