import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../core/store.ts'
import { testSharedStore, testStore } from '../testing/store.ts'
import { loadDatabaseClass } from './sqlite/database.ts'
import { sqliteStore } from './sqlite.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-sqlite-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

testStore('sqlite', (clock) => sqliteStore(join(folder, 'store.db'), { now: clock }), { test, expect })
testSharedStore(
  'sqlite',
  (clock) => [
    sqliteStore(join(folder, 'store.db'), { now: clock }),
    sqliteStore(join(folder, 'store.db'), { now: clock }),
  ],
  { test, expect },
)

const farOff = 30 * 86_400_000
const unavailable: unknown = expect.objectContaining({ code: 'BULWARK_STORE_UNAVAILABLE' })

describe('in one process', () => {
  test('it answers at once, and says whether others share it', () => {
    const store = open()
    expect(store.put('k', 'v', { ttl: 1000 })).toBeTypeOf('number')
    expect(store.take('k', { burst: 1, period: 1000 })).toMatchObject({ allowed: true })
    expect(store).toMatchObject({ name: 'sqlite', shared: true })
    expect(open(':memory:').shared).toBe(false)
  })

  test('a restart keeps values, versions, owners and limits', async () => {
    const before = open()
    const version = await before.put('k', 'v', { ttl: farOff, owner: 'ann' })
    await before.take('limit', { burst: 5, period: farOff }, 5)
    await before.close?.()
    const after = open()
    expect(await after.get('k')).toEqual({ value: 'v', version })
    expect(await after.keysOf('ann')).toEqual(['k'])
    expect(await after.take('limit', { burst: 5, period: farOff })).toMatchObject({ allowed: false })
  })

  test('two stores on one file see each other, and never both win a version', async () => {
    const [one, two] = [open(), open()]
    const version = await one.put('k', 'v', { ttl: farOff })
    expect(await two.get('k')).toEqual({ value: 'v', version })
    const wins = [
      await one.put('k', 'a', { ttl: farOff, expected: version ?? -1 }),
      await two.put('k', 'b', { ttl: farOff, expected: version ?? -1 }),
    ]
    expect(wins.filter((win) => win !== undefined)).toHaveLength(1)
  })

  test('what has expired leaves the file in small steps, as others are written', async () => {
    let now = 1_800_000_000_000
    const store = sqliteStore(join(folder, 'store.db'), { now: () => now })
    onTestFinished(() => store.close?.())
    for (let index = 0; index < 300; index++) {
      await store.put(`old${index}`, 'v', { ttl: 1000 })
      await store.take(`old${index}`, { burst: 1, period: 1000 })
    }
    expect(rows()).toEqual({ entries: 300, limits: 300 })
    now += 2000
    for (let index = 0; index < 64; index++) await store.put(`new${index}`, 'v', { ttl: farOff })
    const { entries, limits } = rows()
    expect(entries).toBeLessThan(300 + 64)
    expect(entries).toBeGreaterThan(64)
    expect(limits).toBeLessThan(300)
    for (let index = 0; index < 512; index++) await store.put('new0', 'v', { ttl: farOff })
    expect(rows()).toEqual({ entries: 64, limits: 0 })
  })

  test('being refused writes nothing', async () => {
    const store = open()
    await store.take('k', { burst: 1, period: farOff })
    const before = changes()
    for (let index = 0; index < 200; index++) await store.take('k', { burst: 1, period: farOff })
    for (let index = 0; index < 200; index++) await store.take('k', { burst: 1, period: farOff }, 0)
    expect(changes()).toBe(before)
    await store.take('other', { burst: 1, period: farOff })
    expect(changes()).not.toBe(before)
  })

  test('the file and its side files are for this account only', async () => {
    const store = open()
    await store.put('k', 'v', { ttl: farOff })
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(join(folder, `store.db${suffix}`)).mode & 0o777, suffix).toBe(0o600)
    }
  })

  test("it lives beside the app's own tables, and leaves their version alone", async () => {
    const app = raw()
    app.exec('CREATE TABLE blogs (id INTEGER); PRAGMA user_version = 42')
    const store = open()
    await store.put('k', 'v', { ttl: farOff })
    expect(app.prepare('PRAGMA user_version').all()).toEqual([expect.objectContaining({ user_version: 42 })])
  })
})

describe('what cannot be used is refused with a typed error', () => {
  test('a folder that is not there', () => {
    expect(() => sqliteStore(join(folder, 'missing', 'store.db'))).toThrow(unavailable)
  })

  test('a file that is no database', () => {
    writeFileSync(
      join(folder, 'store.db'),
      'this is no database, and long enough to be told apart from an empty one'.repeat(20),
    )
    expect(() => sqliteStore(join(folder, 'store.db'))).toThrow(unavailable)
  })

  test('tables of another version', async () => {
    await open().close?.()
    raw().exec('UPDATE bulwark_schema SET version = 2')
    expect(() => open()).toThrow(unavailable)
    raw().exec('UPDATE bulwark_schema SET version = 1')
    expect(await open().get('k')).toBeUndefined()
  })

  test('a store that was closed, in each method', async () => {
    const store = open()
    await store.close?.()
    expect(() => store.get('k')).toThrow(unavailable)
    expect(() => store.put('k', 'v', { ttl: 1 })).toThrow(unavailable)
    expect(() => store.delete('k')).toThrow(unavailable)
    expect(() => store.take('k', { burst: 1, period: 1 })).toThrow(unavailable)
    expect(() => store.keysOf('k')).toThrow(unavailable)
    expect(() => store.deleteAllOf('k')).toThrow(unavailable)
  })

  test('tables that somebody dropped, without an open transaction left behind', async () => {
    const store = open()
    const app = raw()
    app.exec('ALTER TABLE bulwark_limits RENAME TO elsewhere')
    expect(() => store.take('k', { burst: 1, period: 1000 })).toThrow(unavailable)
    expect(() => store.delete('k')).toThrow(unavailable)
    app.exec('ALTER TABLE elsewhere RENAME TO bulwark_limits')
    expect(await store.take('k', { burst: 1, period: 1000 })).toMatchObject({ allowed: true })
    expect(await store.delete('k')).toBe(false)
  })

  test('a timeout that is none, and an empty path', () => {
    expect(() => sqliteStore(join(folder, 'store.db'), { busyTimeout: 'soon' })).toThrow(
      expect.objectContaining({ code: 'BULWARK_DURATION_INVALID' }),
    )
    expect(() => sqliteStore('')).toThrow(expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }))
  })

  test('a Node.js without SQLite, saying what to install', () => {
    const missing = new Error('Cannot find module')
    const noPackage = (): never => {
      throw missing
    }
    expect(() => loadDatabaseClass(() => undefined, noPackage)).toThrow(
      expect.objectContaining({
        code: 'BULWARK_STORE_UNAVAILABLE',
        cause: missing,
        fix: expect.stringContaining('npm install @photostructure/sqlite'),
      }),
    )
  })

  test("and Node's own SQLite is preferred to the package", () => {
    class DatabaseSync {}
    const noPackage = (): never => expect.fail('the package was asked for')
    expect(loadDatabaseClass((name) => (name === 'node:sqlite' ? { DatabaseSync } : undefined), noPackage)).toBe(
      DatabaseSync,
    )
  })
})

describe('several processes', () => {
  test('taking at once admit exactly the burst', async () => {
    const program = `
      let admitted = 0
      for (let i = 0; i < 400; i++) if (store.take('k', { burst: 500, period: ${farOff} }).allowed) admitted++
      say(admitted)`
    const children = await start([program, program, program], "sqliteStore(path, { busyTimeout: '15s' })")
    const admitted = await Promise.all(children.map(async (child) => Number(await child.line())))
    expect(admitted.reduce((sum, count) => sum + count)).toBe(500)
    expect(await open().take('k', { burst: 500, period: farOff })).toMatchObject({ allowed: false })
  })

  test('that count with versions lose no increment', async () => {
    const program = `
      for (let done = 0; done < 150; ) {
        const entry = store.get('k')
        const next = String(Number(entry?.value ?? 0) + 1)
        if (store.put('k', next, { ttl: ${farOff}, expected: entry?.version ?? 0 }) !== undefined) done++
      }
      say('done')`
    const children = await start([program, program, program], "sqliteStore(path, { busyTimeout: '15s' })")
    await Promise.all(children.map((child) => child.line()))
    expect((await open().get('k'))?.value).toBe('450')
  })

  test('can all be the first to open a file', async () => {
    const program = `say(typeof sqliteStore(path + '.new', { busyTimeout: '15s' }).put('k', 'v', { ttl: 1000 }))`
    const children = await start([program, program, program])
    expect(await Promise.all(children.map((child) => child.line()))).toEqual(['number', 'number', 'number'])
  })

  test('wait for one that writes to a file which is no store yet', async () => {
    const path = join(folder, 'plain.db')
    const [child] = await start([
      `const plain = new (loadDatabaseClass())(${JSON.stringify(path)})
      plain.exec('CREATE TABLE app (id INTEGER); BEGIN IMMEDIATE')
      say('locked')
      await told()
      await new Promise((done) => setTimeout(done, 150))
      plain.exec('COMMIT')
      say('unlocked')
      await told()`,
    ])
    if (!child) return expect.fail('the locker did not start')
    expect(await child.line()).toBe('locked')
    expect(() => sqliteStore(path, { busyTimeout: '20ms' })).toThrow(unavailable)
    child.tell()
    const store = sqliteStore(path, { busyTimeout: '15s' })
    expect(store.put('k', 'v', { ttl: 1000 })).toBeTypeOf('number')
    await store.close?.()
  })

  test('lose nothing that was answered when one of them is killed while it writes', async () => {
    const program = `
      for (let i = 0; ; i++) {
        store.put('k' + i, 'v' + i, { ttl: ${farOff} })
        store.take('limit', { burst: 1_000_000, period: ${farOff} })
        say(i)
      }`
    const [child] = await start([program])
    if (!child) return expect.fail('the writer did not start')
    let last = -1
    while (last < 200) last = Number(await child.line())
    child.process.kill('SIGKILL')
    for (;;) {
      const line = await child.line()
      if (line === undefined) break
      last = Number(line)
    }
    const store = open()
    for (let index = 0; index <= last; index++) expect((await store.get(`k${index}`))?.value).toBe(`v${index}`)
    const { remaining } = await store.take('limit', { burst: 1_000_000, period: farOff }, 0)
    expect(1_000_000 - remaining).toBeGreaterThanOrEqual(last + 1)
    expect(1_000_000 - remaining).toBeLessThanOrEqual(last + 3)
  })

  test('wait for one that holds the write lock, and give up with a typed error after busyTimeout', async () => {
    const store = sqliteStore(join(folder, 'store.db'), { busyTimeout: '20ms' })
    onTestFinished(() => store.close?.())
    await store.put('k', 'v', { ttl: farOff })
    await store.take('limit', { burst: 2, period: farOff })
    const [child] = await start([`lock(); say('locked'); await told(); unlock(); say('unlocked'); await told()`])
    if (!child) return expect.fail('the locker did not start')
    expect(await child.line()).toBe('locked')
    const locked: unknown = expect.objectContaining({
      code: 'BULWARK_STORE_UNAVAILABLE',
      cause: expect.objectContaining({ message: expect.stringContaining('locked') }),
      fix: expect.stringContaining('busyTimeout'),
    })
    expect(() => store.put('k', 'w', { ttl: farOff })).toThrow(locked)
    expect(() => store.take('limit', { burst: 2, period: farOff })).toThrow(locked)
    expect(() => store.delete('k')).toThrow(locked)
    expect(() => store.deleteAllOf('ann')).toThrow(locked)
    expect(await store.get('k')).toMatchObject({ value: 'v' })
    child.tell()
    expect(await child.line()).toBe('unlocked')
    expect(await store.put('k', 'w', { ttl: farOff })).toBeTypeOf('number')
    expect(await store.take('limit', { burst: 2, period: farOff })).toMatchObject({ allowed: true, remaining: 0 })
  })
})

function open(path: string = join(folder, 'store.db')): Store {
  const store = sqliteStore(path)
  onTestFinished(async () => {
    await store.close?.()
  })
  return store
}

function raw(): InstanceType<ReturnType<typeof loadDatabaseClass>> {
  const database = new (loadDatabaseClass())(join(folder, 'store.db'))
  onTestFinished(() => database.close())
  return database
}

function count(sql: string): number {
  const database = new (loadDatabaseClass())(join(folder, 'store.db'))
  try {
    return database.prepare<{ n: number }>(sql).get()?.n ?? -1
  } finally {
    database.close()
  }
}

function rows(): { entries: number; limits: number } {
  return {
    entries: count('SELECT count(*) AS n FROM bulwark_entries'),
    limits: count('SELECT count(*) AS n FROM bulwark_limits'),
  }
}

/** Bytes in the write-ahead log: each commit adds some. */
function changes(): number {
  return statSync(join(folder, 'store.db-wal')).size
}

interface Child {
  readonly process: ChildProcess
  /** The next line that the child has said; `undefined` when it has ended. */
  line(): Promise<string | undefined>
  tell(): void
}

/** Starts one process for each program, and lets all of them run once every one has opened the store. */
async function start(programs: readonly string[], openStore = 'sqliteStore(path)'): Promise<Child[]> {
  const children = programs.map((program) => {
    const source = `
      import { writeSync } from 'node:fs'
      import { once } from 'node:events'
      import { sqliteStore } from ${JSON.stringify(new URL('sqlite.ts', import.meta.url).href)}
      import { loadDatabaseClass } from ${JSON.stringify(new URL('sqlite/database.ts', import.meta.url).href)}
      const path = ${JSON.stringify(join(folder, 'store.db'))}
      const say = (text) => writeSync(1, text + '\\n')
      const told = () => once(process.stdin, 'data')
      const database = new (loadDatabaseClass())(path)
      const lock = () => database.exec('BEGIN IMMEDIATE')
      const unlock = () => database.exec('COMMIT')
      const store = ${openStore}
      say('ready')
      await told()
      ${program}
      process.exit(0)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return {
      process: child,
      line: async () => {
        const next = await lines.next()
        return next.done ? undefined : next.value
      },
      tell: () => child.stdin.write('go\n'),
    }
  })
  for (const child of children) expect(await child.line()).toBe('ready')
  for (const child of children) child.tell()
  return children
}
