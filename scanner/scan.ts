import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CodePlace, Finding } from '../library/core/finding.ts'
import type { Risk } from '../library/core/risk.ts'
import type { Node, Rule, SourceFile, Spot } from '../library/core/rule.ts'
import { addAliases, isAliasFile } from './aliases.ts'
import { discover } from './discover.ts'
import { hideSecrets } from './hide-secrets.ts'
import { applyIgnores, type Ignored } from './ignore.ts'
import { addFile, addManifest, createProject, type Project } from './project.ts'
import { toSourceFile } from './source-file.ts'
import { lineAt, placeOf, treeOf } from './tree.ts'

export interface ScanOptions {
  /** The folder to read. Nothing outside it is touched. */
  readonly root: string
  /**
   * Files and folders below the root to report on. The rest is still read, because data crosses files.
   * @default all
   */
  readonly paths?: readonly string[]
  readonly rules: readonly Rule[]
  /** Gives findings their severity. A risk that is not among them counts as medium. */
  readonly risks: readonly Risk[]
}

export interface ScanResult {
  /** By file, then line. */
  readonly findings: readonly Finding[]
  /** How many files were read and understood. */
  readonly files: number
  /** Files that were not looked at, and why. No file is left out silently. */
  readonly unparsed: readonly { readonly file: string; readonly reason: string }[]
  readonly ignored: readonly Ignored[]
  /** `bulwark-ignore` comments that answered for nothing. */
  readonly unusedIgnores: readonly CodePlace[]
  /** Milliseconds from the first file to the last finding. */
  readonly ms: number
}

/** Reads all source below a folder and runs the rules over it. Throws when the folder cannot be read. */
export async function scanFolder(options: ScanOptions): Promise<ScanResult> {
  const start = performance.now()
  const project = createProject()
  const found = await discover(options.root)
  project.unparsed.push(...found.skipped)
  for (const path of found.manifests) addSettings(project, path, await readFile(join(options.root, path), 'utf8'))
  for (const path of found.files) addFile(project, path, await readFile(join(options.root, path), 'utf8'))
  return judge(project, options, start)
}

/** Runs the rules over one file held in memory, with other files beside it. Reports on all of them. */
export function scanMemory(
  path: string,
  text: string,
  files: ReadonlyMap<string, string>,
  options: Omit<ScanOptions, 'root'>,
): ScanResult {
  const start = performance.now()
  const project = createProject()
  for (const [name, content] of [...files, [path, text] as const]) {
    if (name.endsWith('package.json') || isAliasFile(name)) addSettings(project, name, content)
    else addFile(project, name, content)
  }
  return judge(project, options, start)
}

function addSettings(project: Project, path: string, text: string): void {
  if (isAliasFile(path)) addAliases(project, path, text)
  else addManifest(project, path, text)
}

function judge(project: Project, options: Omit<ScanOptions, 'root'>, start: number): ScanResult {
  const severities = new Map(options.risks.map(({ id, severity }) => [id, severity]))
  const found = new Map<string, Finding>()
  for (const tree of project.trees.values()) {
    if (!isWanted(tree.path, options.paths)) continue
    const file = toSourceFile(tree)
    for (const rule of options.rules) {
      for (const spot of spotsOf(rule, file)) {
        const finding = toFinding(rule, spot, severities.get(rule.risk) ?? 'medium')
        // A rule may reach one place by several ways.
        const { file: name, line, column } = finding.place
        const key = `${rule.name}\n${name}\n${line}\n${column}`
        if (!found.has(key)) found.set(key, finding)
      }
    }
  }
  const trees = [...project.trees.values()].filter(({ path }) => isWanted(path, options.paths))
  const { findings, ignored, unused } = applyIgnores(trees, hideSecrets([...found.values()], options.rules))
  return {
    findings: [...findings].sort(byPlace),
    files: project.trees.size,
    unparsed: project.unparsed,
    ignored,
    unusedIgnores: unused,
    ms: Math.round(performance.now() - start),
  }
}

/** A rule that fails says on which file, so that it can be mended. */
function* spotsOf(rule: Rule, file: SourceFile): Iterable<Spot> {
  try {
    yield* rule.check(file)
  } catch (error) {
    throw new Error(`The rule ${rule.name} failed on ${file.path}.`, { cause: error })
  }
}

function toFinding(rule: Rule, spot: Spot, severity: Finding['severity']): Finding & { place: CodePlace } {
  const finding = {
    risk: rule.risk,
    severity,
    foundBy: rule.name,
    message: spot.message,
    remedy: spot.remedy,
    place: placeOf(seatOf(spot.at)),
  }
  return spot.taint ? { ...finding, trace: spot.taint.trace } : finding
}

/** In a chain over several lines, the line of the call that it is about. */
function seatOf(node: Node): Node {
  const callee: Node | undefined = node.type === 'CallExpression' ? node['callee'] : undefined
  if (callee?.type !== 'MemberExpression' || callee['computed']) return node
  const tree = treeOf(node)
  return lineAt(tree, callee['property'].start) > lineAt(tree, node.start) ? callee['property'] : node
}

function isWanted(path: string, paths: readonly string[] | undefined): boolean {
  if (!paths || paths.length === 0) return true
  return paths.some((wanted) => {
    const clean = wanted.replace(/^\.\//, '').replace(/\/$/, '')
    return clean === '' || clean === '.' || path === clean || path.startsWith(`${clean}/`)
  })
}

function byPlace(a: Finding, b: Finding): number {
  const [one, two] = [a.place as CodePlace, b.place as CodePlace]
  if (one.file !== two.file) return one.file < two.file ? -1 : 1
  return one.line - two.line || one.column - two.column || (a.foundBy < b.foundBy ? -1 : 1)
}
