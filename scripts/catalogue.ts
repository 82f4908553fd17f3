/** `npm run catalogue`: writes the lists that follow from the protections' folders. `--check` only compares. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { pagesOf } from './catalogue/pages.ts'
import { readSlices } from './catalogue/slices.ts'
import { format } from './format.ts'

const HOME = fileURLToPath(new URL('..', import.meta.url))

export interface CatalogueResult {
  /** Folders that no list holds yet, with what they lack. */
  readonly unfinished: readonly string[]
  readonly problems: readonly string[]
  /** Generated files whose text on disk is not what it should be, with the number of lines that differ. */
  readonly stale: readonly { readonly path: string; readonly added: number; readonly removed: number }[]
  readonly protections: number
}

/** Brings every generated file under `root` up to date, or only tells which ones are not. Nothing is written on problems. */
export async function catalogue(root: string, { check }: { readonly check: boolean }): Promise<CatalogueResult> {
  const { slices, unfinished, problems } = await readSlices(root)
  const protections = slices.length
  if (problems.length > 0) return { unfinished, problems, stale: [], protections }
  const pages = await format(pagesOf(slices))
  const stale: { path: string; added: number; removed: number }[] = []
  for (const [path, text] of pages) {
    const file = join(root, path)
    const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
    if (old === text) continue
    stale.push({ path, ...linesThatDiffer(old, text) })
    if (check) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return { unfinished, problems, stale, protections }
}

function linesThatDiffer(old: string, text: string): { added: number; removed: number } {
  const before = new Map<string, number>()
  for (const line of old === '' ? [] : old.split('\n')) before.set(line, (before.get(line) ?? 0) + 1)
  let added = 0
  for (const line of text.split('\n')) {
    const left = before.get(line) ?? 0
    if (left > 0) before.set(line, left - 1)
    else added++
  }
  return { added, removed: [...before.values()].reduce((sum, left) => sum + left, 0) }
}

async function main(args: readonly string[]): Promise<number> {
  const check = args.includes('--check')
  const root = resolve(args.find((arg) => !arg.startsWith('-')) ?? HOME)
  const { unfinished, problems, stale, protections } = await catalogue(root, { check })
  for (const line of unfinished) console.error(`catalogue: left out, ${line}`)
  for (const problem of problems) console.error(`catalogue: ${problem}`)
  if (problems.length > 0) return 1
  for (const { path, added, removed } of stale) {
    console.log(`${check ? 'would change' : 'wrote'} ${path} (+${added} -${removed} lines)`)
  }
  if (check && stale.length > 0) {
    console.error('catalogue: the generated files are out of date; run `npm run catalogue` and commit them')
    return 1
  }
  console.log(
    `catalogue: ${protections} protections, ${stale.length === 0 ? 'up to date' : `${stale.length} files written`}`,
  )
  return check && unfinished.length > 0 ? 1 : 0
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2))
}
