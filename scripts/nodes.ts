import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { HOME, step } from './steps.ts'

/** The lines of Node.js that Bulwark is for. */
export const MAJORS: readonly number[] = [20, 22, 24]

export interface OtherNode {
  readonly path: string
  readonly version: string
}

/**
 * The Node.js binaries besides this one: those that `BULWARK_NODES` names (separated by commas), otherwise `node22` and so on from
 * `node_modules` and PATH. `missing` lists the lines of which there is none.
 */
export async function otherNodes(
  env: Readonly<Record<string, string | undefined>> = process.env,
  own: string = process.versions.node,
): Promise<{ readonly nodes: readonly OtherNode[]; readonly missing: readonly number[] }> {
  const named = (env['BULWARK_NODES'] ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '')
  const nodes: OtherNode[] = []
  for (const path of named.length > 0 ? named : guesses(env)) {
    const { code, output } = await step(path, ['-p', 'process.versions.node'])
    const version = output.trim()
    if (code !== 0 || !/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${path} is no Node.js: ${output.trim()}`)
    const isNew = majorOf(version) !== majorOf(own) && nodes.every((node) => majorOf(node.version) !== majorOf(version))
    if (isNew) nodes.push({ path, version })
  }
  const have = [own, ...nodes.map(({ version }) => version)].map(majorOf)
  return { nodes, missing: MAJORS.filter((major) => !have.includes(major)) }
}

function guesses(env: Readonly<Record<string, string | undefined>>): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return MAJORS.flatMap((major) => {
    const places = [
      join(HOME, `node_modules/node${major}/bin/node`),
      ...folders.map((folder) => join(folder, `node${major}`)),
    ]
    return places.filter(isProgram).slice(0, 1)
  })
}

function majorOf(version: string): number {
  return Number(version.split('.')[0])
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
