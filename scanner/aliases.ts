import { basename, dirname, join } from 'node:path/posix'
import { manifestAround, type Project } from './project.ts'

/** `paths` and `baseUrl` of a `tsconfig.json`, and what it takes over from another. */
export interface Aliases {
  readonly paths: readonly Alias[]
  /** Where plain names are looked for. */
  readonly base: string | undefined
  readonly above: string | undefined
}

/** `@lib/*` as what stands before and behind the star, with the places that it may mean. */
interface Alias {
  readonly before: string
  readonly behind: string | undefined
  readonly places: readonly string[]
}

const FILE = /^(?:ts|js)config(?:\.[\w-]+)*\.json$/

export function isAliasFile(path: string): boolean {
  return FILE.test(basename(path))
}

/** Takes in a `tsconfig.json`. One that is not an object of JSON with comments is put on record as unparsed. */
export function addAliases(project: Project, path: string, text: string): void {
  let value: unknown
  try {
    value = JSON.parse(withoutComments(text))
  } catch (error) {
    project.unparsed.push({ file: path, reason: error instanceof Error ? error.message : String(error) })
    return
  }
  const options = recordIn(value, 'compilerOptions')
  const folder = dirname(path)
  const base = textIn(options, 'baseUrl')
  const extended: unknown = isRecord(value) ? value['extends'] : undefined
  const above = [extended].flat().find((each) => typeof each === 'string' && each.startsWith('.'))
  project.aliases.set(path, {
    paths: Object.entries(recordIn(options, 'paths')).map(([pattern, places]) =>
      toAlias(pattern, Array.isArray(places) ? places : [], join(folder, base ?? '.')),
    ),
    base: base === undefined ? undefined : join(folder, base),
    above: typeof above === 'string' ? join(folder, above.endsWith('.json') ? above : `${above}.json`) : undefined,
  })
}

/** The places that a name may mean in the project, the likeliest first. */
export function placesOf(project: Project, from: string, specifier: string): readonly string[] {
  const found = specifier.startsWith('#') ? importsOf(project, from, specifier) : []
  const seen = new Set<string>()
  for (let at = nearest(project, from); at !== undefined && !seen.has(at); ) {
    seen.add(at)
    const aliases = project.aliases.get(at)
    for (const alias of aliases?.paths ?? []) found.push(...meantBy(alias, specifier))
    if (aliases?.base !== undefined) found.push(join(aliases.base, specifier))
    at = aliases?.above
  }
  return found
}

/** The configuration nearest to a file: the one with the plain name, or the base that others take over. */
function nearest(project: Project, path: string): string | undefined {
  if (project.aliases.size === 0) return undefined
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    for (const name of ['tsconfig.json', 'jsconfig.json', 'tsconfig.base.json']) {
      if (project.aliases.has(join(folder, name))) return join(folder, name)
    }
    if (folder === '.' || folder === '/') return undefined
  }
}

function toAlias(pattern: string, places: readonly unknown[], base: string): Alias {
  const [before = '', behind] = pattern.split('*')
  return { before, behind, places: places.filter((each) => typeof each === 'string').map((each) => join(base, each)) }
}

function meantBy({ before, behind, places }: Alias, specifier: string): readonly string[] {
  if (behind === undefined) return specifier === before ? places : []
  if (specifier.length < before.length + behind.length) return []
  if (!specifier.startsWith(before) || !specifier.endsWith(behind)) return []
  const inner = specifier.slice(before.length, specifier.length - behind.length)
  // A function: `$&` in a name is no pattern.
  return places.map((place) => place.replace('*', () => inner))
}

/** `imports` of the nearest `package.json`: `"#lib/*": "./src/lib/*.js"`, also by condition. */
function importsOf(project: Project, from: string, specifier: string): string[] {
  const around = manifestAround(project, from)
  return Object.entries(recordIn(around?.manifest, 'imports')).flatMap(([pattern, target]) =>
    meantBy(toAlias(pattern, textsIn(target), around?.folder ?? '.'), specifier),
  )
}

function textsIn(target: unknown): readonly string[] {
  if (typeof target === 'string') return [target]
  return isRecord(target) ? Object.values(target).flatMap(textsIn) : []
}

/** TypeScript allows comments in its configuration, and a comma behind the last entry. */
function withoutComments(text: string): string {
  const bare = text.replace(
    /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, kept: string | undefined) => kept ?? '',
  )
  return bare.replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_, kept: string | undefined) => kept ?? '')
}

function recordIn(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const inner = isRecord(value) ? value[key] : undefined
  return isRecord(inner) ? inner : {}
}

function textIn(value: Readonly<Record<string, unknown>>, key: string): string | undefined {
  return typeof value[key] === 'string' ? value[key] : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
