import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundlePreloads, writeBundle } from '../scripts/bundle.ts'

const { BULWARK_TEST_PG_URL, BULWARK_TEST_MYSQL_URL } = process.env
const FIXTURES = fileURLToPath(new URL('./protections/sql-injection/fixtures/', import.meta.url))
const EVIL = "x' OR '1'='1"
/** What the app sees of it: object mappers throw an error of their own instead. */
const STOPPED = /^(?:403 BlockedError|403 QueryFailedError|500 SequelizeDatabaseError)$/
const folder = mkdtempSync(join(tmpdir(), 'bulwark-preload-'))
const preload = join(folder, 'preload.js')

beforeAll(async () => {
  writeBundle(await bundlePreloads(), folder)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface OldApp {
  get(name: string): Promise<string>
  post(name: string): Promise<string>
  log(): string
  stop(): Promise<void>
}

async function start(file: string, env: Readonly<Record<string, string>>): Promise<OldApp> {
  const args = ['--no-warnings', '--import', preload, join(FIXTURES, file)]
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr?.on('data', (chunk) => {
    log += String(chunk)
  })
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk) => resolve(String(chunk).trim()))
    child.once('exit', () => reject(new Error(log)))
  })
  const ask = async (path: string, init?: RequestInit): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    return `${response.status} ${await response.text()}`
  }
  return {
    get: (name) => ask(`/?name=${encodeURIComponent(name)}`),
    post: (name) => ask('/', { method: 'POST', body: JSON.stringify({ name }) }),
    log: () => log,
    stop: () =>
      new Promise((done) => {
        child.once('exit', () => done())
        child.stdin?.end()
      }),
  }
}

const drivers: readonly [string, string | undefined][] = [
  [process.versions['sqlite'] === undefined ? '@photostructure/sqlite' : 'node:sqlite', ''],
  ['@photostructure/sqlite', ''],
  ['pg', BULWARK_TEST_PG_URL],
  ['mysql2', BULWARK_TEST_MYSQL_URL],
  ['mysql2/promise', BULWARK_TEST_MYSQL_URL],
  ['postgres', BULWARK_TEST_PG_URL],
  ['mariadb', BULWARK_TEST_MYSQL_URL],
  ['mariadb/callback', BULWARK_TEST_MYSQL_URL],
  ['libsql', ''],
  // Compiled where no binary can be had: tested where it is installed.
  ['better-sqlite3', isInstalled('better-sqlite3') ? '' : undefined],
  ['knex', BULWARK_TEST_PG_URL],
  ['sequelize', BULWARK_TEST_PG_URL],
  ['typeorm', BULWARK_TEST_PG_URL],
]

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

describe.each(['old-app.cjs', 'old-app.mjs'])('%s, which nobody touched', (file) => {
  for (const [driver, url] of drivers) {
    test.runIf(url !== undefined)(`is protected over ${driver}`, async () => {
      const app = await start(file, { DRIVER: driver, DATABASE_URL: url ?? '' })
      try {
        expect(await app.get('ann')).toBe('200 [{"it":"found"}]')
        expect(await app.get(EVIL)).toMatch(STOPPED)
        expect(await app.post(EVIL)).toMatch(STOPPED)
        expect(await app.post("O''Brien")).toBe('200 []')
        expect(app.log()).toMatch(/denied sql-injection GET \/ from 127\.0\.0\.1 \(incident [0-9a-f]{16}\)/)
      } finally {
        await app.stop()
      }
    })
  }
})

const driver = drivers[0]?.[0] ?? ''

test('BULWARK_FIREWALL=observe lets pass and tells', async () => {
  const app = await start('old-app.cjs', { DRIVER: driver, BULWARK_FIREWALL: 'observe' })
  expect(await app.get(EVIL)).toBe('200 [{"it":"found"}]')
  expect(app.log()).toContain('observed sql-injection')
  await app.stop()
})

test('BULWARK_FIREWALL=off does nothing', async () => {
  const app = await start('old-app.cjs', { DRIVER: driver, BULWARK_FIREWALL: 'off' })
  expect(await app.get(EVIL)).toBe('200 [{"it":"found"}]')
  expect(app.log()).toBe('')
  await app.stop()
})

test('a word that means nothing keeps the app from starting', async () => {
  await expect(start('old-app.cjs', { DRIVER: driver, BULWARK_FIREWALL: 'yes' })).rejects.toThrow(
    /BULWARK_POLICY_INVALID/,
  )
})
