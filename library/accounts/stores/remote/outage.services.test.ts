import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { createPool } from 'mysql2/promise'
import { Pool } from 'pg'
import { test } from 'vitest'
import { startMariadb } from '../../../../scripts/servers/mariadb.ts'
import { startMongodb } from '../../../../scripts/servers/mongodb.ts'
import { startPostgres } from '../../../../scripts/servers/postgres.ts'
import type { Server } from '../../../../scripts/servers/process.ts'
import { find, mariadb, postgres } from '../../../../scripts/services.ts'
import { plain } from '../../../testing/accounts/cases.ts'
import type { AccountStore } from '../../store.ts'
import { mongodbAccountStore } from '../mongodb.ts'
import { mysqlAccountStore } from '../mysql.ts'
import { postgresAccountStore } from '../postgres.ts'

interface Outage {
  readonly name: string
  readonly program: string | undefined
  /** Whether what was answered is there after a crash. The MongoDB double has a memory only. */
  readonly keeps: boolean
  start(program: string): Promise<Server>
  open(url: string, deadline: string): Promise<{ store: AccountStore; end(): Promise<unknown> }>
}

// Servers of its own: those of the other tests must go on.
const outages: readonly Outage[] = [
  {
    name: 'pg',
    program: process.env['BULWARK_TEST_PG_URL'] && find(postgres),
    keeps: true,
    start: startPostgres,
    open: async (url, deadline) => {
      const pool = new Pool({ connectionString: url, max: 5 })
      // The app hears of lost connections from its own pool; the store says so by itself.
      pool.on('error', () => undefined)
      await pool.query('ALTER ROLE bulwark SET synchronous_commit = on')
      return { store: postgresAccountStore(pool, { deadline }), end: () => pool.end() }
    },
  },
  {
    name: 'mysql2',
    program: process.env['BULWARK_TEST_MYSQL_URL'] && find(mariadb),
    keeps: true,
    start: startMariadb,
    open: async (url, deadline) => {
      const pool = createPool({ uri: url, connectionLimit: 5 })
      return { store: mysqlAccountStore(pool, { deadline }), end: () => pool.end() }
    },
  },
  {
    name: 'mongodb',
    program: process.env['BULWARK_TEST_MONGO_URL'] && process.execPath,
    keeps: false,
    start: startMongodb,
    open: async (url, deadline) => {
      const client = new MongoClient(url, { heartbeatFrequencyMS: 500, serverSelectionTimeoutMS: 1000 })
      return { store: mongodbAccountStore(client.db(), { deadline }), end: () => client.close() }
    },
  },
]

for (const { name, program, keeps, start, open } of outages) {
  test.skipIf(!program)(
    `${name}: a server that hangs, and one that is killed while people register, is a typed error in time, and leaves nothing by halves`,
    { concurrent: true, timeout: 60_000 },
    async ({ expect, onTestFinished }) => {
      const server = await start(program ?? '')
      const { store, end } = await open(server.url, '400ms')
      onTestFinished(async () => {
        await server.stop()
        await end()
      })
      let people = 0
      const answered = new Set<string>()
      const register = async (): Promise<string> => {
        const account = { ...plain(`p${++people}`, `p${people}@example.org`), attributes: { text: 'ö'.repeat(5000) } }
        try {
          await store.create(account)
          answered.add(account.id)
          return 'ok'
        } catch (error) {
          return error instanceof Error && 'code' in error ? String(error.code) : String(error)
        }
      }
      const load = (): Promise<string[]> => Promise.all(Array.from({ length: 20 }, register))
      const until = async (wanted: string): Promise<void> => {
        while ((await register()) !== wanted) await pause(50)
      }
      await until('ok')

      await signal(server.pid, 'SIGSTOP')
      const hung = await load()
      await signal(server.pid, 'SIGCONT')
      expect(new Set(hung)).toEqual(new Set(['BULWARK_STORE_UNAVAILABLE']))
      await until('ok')

      let isOver = false
      const registering = Array.from({ length: 4 }, async () => {
        while (!isOver) if ((await register()) !== 'ok') await pause(5)
      })
      while (answered.size < 100) await pause(5)
      await server.crash()
      isOver = true
      await Promise.all(registering)
      expect(new Set(await load())).toEqual(new Set(['BULWARK_STORE_UNAVAILABLE']))
      await server.restart()
      if (!keeps) answered.clear()
      await until('ok')

      const kept = new Set<string>()
      for (let after: string | undefined; ; ) {
        const page = await store.list({ limit: 500, after })
        for (const { id, attributes } of page) {
          expect(attributes).toEqual({ text: 'ö'.repeat(5000) })
          kept.add(id)
        }
        after = page.at(-1)?.id
        if (after === undefined) break
      }
      expect([...answered].filter((id) => !kept.has(id))).toEqual([])
      expect(await store.create(plain('late', `P${people}@example.org`))).toBe(undefined)
    },
  )
}

/** PostgreSQL answers from a process for each connection. */
async function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const list = spawn('ps', ['-o', 'pid=', '--ppid', String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const all = [pid]
  for await (const line of createInterface({ input: list.stdout })) all.push(Number(line))
  for (const one of all) {
    try {
      process.kill(one, name)
    } catch (error) {
      // It has ended since.
      if (!String(error).includes('ESRCH')) throw error
    }
  }
}
