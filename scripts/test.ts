/**
 * `npm test`: builds, then runs every test, the unit tests also under the other lines of Node.js where they are at hand.
 * The last line is `N passed, N failed`, with `, N skipped` where something could not be run here.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Counts, countsOf, lastLine, sum } from './counts.ts'
import { otherNodes } from './nodes.ts'
import { certutil, chromium, ensure } from './services.ts'
import { BUILD, step, tool } from './steps.ts'

const reports = mkdtempSync(join(tmpdir(), 'bulwark-test-'))
const done: Counts[] = []

/** Runs vitest under one Node.js and adds what it came to. */
async function tests(
  name: string,
  node: string,
  projects: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const file = join(reports, `${done.length}.json`)
  const args = ['run', ...projects.flatMap((project) => ['--project', project])]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`, '--passWithNoTests=false']
  const { code, seconds } = await step(node, [tool.vitest, ...args, ...reporters], { show: true, env })
  const counts = countsOf(code, existsSync(file) ? readFileSync(file, 'utf8') : undefined)
  done.push(counts)
  console.log(`== ${name}: ${lastLine(counts)} (${seconds.toFixed(1)} s)\n`)
}

/** How many tests a project has, without running them. */
async function listed(project: string): Promise<number> {
  const file = join(reports, `${project}.json`)
  await step(process.execPath, [tool.vitest, 'list', '--project', project, `--json=${file}`])
  if (!existsSync(file)) return 0
  const list: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return Array.isArray(list) ? list.length : 0
}

function skip(name: string, many: number, reason: string): void {
  done.push({ passed: 0, failed: 0, skipped: many })
  console.log(`== ${name}: ${many} skipped. ${reason}\n`)
}

async function main(): Promise<void> {
  for (const [name, args] of BUILD) {
    const { code, output, seconds } = await step(process.execPath, args)
    console.log(`== ${name}: ${code === 0 ? 'ok' : 'failed'} (${seconds.toFixed(1)} s)\n`)
    if (code === 0) continue
    console.log(output)
    done.push({ passed: 0, failed: 1, skipped: 0 })
    return
  }

  const projects = ['unit', 'alone', 'example', 'services']
  const env: Record<string, string> = {}
  const browserTests = await listed('browser')
  if (browserTests > 0) {
    const browser = await ensure(chromium)
    if ('path' in browser) {
      projects.push('browser')
      env[chromium.variable] = browser.path
      const told = await ensure(certutil)
      if ('missing' in told) console.log(`== browser: ${told.missing}\n`)
    } else skip('browser', browserTests, browser.missing)
  }
  await tests(`${projects.join(', ')} on Node.js ${process.versions.node}`, process.execPath, projects, env)

  const { nodes, missing } = await otherNodes()
  for (const { path, version } of nodes) await tests(`unit on Node.js ${version}`, path, ['unit'])
  if (missing.length > 0) {
    skip(
      'unit on other lines of Node.js',
      missing.length,
      `No Node.js ${missing.join(', ')} here; name binaries in BULWARK_NODES.`,
    )
  }
}

try {
  await main()
} catch (error) {
  console.log(error)
  done.push({ passed: 0, failed: 1, skipped: 0 })
} finally {
  rmSync(reports, { recursive: true, force: true })
}
const total = sum(done)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
console.log(lastLine(total))
