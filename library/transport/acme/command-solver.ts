import { execFile } from 'node:child_process'
import { failed } from './client.ts'
import type { Solver } from './order.ts'

/** Longer than any name server needs. */
const PATIENCE = 600_000

/**
 * Has a program of the user's write the records at the name server: `hook add _acme-challenge.NAME VALUE`, later `hook remove` with the same.
 * The record must be there for everybody when the program ends with 0.
 *
 * **Security**: the program is run itself and never a shell, so nothing in a name or a value means anything but itself (CWE-78).
 * @param wait Milliseconds to wait once a record is written, for name servers that take their time.
 */
export function commandSolver(hook: string, wait = 0): Solver {
  return {
    type: 'dns-01',
    async show(name, _, answer) {
      await run(hook, ['add', recordOf(name), answer])
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    },
    clear: (name, _, answer) => run(hook, ['remove', recordOf(name), answer]),
  }
}

function recordOf(name: string): string {
  return `_acme-challenge.${name}`
}

function run(hook: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(hook, words, { timeout: PATIENCE, shell: false, windowsHide: true }, (error, _, stderr) => {
      if (error === null) return resolve()
      const said = stderr
        .trim()
        .replace(/[^\x20-\x7e]/g, ' ')
        .slice(0, 300)
      const why = typeof error.code === 'number' ? `ended with ${error.code}` : `could not be run (${error.code})`
      reject(failed(`the program for DNS records ${why}${said && `: ${said}`}`, error))
    })
  })
}
