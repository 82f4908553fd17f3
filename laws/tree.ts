import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root, with a slash at the end. */
export const ROOT: string = fileURLToPath(new URL('..', import.meta.url))

/** Every file that git knows or would know, by its path from the root: what a reader of the repository sees. */
export function filesOf(root: string = ROOT): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  // A file that was deleted and not yet committed is still in git's index.
  return [...new Set(list.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path))).sort()
}

export function textOf(path: string, root: string = ROOT): string {
  return readFileSync(join(root, path), 'utf8')
}
