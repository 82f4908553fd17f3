/**
 * The first part of `npm run build`: makes each workspace known by its name, as `npm install` does. A checkout that was installed before a
 * package was added would not find it otherwise.
 */
import { lstatSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HOME } from './steps.ts'

/** Links what is not there yet, and leaves everything else as it is. Answers the names. */
export function linkWorkspaces(root: string): string[] {
  const linked: string[] = []
  for (const folder of (manifestOf(root).workspaces ?? []) as readonly string[]) {
    const { name, private: isPrivate } = manifestOf(join(root, folder))
    const link = join(root, 'node_modules', String(name))
    if (isPrivate === true || isThere(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(relative(dirname(link), join(root, folder)), link, 'junction')
    linked.push(String(name))
  }
  return linked
}

function manifestOf(folder: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const name of linkWorkspaces(HOME)) console.log(`linked ${name}`)
}
