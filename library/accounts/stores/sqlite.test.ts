import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../../stores/sqlite/database.ts'
import { sqliteStore } from '../../stores/sqlite.ts'
import { plain } from '../../testing/accounts/cases.ts'
import { testAccountStore } from '../../testing/accounts.ts'
import { sqliteAccountStore } from './sqlite.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-accounts-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})
const path = (): string => join(folder, 'accounts.db')

testAccountStore('sqlite', () => sqliteAccountStore(path()), { test, expect })

test('a restart keeps accounts, in a file for its owner only', async () => {
  const before = sqliteAccountStore(path())
  await before.create(plain('ann', 'ann@example.org'))
  await before.close?.()
  await before.close?.()
  expect(statSync(path()).mode & 0o077).toBe(0)
  const after = sqliteAccountStore(path())
  expect(await after.getByEmail('ANN@example.org')).toMatchObject({ id: 'ann', version: 1 })
  await after.close?.()
})

test('accounts, sessions and the app can share one file', async () => {
  const store = sqliteStore(path())
  const accounts = sqliteAccountStore(path())
  await store.put('k', 'v', { ttl: 60_000 })
  await accounts.create(plain('ann'))
  await accounts.close?.()
  expect(await store.get('k')).toMatchObject({ value: 'v' })
  await store.close?.()
})

test('two connections, as of two processes, never both register one address', async () => {
  const [one, other] = [sqliteAccountStore(path()), sqliteAccountStore(path())]
  const made = await one.create(plain('ann', 'x@example.org'))
  expect(await other.create(plain('bob', 'X@example.org'))).toBeUndefined()
  expect(await other.change({ ...plain('ann', 'y@example.org'), version: 1 })).toMatchObject({ version: 2 })
  expect(made && (await one.change({ ...made, name: 'late' }))).toBe('conflict')
  await one.close?.()
  await other.close?.()
})

test('a file that is no database, is locked, or was written by another version gives an error that says what to do', async () => {
  const unavailable: unknown = expect.objectContaining({ code: 'BULWARK_STORE_UNAVAILABLE' })
  expect(() => sqliteAccountStore(folder)).toThrow(unavailable)
  const store = sqliteAccountStore(path(), { busyTimeout: '20ms' })
  const foreign = openDatabase(path(), 0, {
    caller: 'test',
    versionTable: 'foreign_schema',
    version: 1,
    sql: '',
    synchronous: 'NORMAL',
  })
  foreign.exec('BEGIN IMMEDIATE')
  await expect(async () => store.create(plain('ann'))).rejects.toThrow('another program kept the database locked')
  foreign.exec('COMMIT')
  foreign.exec('UPDATE bulwark_accounts_schema SET version = 7')
  expect(() => sqliteAccountStore(path())).toThrow('the tables have version 7, not 1')
  foreign.close()
  await store.close?.()
})

test('a record that something else wrote is an error, never half an account', async () => {
  const store = sqliteAccountStore(path())
  await store.create(plain('ann', 'ann@example.org'))
  const foreign = openDatabase(path(), 100, {
    caller: 'test',
    versionTable: 'foreign_schema',
    version: 1,
    sql: '',
    synchronous: 'NORMAL',
  })
  for (const body of ['{', 'null', '[]', '{"id":"ann"}', JSON.stringify({ ...plain('bob') })]) {
    foreign.prepare('UPDATE bulwark_accounts SET body = ?').run(body)
    expect(() => store.get('ann'), body).toThrow(expect.objectContaining({ code: 'BULWARK_ACCOUNT_INVALID' }))
  }
  foreign.close()
  await store.close?.()
})

test.each([
  ['a path', () => sqliteAccountStore('')],
  ['a time to wait', () => sqliteAccountStore(path(), { busyTimeout: 'soon' })],
])('without %s it does not start', (_, open) => {
  expect(open).toThrow(expect.objectContaining({ at: expect.stringContaining('sqliteAccountStore(') }))
})
