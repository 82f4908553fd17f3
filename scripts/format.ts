import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { HOME, step, tool } from './steps.ts'

/**
 * Biome decides how files look, so that written ones never disagree with `npm run format`. Answers the texts by the same paths;
 * only TypeScript is formatted.
 */
export async function format(texts: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-format-'))
  try {
    for (const [path, text] of texts) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    // All files at once, since starting Biome takes longer than formatting; under a configuration of its own, since Biome would
    // otherwise read the whole repository for the sake of its type-aware rules.
    const { formatter, javascript } = JSON.parse(readFileSync(join(HOME, 'biome.json'), 'utf8')) as Record<
      string,
      unknown
    >
    const own = { root: true, formatter, javascript, linter: { enabled: false } }
    writeFileSync(join(folder, 'biome.json'), JSON.stringify(own))
    const { code, output } = await step(process.execPath, [tool.biome, 'check', '--write', folder], { cwd: folder })
    if (code !== 0) throw new Error(`biome could not format ${[...texts.keys()].join(', ')}: ${output}`)
    return new Map([...texts.keys()].map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
