import { frameworks, type Stack, stacks } from './cases.ts'
import { obey } from './obey.ts'
import type { Start } from './stacks/counter.ts'

await obey(() => startOf(process.argv[2], process.argv[3]))

/** Only the chosen framework is ever loaded into the process. */
async function startOf(framework: string | undefined, name: string | undefined): Promise<Start> {
  const stack = stacks.find((one) => one === name)
  const starts = await startsOf(framework)
  const start = stack && starts[stack]
  if (!start) throw new Error(`there is no stack '${name}' for '${framework}'; known: ${frameworks.join(', ')}`)
  return start
}

async function startsOf(framework: string | undefined): Promise<Partial<Record<Stack, Start>>> {
  if (framework === 'express') return await import('./stacks/express.ts')
  if (framework === 'fastify') return await import('./stacks/fastify.ts')
  if (framework === 'node') return await import('./stacks/node.ts')
  return {}
}
