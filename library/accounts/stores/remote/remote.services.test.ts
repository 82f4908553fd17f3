import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { createPool } from 'mysql2/promise'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { added, plain } from '../../../testing/accounts/cases.ts'
import { testAccountStore } from '../../../testing/accounts.ts'
import type { AccountStore } from '../../store.ts'
import { mongodbAccountStore } from '../mongodb.ts'
import { mysqlAccountSchema, mysqlAccountStore } from '../mysql.ts'
import { postgresAccountSchema, postgresAccountStore } from '../postgres.ts'

const run = `t${randomBytes(6).toString('hex')}`
/** The machine may be busy with something else for long: only the tests of the deadline itself set a short one. */
const deadline = '20s'

interface Connection {
  open(space: string): AccountStore
  drop(space: string): Promise<unknown>
  /** Runs something as another program would, on the same table. */
  ask(text: string, space: string): Promise<unknown>
  end(): Promise<unknown>
}

interface Backend {
  readonly name: string
  readonly url: string | undefined
  connect(url: string): Promise<Connection>
}

const postgresBackend: Backend = {
  name: 'pg',
  url: process.env['BULWARK_TEST_PG_URL'],
  connect: async (url) => {
    const pool = new Pool({ connectionString: url, max: 10 })
    return {
      open: (space) => postgresAccountStore(pool, { table: `${run}_${space}`, deadline }),
      drop: (space) => pool.query(`DROP TABLE IF EXISTS ${run}_${space}`),
      ask: (text, space) => pool.query(text.replace('$table', `${run}_${space}`)),
      end: () => pool.end(),
    }
  },
}

const mysqlBackend: Backend = {
  name: 'mysql2',
  url: process.env['BULWARK_TEST_MYSQL_URL'],
  connect: async (url) => {
    const pool = createPool({ uri: url, connectionLimit: 10 })
    return {
      open: (space) => mysqlAccountStore(pool, { table: `${run}_${space}`, deadline }),
      drop: (space) => pool.query(`DROP TABLE IF EXISTS ${run}_${space}`),
      ask: (text, space) => pool.query(text.replace('$table', `${run}_${space}`)),
      end: () => pool.end(),
    }
  },
}

const mongodbBackend: Backend = {
  name: 'mongodb',
  url: process.env['BULWARK_TEST_MONGO_URL'],
  connect: async (url) => {
    const client = await MongoClient.connect(url)
    return {
      open: (space) => mongodbAccountStore(client.db(), { collection: `${run}_${space}`, deadline }),
      drop: (space) => client.db().collection(`${run}_${space}`).drop(),
      ask: (text, space) =>
        client
          .db()
          .collection(`${run}_${space}`)
          .updateMany({}, { $set: { body: text } }),
      end: () => client.close(),
    }
  },
}

for (const { name, url, connect } of [postgresBackend, mysqlBackend, mongodbBackend]) {
  describe.skipIf(!url)(name, () => {
    let connection: Connection
    const spaces: string[] = []
    const open = (): AccountStore => {
      spaces.push(`s${spaces.length}`)
      return connection.open(spaces.at(-1) ?? '')
    }
    beforeAll(async () => {
      connection = await connect(url ?? '')
    })
    afterAll(async () => {
      for (const space of spaces) await connection.drop(space)
      await connection.end()
    })

    testAccountStore(name, open, { test, expect })

    test('of 200 who register one address at once, from the first moment on, one succeeds', async () => {
      const stores = [open(), connection.open(spaces.at(-1) ?? ''), connection.open(spaces.at(-1) ?? '')]
      const tries = Array.from({ length: 200 }, async (_, index) => {
        const address = index % 2 === 0 ? 'ann@example.org' : 'ANN@Example.org'
        return stores[index % 3]?.create(plain(`p${index}`, address))
      })
      const made = (await Promise.all(tries)).filter((account) => account !== undefined)
      expect(made.length).toBe(1)
      expect(await stores[0]?.list({ limit: 1000 })).toEqual(made)
    })

    test('200 different people at once are 200 accounts', async () => {
      const store = open()
      const tries = Array.from({ length: 200 }, async (_, index) =>
        store.create(plain(`p${index}`, `p${index}@x.example`)),
      )
      expect((await Promise.all(tries)).every((account) => account !== undefined)).toBe(true)
      expect((await store.list({ limit: 1000 })).length).toBe(200)
    })

    test('exchanging addresses at once ends with every address once', async () => {
      const store = open()
      for (let index = 0; index < 10; index++) await added(store, plain(`p${index}`, `a${index}@x.example`))
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 10 }, async (_, index) => {
            const account = await store.get(`p${index}`)
            if (account) await store.change({ ...account, email: `a${(index * 7 + round) % 13}@x.example` })
          }),
        )
      }
      const emails = (await store.list({ limit: 100 })).map(({ email }) => email)
      expect(emails.length).toBe(10)
      expect(new Set(emails).size).toBe(10)
    })

    test('two stores of other names share nobody', async () => {
      const [one, two] = [open(), open()]
      await added(one, plain('ann', 'ann@example.org'))
      expect(await two.get('ann')).toBe(undefined)
      expect(await two.getByEmail('ann@example.org')).toBe(undefined)
      await added(two, plain('ann', 'ann@example.org'))
    })

    test('what was dropped while it runs is made anew, with its promise', async () => {
      const store = open()
      await added(store, plain('ann', 'ann@example.org'))
      await connection.drop(spaces.at(-1) ?? '')
      expect(await store.get('ann')).toBe(undefined)
      const tries = Array.from({ length: 20 }, async (_, index) => store.create(plain(`p${index}`, 'ann@example.org')))
      expect((await Promise.all(tries)).filter((account) => account !== undefined).length).toBe(1)
    })

    test('a record that something else wrote is an error, never half an account', async () => {
      const store = open()
      await added(store, plain('ann', 'ann@example.org'))
      const space = spaces.at(-1) ?? ''
      for (const body of ['{', 'null', '{"id":"ann"}', JSON.stringify(plain('bob'))]) {
        await connection.ask(name === 'mongodb' ? body : `UPDATE $table SET body = '${body}'`, space)
        const invalid: unknown = expect.objectContaining({ code: 'BULWARK_ACCOUNT_INVALID' })
        await expect(store.get('ann'), body).rejects.toEqual(invalid)
        await expect(store.getByEmail('ann@example.org'), body).rejects.toEqual(invalid)
      }
    })

    test('what is no text finds nobody, however it is made', async () => {
      const store = open()
      const ann = await added(store, plain('ann', 'ann@example.org'))
      for (const id of [{ $ne: null }, { $gt: '' }, ['ann'], 0, true, null, undefined] as unknown as string[]) {
        expect(await store.get(id), JSON.stringify(id)).toBe(undefined)
        expect(await store.getByEmail(id), JSON.stringify(id)).toBe(undefined)
        expect(await store.remove(id), JSON.stringify(id)).toBe(false)
      }
      for (const version of [{ $gte: 0 }, '1', [1]] as unknown as number[]) {
        expect(await store.change({ ...ann, version }), JSON.stringify(version)).toBe('conflict')
      }
      expect(await store.get('ann')).toEqual(ann)
    })

    test('a closed store refuses, and leaves the connections to the app', async () => {
      const store = open()
      await added(store, plain('ann'))
      await store.close?.()
      await expect(store.get('ann')).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
      expect(await connection.open(spaces.at(-1) ?? '').get('ann')).toMatchObject({ id: 'ann' })
    })
  })
}

describe.skipIf(!mysqlBackend.url)('MariaDB', () => {
  const uri = mysqlBackend.url ?? ''

  test('keeps accounts whatever character set and options the pool has', async () => {
    const odd = { charset: 'latin1_swedish_ci', rowsAsArray: true, namedPlaceholders: true, supportBigNumbers: true }
    const pool = createPool({ uri, ...odd, bigNumberStrings: true, dateStrings: true, nestTables: true })
    try {
      await pool.query("SET GLOBAL sql_mode = ''")
      const store = mysqlAccountStore(pool, { table: `bulwark.${run}_odd`, deadline })
      const made = await added(store, { ...plain('\u{1f600}é', 'jörg@example.org'), name: '\'\\" \u{1f600} жз' })
      expect(await store.getByEmail('jörg@example.org')).toEqual(made)
      expect(await store.change({ ...made, name: 'x' })).toMatchObject({ version: 2 })
      expect(await store.list({ limit: 5, search: 'JÖRG' })).toMatchObject([{ name: 'x' }])
    } finally {
      await pool.query('SET GLOBAL sql_mode = DEFAULT')
      await pool.query(`DROP TABLE IF EXISTS ${run}_odd`)
      await pool.end()
    }
  })

  test('is no place for accounts where nothing is kept, and says so', async () => {
    const pool = createPool({ uri, connectionLimit: 1 })
    try {
      await pool.query('SET autocommit = 0')
      const store = mysqlAccountStore(pool, { table: `${run}_lost`, deadline })
      for (let time = 0; time < 7; time++) await expect(store.create(plain('ann'))).rejects.toThrow('autocommit off')
      await pool.query('SET autocommit = 1')
      await added(store, plain('ann'))
    } finally {
      await pool.query(`DROP TABLE IF EXISTS ${run}_lost`)
      await pool.end()
    }
  })

  test('needs no right to create what a migration has made', async () => {
    const pool = createPool({ uri })
    const own = new URL(uri)
    ;[own.username, own.password] = [`u${run.slice(0, 12)}`, 'random']
    try {
      await pool.query(mysqlAccountSchema(`${run}_made`))
      await pool.query(`CREATE USER ${own.username} IDENTIFIED BY 'random'`)
      await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${run}_made TO ${own.username}`)
      const small = createPool({ uri: own.href })
      const store = mysqlAccountStore(small, { table: `${run}_made`, deadline })
      const made = await added(store, plain('ann', 'ann@example.org'))
      expect(await store.change({ ...made, name: 'Ann' })).toMatchObject({ version: 2 })
      expect(await store.remove('ann')).toBe(true)
      const none = mysqlAccountStore(small, { table: `${run}_none`, deadline })
      await expect(none.create(plain('ann'))).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
      await small.end()
    } finally {
      await pool.query(`DROP TABLE IF EXISTS ${run}_made`)
      await pool.query(`DROP USER IF EXISTS ${own.username}`)
      await pool.end()
    }
  })
})

describe.skipIf(!postgresBackend.url)('PostgreSQL', () => {
  test('has one table, whoever makes it at once', async () => {
    const pool = new Pool({ connectionString: postgresBackend.url, max: 10 })
    const tables = Array.from({ length: 8 }, (_, round) => `${run}_at_once${round}`)
    try {
      await Promise.all(Array.from({ length: 10 }, () => pool.query('SELECT pg_sleep(0.1)')))
      for (const table of tables) {
        const stores = Array.from({ length: 10 }, () => postgresAccountStore(pool, { table, deadline }))
        const made = await Promise.all(stores.map((store, index) => added(store, plain(`p${index}`))))
        expect(made.length).toBe(10)
      }
    } finally {
      for (const table of tables) await pool.query(`DROP TABLE IF EXISTS ${table}`)
      await pool.end()
    }
  })

  test('needs no right to create what a migration has made, and no default isolation', async () => {
    const url = postgresBackend.url ?? ''
    const pool = new Pool({ connectionString: url })
    const own = new URL(url)
    ;[own.username, own.password] = [`u${run}`, 'random']
    try {
      await pool.query(`CREATE SCHEMA ${run}`)
      await pool.query(postgresAccountSchema(`${run}.people`))
      await pool.query(`CREATE ROLE u${run} LOGIN PASSWORD 'random'`)
      await pool.query(`GRANT USAGE ON SCHEMA ${run} TO u${run}`)
      await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${run}.people TO u${run}`)
      await pool.query(`ALTER ROLE u${run} SET default_transaction_isolation = 'serializable'`)
      const small = new Pool({ connectionString: own.href })
      const store = postgresAccountStore(small, { table: `${run}.people`, deadline })
      const made = await added(store, plain('ann', 'ann@example.org'))
      await Promise.all(Array.from({ length: 10 }, () => small.query('SELECT pg_sleep(0.1)')))
      const answers = await Promise.all(Array.from({ length: 20 }, async () => store.change({ ...made, name: 'Ann' })))
      expect(answers.filter((answer) => answer === 'conflict').length).toBe(19)
      const tries = Array.from({ length: 30 }, async (_, index) => store.create(plain(`p${index}`, 'one@example.org')))
      expect((await Promise.all(tries)).filter((account) => account !== undefined).length).toBe(1)
      await small.end()
    } finally {
      await pool.query(`DROP SCHEMA IF EXISTS ${run} CASCADE`)
      await pool.query(`DROP OWNED BY u${run}`)
      await pool.query(`DROP ROLE IF EXISTS u${run}`)
      await pool.end()
    }
  })
})

describe.skipIf(!mongodbBackend.url)('MongoDB', () => {
  test('is no place for accounts where an address is not unique, and says so', async () => {
    const client = await MongoClient.connect(mongodbBackend.url ?? '')
    const collection = client.db().collection(`${run}_weak`)
    try {
      await collection.createIndex({ email: 1 })
      const store = mongodbAccountStore(client.db(), { collection: `${run}_weak`, deadline })
      for (let time = 0; time < 7; time++) {
        await expect(store.create(plain('ann', 'ann@example.org'))).rejects.toThrow(
          'an index on email that is not unique',
        )
        await expect(store.change({ ...plain('ann'), version: 1 })).rejects.toThrow('not unique')
      }
      expect(await collection.countDocuments()).toBe(0)
      await collection.dropIndex('email_1')
      await added(store, plain('ann', 'ann@example.org'))
      await collection.dropIndex('bulwark_email')
      await added(store, plain('bob', 'bob@example.org'))
      expect(await store.create(plain('cat', 'ann@example.org'))).toBe(undefined)
    } finally {
      await collection.drop()
      await client.close()
    }
  })

  test('is written to by majority and read at the primary, whatever the app has chosen', async () => {
    const client = await MongoClient.connect(mongodbBackend.url ?? '', { monitorCommands: true })
    const sent: Record<string, unknown>[] = []
    client.on('commandStarted', ({ command }) => sent.push(command))
    try {
      const lax = { readPreference: 'secondaryPreferred', writeConcern: { w: 0 } } as const
      const store = mongodbAccountStore(client.db(undefined, lax), { collection: `${run}_lax`, deadline })
      const made = await added(store, plain('ann', 'ann@example.org'))
      expect(await store.create(plain('bob', 'ann@example.org'))).toBe(undefined)
      expect(await store.change({ ...made, name: 'Ann' })).toMatchObject({ version: 2 })
      expect(await store.getByEmail('ann@example.org')).toMatchObject({ name: 'Ann' })
      expect(await store.remove('ann')).toBe(true)
      for (const command of sent.filter((one) => 'insert' in one || 'update' in one || 'delete' in one)) {
        expect(command['writeConcern']).toEqual({ w: 'majority' })
      }
      for (const command of sent.filter((one) => 'find' in one)) {
        const preference: unknown = command['$readPreference'] ?? 'the primary, which is the default'
        expect([{ mode: 'primary' }, 'the primary, which is the default']).toContainEqual(preference)
      }
      expect(sent.length).toBeGreaterThan(5)
    } finally {
      await client.db().collection(`${run}_lax`).drop()
      await client.close()
    }
  })
})
