import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { otherAccount } from './account.ts'
import { emptyFolder, freePort, launch, type Server } from './process.ts'

const run = promisify(execFile)

/** Starts MariaDB with a random password and a new, empty database. `program` is `mariadbd`; `mariadb-install-db` is found from there. */
export async function startMariadb(program: string): Promise<Server> {
  const account = await otherAccount('mysql')
  const folder = emptyFolder('mariadb', account)
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const beginning = join(folder, 'beginning.sql')
  writeFileSync(beginning, toBeginning(password), { mode: 0o600 })
  if (account) chownSync(beginning, account.uid, account.gid)

  const data = join(folder, 'data')
  // What the machine's own server is told in /etc is not for this one. `socket`: nobody becomes root over the network without a password.
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=socket', '--skip-test-db']
  try {
    await run(toInstaller(program), [...install, '--skip-name-resolve'], { ...account, cwd: folder })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  const network = ['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(folder, 's')}`, '--skip-name-resolve']
  // With 2, what was committed survives the end of the process, though not that of the machine.
  const speed = ['--innodb-flush-log-at-trx-commit=2', '--skip-innodb-doublewrite', '--skip-log-bin']
  const memory = ['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=16M', '--max-connections=60']
  const files = [`--datadir=${data}`, `--pid-file=${join(folder, 'pid')}`, `--init-file=${beginning}`]
  return launch({
    program,
    args: ['--no-defaults', ...files, ...network, ...speed, ...memory],
    folder,
    url: `mysql://bulwark:${password}@127.0.0.1:${port}/bulwark`,
    end: 'KILL',
    account,
  })
}

/** Carried out at each start, before anybody can connect: one statement a line. */
function toBeginning(password: string): string {
  return `CREATE DATABASE IF NOT EXISTS bulwark CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS bulwark@'127.0.0.1' IDENTIFIED BY '${password}';
GRANT ALL ON *.* TO bulwark@'127.0.0.1' WITH GRANT OPTION;
`
}

/** Beside the server, or where Debian keeps what everybody may run. */
function toInstaller(program: string): string {
  const beside = join(dirname(program), 'mariadb-install-db')
  return existsSync(beside) ? beside : 'mariadb-install-db'
}
