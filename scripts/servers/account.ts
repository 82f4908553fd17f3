import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Account } from './process.ts'

const run = promisify(execFile)

/** Databases refuse to run as root: they get the account that their package made, or one that nobody uses. */
export async function otherAccount(ownName: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of [ownName, 'nobody']) {
    try {
      const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])))
      const [uid, gid] = ids.map(({ stdout }) => Number(stdout))
      if (uid && gid) return { uid, gid }
    } catch {
      // No account has this name; the next one may.
    }
  }
  throw new Error(`there is no account but root that ${ownName} could run as`)
}
