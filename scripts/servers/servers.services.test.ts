import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { find, mariadb, startServices } from '../services.ts'
import { startMariadb } from './mariadb.ts'
import { emptyFolder, freePort, launch } from './process.ts'

const folder = mkdtempSync(join(tmpdir(), 'bulwark-programs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A server that says it is ready, and ignores every signal that it can. */
const stubborn = join(folder, 'stubborn-server')
writeFileSync(
  stubborn,
  "#!/bin/sh\ntrap '' TERM INT HUP\necho Ready to accept connections\nwhile :; do sleep 0.05; done\n",
)
chmodSync(stubborn, 0o755)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a server of the tests', () => {
  test('ends, with its folder, when it is stopped, however often', async () => {
    const home = emptyFolder('test')
    const server = await launch({ program: stubborn, args: [], folder: home, url: 'test://', end: 'KILL' })
    expect(isAlive(server.pid)).toBe(true)
    await server.stop()
    expect([isAlive(server.pid), existsSync(home)]).toEqual([false, false])
    await server.stop()
  })

  test('keeps its data over a crash', async () => {
    const home = emptyFolder('test')
    const server = await launch({ program: stubborn, args: [], folder: home, url: 'test://', end: 'KILL' })
    onTestFinished(() => server.stop())
    const first = server.pid
    writeFileSync(join(home, 'data'), 'kept')
    await server.crash()
    expect([isAlive(first), existsSync(join(home, 'data'))]).toEqual([false, true])
    await server.restart()
    expect(isAlive(server.pid)).toBe(true)
    expect(server.pid).not.toBe(first)
    await server.crash()
    await server.stop()
    expect(existsSync(home)).toBe(false)
  })

  test('ends, with its folder, when whoever started it is killed with its whole group, even while it is stopped by a signal', async () => {
    const source = `
      import { launch, emptyFolder } from ${JSON.stringify(new URL('process.ts', import.meta.url).href)}
      const folder = emptyFolder('test')
      const server = await launch({ program: ${JSON.stringify(stubborn)}, args: [], folder, url: 'test://', end: 'KILL' })
      console.log(JSON.stringify({ pid: server.pid, folder }))
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    const { pid, folder: home } = JSON.parse(line) as { pid: number; folder: string }
    expect(isAlive(pid)).toBe(true)
    process.kill(pid, 'SIGSTOP')
    process.kill(-(parent.pid ?? expect.fail('it did not start')), 'SIGKILL')
    while (isAlive(pid) || existsSync(home)) await pause(20)
  })

  test('that dies at once is an error with what it said, and leaves nothing', async () => {
    const home = emptyFolder('test')
    const args = ['-c', 'echo the port is taken; exit 1']
    const start = launch({ program: '/bin/sh', args, folder: home, url: 'test://', end: 'KILL' })
    await expect(start).rejects.toThrow('/bin/sh did not start: the port is taken')
    expect(existsSync(home)).toBe(false)
  })

  test('gets a port that nobody listens on', async () => {
    const ports = [await freePort(), await freePort()]
    for (const port of ports) expect(port).toBeGreaterThan(1023)
  })
})

const mariadbProgram = process.env['BULWARK_TEST_MYSQL_URL'] && find(mariadb)

test.skipIf(!mariadbProgram)(
  'MariaDB has one account with a random password, is on loopback only, and keeps what was committed over a crash',
  async () => {
    const server = await startMariadb(mariadbProgram ?? '')
    onTestFinished(() => server.stop())
    const connection = await createConnection(server.url)
    const [users] = await connection.query("SELECT CONCAT(user, '@', host) AS name FROM mysql.user ORDER BY user")
    expect(users).toEqual([
      { name: 'bulwark@127.0.0.1' },
      { name: 'mariadb.sys@localhost' },
      { name: 'root@localhost' },
    ])
    const [address] = await connection.query('SELECT @@bind_address AS address')
    expect(address).toEqual([{ address: '127.0.0.1' }])
    await connection.query('CREATE TABLE kept (n int) ENGINE=InnoDB')
    await connection.query('INSERT INTO kept VALUES (7)')
    connection.destroy()

    for (const user of ['bulwark', 'root']) {
      const url = new URL(server.url)
      ;[url.username, url.password] = [user, '']
      await expect(createConnection(url.href), user).rejects.toThrow('Access denied')
    }

    await server.crash()
    await server.restart()
    const again = await createConnection(server.url)
    onTestFinished(async () => again.destroy())
    expect(await again.query('SELECT n FROM kept')).toMatchObject([[{ n: 7 }], {}])
  },
)

describe('servers for tests', () => {
  test('are those that the environment names, which are not ended', async () => {
    const env = {
      BULWARK_TEST_REDIS_URL: 'redis://there',
      BULWARK_TEST_PG_URL: 'postgres://there',
      BULWARK_TEST_MYSQL_URL: 'mysql://there',
      BULWARK_TEST_MONGO_URL: 'mongodb://there',
    }
    const servers = await startServices(['redis', 'postgres', 'mariadb', 'mongodb'], env)
    expect(servers.env).toEqual(env)
    expect(servers.missing).toEqual([])
    await servers.stop()
  })

  test('are missing, with the reason, where they are there and do not start', async () => {
    const broken = join(folder, 'broken')
    writeFileSync(broken, '#!/bin/sh\nexit 1\n')
    chmodSync(broken, 0o755)
    const { env, missing } = await startServices(['postgres', 'mariadb'], {
      ...process.env,
      BULWARK_TEST_PG_URL: '',
      BULWARK_POSTGRES: broken,
      BULWARK_TEST_MYSQL_URL: '',
      BULWARK_MARIADB: broken,
    })
    expect(env).toEqual({})
    expect(missing).toEqual([
      expect.stringContaining('PostgreSQL is here, but'),
      expect.stringContaining('MariaDB is here, but'),
    ])
  })
})
