import { dirname } from 'node:path/posix'
import type { Node } from '../library/core/rule.ts'
import type { Aliases } from './aliases.ts'
import { bindNames } from './bindings.ts'
import type { CallGraph } from './calls.ts'
import { parse } from './parse.ts'
import type { RoutePlan } from './routes.ts'
import { growTree, type Tree } from './tree.ts'
import type { Origin } from './values.ts'

export type Manifest = Readonly<Record<string, unknown>>

/** All files of one scan, each parsed once, with what was already worked out about them. */
export interface Project {
  /** By path, relative to the root, with `/`. */
  readonly trees: Map<string, Tree>
  /** `package.json` files by their folder; the root is `.`. */
  readonly manifests: Map<string, Manifest>
  /** What `tsconfig.json` files and their like say about names, by their path. */
  readonly aliases: Map<string, Aliases>
  readonly unparsed: { readonly file: string; readonly reason: string }[]
  readonly known: Known
}

/** Answers that are worked out once and kept. */
export interface Known {
  readonly origins: Map<Node, readonly Origin[]>
  /** Origins of what lies inside an expression, by path. */
  readonly inner: Map<Node, Map<string, readonly Origin[]>>
  readonly constants: Map<Node, string | number | boolean | null | undefined>
  /** Whether a use of a value stands behind a condition on it, by what is asked for. */
  readonly checked: Map<string, Map<Node, boolean>>
  /** Whether a request may have anything to do with an expression. */
  readonly reach: Map<Node, boolean>
  /** The functions that a call runs one after the other. */
  readonly composed: Map<Node, readonly Node[]>
  /** Classes by those that they are made from. */
  heirs: Map<Node, Node[]> | undefined
  plan: RoutePlan | undefined
  calls: CallGraph | undefined
  packages: ReadonlySet<string> | undefined
  hasBulwark: boolean | undefined
}

export function createProject(): Project {
  const known: Known = {
    origins: new Map(),
    inner: new Map(),
    constants: new Map(),
    checked: new Map(),
    reach: new Map(),
    composed: new Map(),
    heirs: undefined,
    plan: undefined,
    calls: undefined,
    packages: undefined,
    hasBulwark: undefined,
  }
  return { trees: new Map(), manifests: new Map(), aliases: new Map(), unparsed: [], known }
}

/** Parses a file into the project. A file that does not parse is put on record as such. */
export function addFile(project: Project, path: string, text: string): Tree | undefined {
  const parsed = parse(path, text)
  if ('reason' in parsed) {
    project.unparsed.push({ file: path, reason: parsed.reason })
    return undefined
  }
  const tree = growTree(project, path, text, parsed.root, parsed.comments)
  bindNames(tree)
  project.trees.set(path, tree)
  return tree
}

/** Drops answers that were given before everything was known that they depend on. */
export function forget({ known }: Project): void {
  known.origins.clear()
  known.inner.clear()
  known.constants.clear()
  known.checked.clear()
  known.reach.clear()
  known.composed.clear()
  known.heirs = undefined
}

/** Takes in a `package.json`. One that is not a JSON object is put on record as unparsed. */
export function addManifest(project: Project, path: string, text: string): void {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    project.unparsed.push({ file: path, reason: error instanceof Error ? error.message : String(error) })
    return
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    project.manifests.set(dirname(path), value as Manifest)
  }
}

/** The folder and content of the `package.json` nearest to a file. */
export function manifestAround(project: Project, path: string): { folder: string; manifest: Manifest } | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = project.manifests.get(folder)
    if (manifest) return { folder, manifest }
    if (folder === '.' || folder === '/') return undefined
  }
}
