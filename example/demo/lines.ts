import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from '../shared/folder.ts'

/** How much of the protected blog's source is there because of Bulwark. */
export interface Lines {
  /** Lines of `example/blog` that are not empty. */
  readonly all: number
  /** Lines that import from Bulwark. */
  readonly imports: number
  /** Lines of views that use what was imported, such as `html`. */
  readonly views: number
  /** All other lines that use what was imported, or `req.security`. */
  readonly code: number
}

/** Counts in the source of the blog itself. */
export async function countLines(): Promise<Lines> {
  const folder = join(packageFolder, 'blog')
  const names = await readdir(folder, { recursive: true })
  const total = { all: 0, imports: 0, views: 0, code: 0 }
  for (const name of names) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue
    const lines = linesOf(await readFile(join(folder, name), 'utf8'))
    total.all += lines.all
    total.imports += lines.imports
    total[name.startsWith('views') ? 'views' : 'code'] += lines.uses
  }
  return total
}

/** Counts in one file. Types do not count as uses: they are gone when the blog runs. */
export function linesOf(source: string): { all: number; imports: number; uses: number } {
  const lines = source.split('\n').filter((line) => line.trim() !== '')
  const names = new Set(['req.security'])
  let imports = 0
  for (const line of lines) {
    const list = /^import \{(.*)\} from 'bulwark(?:\/[\w-]+)?'/.exec(line)?.[1]
    if (list === undefined) continue
    imports++
    for (const name of list.split(',')) {
      if (!name.trim().startsWith('type ')) names.add(name.trim().split(' as ').at(-1) ?? '')
    }
  }
  names.delete('')
  const use = new RegExp(`(?<![\\w.'/-])(?:${[...names].map((name) => name.replace('.', '\\.')).join('|')})(?![\\w'-])`)
  const uses = lines.filter((line) => !/^import |^\s*(?:\/\/|\/?\*)/.test(line) && use.test(line)).length
  return { all: lines.length, imports, uses }
}
