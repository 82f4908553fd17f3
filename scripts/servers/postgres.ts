import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { otherAccount } from './account.ts'
import { emptyFolder, freePort, launch, type Server } from './process.ts'

const run = promisify(execFile)

/** What PostgreSQL does unless it is told otherwise: what it has answered outlives a crash. */
export const DURABLE: readonly string[] = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on']

/**
 * Starts PostgreSQL with a random password and a new, empty database. `program` is `postgres`; `initdb` is beside it. It is quick, and forgets
 * in a crash, unless `more` settings say otherwise.
 */
export async function startPostgres(program: string, more: readonly string[] = []): Promise<Server> {
  const account = await otherAccount('postgres')
  const folder = emptyFolder('postgres', account)
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (account) chownSync(passwordFile, account.uid, account.gid)

  const data = join(folder, 'data')
  const access = ['-U', 'bulwark', `--pwfile=${passwordFile}`, '-A', 'scram-sha-256']
  const kind = ['-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions']
  try {
    await run(join(dirname(program), 'initdb'), ['-D', data, ...access, ...kind], { ...account, cwd: folder })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=60']
  const network = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`]
  return launch({
    program,
    args: ['-D', data, '-p', String(port), ...[...network, ...settings, ...more].flatMap((setting) => ['-c', setting])],
    folder,
    url: `postgres://bulwark:${password}@127.0.0.1:${port}/postgres`,
    // An immediate shutdown: it loses what a crash loses, and gives its shared memory back.
    end: 'QUIT',
    account,
  })
}
