import { frameworks, type Stack, stacks } from './cases.ts'
import { describe, type ServerOrder, tell } from './messages.ts'
import type { Window } from './numbers.ts'
import type { Counter, Start } from './stacks/counter.ts'

const WINDOW_MS = 150

const counter: Counter = { served: 0 }
let windows: Window[] = []
let timer: NodeJS.Timeout | undefined

// Whoever started this server is gone: nobody would ever stop it.
process.on('disconnect', () => process.exit(1))
process.on('message', (order: ServerOrder) => {
  clearInterval(timer)
  if (order === 'start') timer = measure()
  else tell({ windows })
})

try {
  const start = await startOf(process.argv[2], process.argv[3])
  tell({ port: await start(counter) })
} catch (error) {
  tell({ failure: describe(error) })
}

/** Notes CPU time and answers of each full window until the timer is cleared. */
function measure(): NodeJS.Timeout {
  windows = []
  let cpu = process.cpuUsage()
  let served = counter.served
  return setInterval(() => {
    const used = process.cpuUsage(cpu)
    windows.push({ cpu: used.user + used.system, requests: counter.served - served })
    cpu = process.cpuUsage()
    served = counter.served
  }, WINDOW_MS)
}

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
