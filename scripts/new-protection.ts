/** `npm run new-protection NAME`: writes the folder of a new protection with every face, and brings the lists up to date. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { catalogue } from './catalogue.ts'
import { format } from './format.ts'
import { templatesFor } from './new-protection/templates.ts'
import { HOME } from './steps.ts'

const EMPTY_WORDS =
  /(?:^|-)(?:manager|handler|util|utils|helper|service|wrapper|hook|middleware|security|protection|guard)(?:-|$)/
/** Words of TypeScript and of the policy that a factory of this name would collide with. */
const TAKEN: readonly string[] = [
  'app',
  'origins',
  'proxies',
  'keys',
  'store',
  'mode',
  'on-failure',
  'on-event',
  'default',
  'delete',
  'import',
  'export',
  'off',
  'deny',
  'factories',
  'risks',
  'probes',
  'rules',
]

/** Why a folder must not be called so; `undefined` when it may. */
export function objectionTo(name: string, root: string): string | undefined {
  if (!/^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$/.test(name)) return `"${name}" is not in kebab-case, such as open-redirect`
  if (name.length > 40) return `"${name}" is too long to be searched for`
  if (EMPTY_WORDS.test(name)) return `"${name}" does not name the danger or the thing protected, as csrf or cookies do`
  if (TAKEN.includes(name)) return `"${name}" is taken by the policy or by the language`
  if (existsSync(join(root, 'library/protections', name))) return `library/protections/${name} is there already`
  return undefined
}

/** Writes the folder under `root` and answers the paths written. Throws when the name is not fit, before anything is written. */
export async function newProtection(name: string, root: string): Promise<readonly string[]> {
  const objection = objectionTo(name, root)
  if (objection !== undefined) throw new Error(objection)
  const written: string[] = []
  const folder = join('library/protections', name)
  mkdirSync(join(root, folder), { recursive: true })
  const faces = new Map([...templatesFor(name)].map(([file, text]) => [join(folder, file), text]))
  for (const [path, text] of await format(faces)) {
    writeFileSync(join(root, path), text)
    written.push(path)
  }
  const { problems, stale } = await catalogue(root, { check: false })
  if (problems.length > 0) throw new Error(`the lists could not be written: ${problems.join('; ')}`)
  return [...written, ...stale.map(({ path }) => path)]
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...more] = args
  if (name === undefined || name.startsWith('-') || more.length > 0) {
    console.error('usage: npm run new-protection NAME    (such as open-redirect)')
    return 2
  }
  try {
    for (const path of await newProtection(name, HOME)) console.log(`wrote ${path}`)
  } catch (error) {
    console.error(`new-protection: ${error instanceof Error ? error.message : String(error)}`)
    return 2
  }
  console.log(`
Attack first, defence second:
  1. victim.ts   until it can be attacked
  2. probe.ts    until it breaks the victim
  3. guard.ts    until it does not any more
  4. rule.ts     until it spots the marked lines
  5. risks.ts, README.md
  6. npm run catalogue, then npm run check
Watch it fail first: npx vitest run library/protections/${name}`)
  return 0
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2))
}
