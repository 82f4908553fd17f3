/** `npm run check`: what must hold before a commit. Every step runs, so that one run shows everything that is wrong. */
import { BUILD, type Step, step, tool } from './steps.ts'

const STEPS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['format and lint', [tool.biome, 'check', '--colors=off']],
  ...BUILD,
  ['generated files', [tool.tsx, 'scripts/catalogue.ts', '--check']],
  ['laws', [tool.vitest, 'run', '--project', 'unit', 'laws/']],
]

let failed = 0
for (const [name, args] of STEPS) {
  const result: Step = await step(process.execPath, args, { env: { NO_COLOR: '1' } })
  console.log(
    `${result.code === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${result.seconds.toFixed(1).padStart(5)} s`,
  )
  if (result.code === 0) continue
  failed++
  console.log(result.output.trimEnd().replace(/^/gm, '        '))
}
process.exitCode = failed === 0 ? 0 : 1
