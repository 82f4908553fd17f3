import { describe, type ServerOrder, tell } from './messages.ts'
import type { Window } from './numbers.ts'
import type { Counter, Start } from './stacks/counter.ts'

const WINDOW_MS = 150

const counter: Counter = { served: 0 }
let windows: Window[] = []
let timer: NodeJS.Timeout | undefined

/** Starts what this process serves, tells its port, and then measures whenever whoever started the process says so. */
export async function obey(choose: () => Promise<Start>): Promise<void> {
  // Whoever started this server is gone: nobody would ever stop it.
  process.on('disconnect', () => process.exit(1))
  process.on('message', (order: ServerOrder) => {
    clearInterval(timer)
    if (order === 'start') timer = measure()
    else tell({ windows })
  })
  try {
    const start = await choose()
    tell({ port: await start(counter) })
  } catch (error) {
    tell({ failure: describe(error) })
  }
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
