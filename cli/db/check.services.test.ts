import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'

const { BULWARK_TEST_PG_URL = '', BULWARK_TEST_MYSQL_URL = '' } = process.env
const folder = mkdtempSync(join(tmpdir(), 'bulwark-db-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const mark = randomBytes(4).toString('hex')
/** With signs that URLs write in another way. */
const PASSWORD = `p@ss/${mark}%é`

async function bulwark(
  args: readonly string[],
  env: Io['env'] = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const never = (): never => {
    throw new Error('it must not be asked')
  }
  const io: Io = {
    version: '1.2.3',
    cwd: process.cwd(),
    width: 80,
    colour: false,
    live: false,
    env,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    interrupted: never,
    input: never,
    edit: never,
    scanner: never,
    prober: never,
    routes: never,
  }
  const code = await run(args, io)
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), mark.concat('%')])
    expect(out + err).not.toContain(secret)
  return { code, out, err }
}

interface Json {
  readonly account: string
  readonly findings: readonly { readonly id: string; readonly severity: string; readonly what: string }[]
  readonly tables: readonly {
    readonly name: string
    readonly rights: readonly string[]
    readonly needs?: readonly string[]
  }[]
  readonly script: string
}

async function check(url: string, ...more: readonly string[]): Promise<Json & { readonly code: number }> {
  const { code, out, err } = await bulwark(['db', 'check', url, '--json', ...more])
  expect(err).toBe('')
  return { code, ...(JSON.parse(out) as Json) }
}

/** What a client for MySQL would send one by one. */
function statementsOf(script: string): string[] {
  const lines = script.split('\n').filter((line) => !line.startsWith('--'))
  return lines
    .join('\n')
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '')
}

function ids({ findings }: Json): string[] {
  return findings.map(({ id }) => id).sort()
}

describe.skipIf(BULWARK_TEST_PG_URL === '')('PostgreSQL', () => {
  const [database, other] = [`shop_${mark}`, `else_${mark}`]
  const roles: string[] = []
  let admin: pg.Client
  let inside: pg.Client

  beforeAll(async () => {
    admin = new pg.Client(BULWARK_TEST_PG_URL)
    await admin.connect()
    await admin.query(`CREATE DATABASE ${database}`)
    await admin.query(`CREATE DATABASE ${other}`)
    const url = new URL(BULWARK_TEST_PG_URL)
    url.pathname = `/${database}`
    inside = new pg.Client(url.href)
    await inside.connect()
    await inside.query(`CREATE TABLE posts (id serial PRIMARY KEY, title text);
      CREATE TABLE "Odd ""name""" (id int); CREATE TABLE logs (line text); CREATE SCHEMA extra; CREATE TABLE extra.notes (id int)`)
  })
  afterAll(async () => {
    await inside.end()
    for (const name of [database, other]) await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    for (const role of roles) await admin.query(`DROP ROLE IF EXISTS "${role}"`)
    await admin.end()
  })

  /** An account with these rights, and how to reach the database as it. */
  async function account(name: string, options = '', ...grants: readonly string[]): Promise<string> {
    const role = `${name}_${mark}`
    roles.unshift(role)
    await inside.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}' ${options}`)
    for (const grant of grants) await inside.query(grant.replaceAll('ROLE', role))
    return urlOf(role)
  }

  function urlOf(role: string): string {
    const url = new URL(BULWARK_TEST_PG_URL)
    Object.assign(url, { username: role, password: encodeURIComponent(PASSWORD), pathname: `/${database}` })
    return url.href
  }

  test('a superuser is told as one', async () => {
    const result = await check(await account('super', 'SUPERUSER'))
    expect(result.code).toBe(1)
    expect(ids(result)).toEqual(['superuser'])
    expect(result.findings[0]?.severity).toBe('critical')
  })

  test.each<[string, string, string[], string[]]>([
    [
      'maker',
      'CREATEROLE CREATEDB REPLICATION BYPASSRLS',
      [],
      ['bypass-rls', 'create-database', 'create-role', 'replication'],
    ],
    ['runner', '', ['GRANT pg_execute_server_program TO ROLE'], ['pg-execute-server-program']],
    [
      'files',
      '',
      ['GRANT pg_read_server_files, pg_write_server_files TO ROLE'],
      ['pg-read-server-files', 'pg-write-server-files'],
    ],
    ['caller', '', ['GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ROLE'], ['server-files']],
    ['later', 'NOINHERIT', ['GRANT pg_read_all_data TO ROLE'], ['pg-read-all-data']],
    ['giver', '', ['GRANT SELECT ON posts TO ROLE WITH GRANT OPTION'], ['grant-option']],
    [
      'builder',
      '',
      ['GRANT CREATE ON SCHEMA extra TO ROLE', `GRANT CREATE ON DATABASE ${database} TO ROLE`],
      ['create', 'create-schema'],
    ],
    ['trigger', '', ['GRANT TRIGGER, TRUNCATE ON posts TO ROLE'], ['truncate-trigger']],
    ['watcher', '', ['GRANT pg_monitor TO ROLE'], ['pg-monitor', 'pg-read-all-stats']],
    ['lord', '', [`ALTER DATABASE ${database} OWNER TO ROLE`], ['create', 'create-schema', 'database-owner']],
    ['neighbour', '', [`GRANT CONNECT ON DATABASE ${other} TO ROLE`], ['other-databases']],
  ])('what %s may do is found', async (name, options, grants, expected) => {
    const result = await check(await account(name, options, ...grants))
    expect(ids(result).filter((id) => id !== 'open-databases')).toEqual(expected)
    for (const role of roles.slice(0, 1)) {
      await admin.query(`ALTER DATABASE ${database} OWNER TO CURRENT_USER`)
      await inside.query(`DROP OWNED BY ${role}`)
      await admin.query(`DROP OWNED BY ${role}`)
    }
  })

  test('whoever may take on the role of an owner is one', async () => {
    await admin.query(`CREATE ROLE keeper_${mark}`)
    await inside.query(`ALTER TABLE logs OWNER TO keeper_${mark}`)
    const url = await account('heir', 'NOINHERIT', `GRANT keeper_${mark} TO ROLE`)
    roles.push(`keeper_${mark}`)
    const { findings, tables } = await check(url)
    expect(findings.find(({ id }) => id === 'owner')?.what).toBe('It owns public.logs.')
    expect(tables.find(({ name }) => name === 'logs')?.rights).toContain('OWNER')
    await inside.query('ALTER TABLE logs OWNER TO CURRENT_USER')
  })

  test('a right on some columns counts as one on the table, and stays one on these columns in the script', async () => {
    const url = await account('column', '', 'GRANT SELECT (title), UPDATE (title), INSERT ON posts TO ROLE')
    const { tables, script } = await check(url, '--role', `few_${mark}`)
    expect(tables.filter(({ rights }) => rights.length > 0)).toMatchObject([
      { name: 'posts', rights: ['SELECT', 'INSERT', 'UPDATE'], columns: { SELECT: ['title'], UPDATE: ['title'] } },
    ])
    roles.unshift(`few_${mark}`)
    await inside.query(script)
    await admin.query(`ALTER ROLE few_${mark} PASSWORD '${PASSWORD}'`)
    expect((await check(urlOf(`few_${mark}`))).tables).toEqual(tables)
    const app = new pg.Client(urlOf(`few_${mark}`))
    await app.connect()
    await app.query('UPDATE posts SET title = title')
    await expect(app.query('SELECT id FROM posts')).rejects.toThrow(/permission denied/)
    await app.end()
    const later =
      await inside.query(`SELECT DISTINCT a.privilege_type AS right FROM pg_default_acl, aclexplode(defaclacl) a
      WHERE a.grantee = 'few_${mark}'::regrole ORDER BY 1`)
    expect(later.rows).toEqual([{ right: 'INSERT' }, { right: 'USAGE' }])
    await inside.query(`DROP OWNED BY few_${mark}`)
  })

  test('whoever may become a superuser is one', async () => {
    await admin.query(`CREATE ROLE boss_${mark} SUPERUSER`)
    const url = await account('friend', '', `GRANT boss_${mark} TO ROLE`)
    roles.push(`boss_${mark}`)
    expect(ids(await check(url))).toContain('superuser')
  })

  test('an owner is told, and the script makes an account that is clean and can still work', async () => {
    const url = await account('owner', '', 'GRANT CREATE ON SCHEMA public TO PUBLIC', 'ALTER TABLE posts OWNER TO ROLE')
    const before = await check(url)
    expect(before.code).toBe(1)
    expect(ids(before)).toEqual(['open-databases', 'owner', 'public-create'])

    const file = join(folder, 'postgres.sql')
    const shown = await bulwark(['db', 'check', '--script', file, '--role', `web_${mark}`], { DATABASE_URL: url })
    expect(shown.out).not.toContain('CREATE ROLE')
    expect(shown.out.replace(/\s+/g, ' ')).toContain(
      `The statements for an account with no more rights are in ${file}.`,
    )
    roles.unshift(`web_${mark}`)
    const script = readFileSync(file, 'utf8')
    await inside.query(script)
    // It may be run again.
    await inside.query(script)
    await admin.query(`ALTER ROLE web_${mark} PASSWORD '${PASSWORD}'`)

    const after = await check(urlOf(`web_${mark}`))
    expect(after.code).toBe(0)
    expect(ids(after)).toEqual(['open-databases'])
    // Nobody said what the app needs, so it keeps what it could do to rows, and gets nothing besides.
    expect(after.tables.map(({ name, rights }) => `${name}: ${rights.join(' ')}`)).toEqual([
      'notes: ',
      'Odd "name": ',
      'logs: ',
      'posts: SELECT INSERT UPDATE DELETE',
    ])
    const again = await bulwark(['db', 'check', urlOf(`web_${mark}`)])
    expect(again.out).not.toContain('An account that may do no more')
    const app = new pg.Client(urlOf(`web_${mark}`))
    await app.connect()
    expect((await app.query("INSERT INTO posts (title) VALUES ('a') RETURNING id")).rows).toHaveLength(1)
    await expect(app.query('DROP TABLE posts')).rejects.toThrow(/must be owner/)
    await expect(app.query("COPY logs FROM PROGRAM 'id'")).rejects.toThrow(/permission|must/)
    await expect(app.query('CREATE TABLE public.mine (id int)')).rejects.toThrow(/permission/)
    await app.end()

    // What the script leaves to the administrator, because others may count on it.
    const revokes = [...script.matchAll(/^-- {3}(REVOKE CONNECT .*;)$/gm)].map(([, line]) => line as string)
    expect(revokes.length).toBeGreaterThan(0)
    for (const line of revokes) await admin.query(line)
    expect((await check(urlOf(`web_${mark}`))).findings).toEqual([])
    for (const line of revokes) await admin.query(line.replace('REVOKE', 'GRANT').replace('FROM', 'TO'))
  })

  test('what the statements of the app need is all that the script grants', async () => {
    const code = join(folder, 'app.ts')
    writeFileSync(
      code,
      'db.query(`SELECT title FROM posts WHERE id = $1`)\ndb.query("INSERT INTO public.logs (line) VALUES ($1)")\n// from nowhere',
    )
    const url = await account('reader', '', 'GRANT SELECT, DELETE ON posts TO ROLE', 'GRANT INSERT ON logs TO ROLE')
    const before = await check(url, '--code', folder, '--role', `tight_${mark}`, '--fail-on', 'low')
    expect(before.code).toBe(1)
    expect(before.findings.find(({ id }) => id === 'unneeded')?.what).toMatch(/: DELETE on posts\.$/)
    expect(before.tables.find(({ name }) => name === 'posts')?.needs).toEqual(['SELECT'])
    roles.unshift(`tight_${mark}`)
    await inside.query(before.script)
    await admin.query(`ALTER ROLE tight_${mark} PASSWORD '${PASSWORD}'`)
    const after = await check(urlOf(`tight_${mark}`), '--queries', code)
    expect(after.findings.map(({ id }) => id)).toEqual(['open-databases'])
    expect(after.tables.filter(({ rights }) => rights.length > 0)).toMatchObject([
      { name: 'logs', rights: ['INSERT'] },
      { name: 'posts', rights: ['SELECT'] },
    ])
  })

  test('a report for people fits into 80 columns', async () => {
    const url = await account('shown', 'CREATEROLE', 'GRANT ALL ON ALL TABLES IN SCHEMA public TO ROLE')
    const { out } = await bulwark(['db', 'check', url])
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(out).toMatch(/^shown_\w+@127\.0\.0\.1:\d+\/shop_\w+\n {2}PostgreSQL \d+/)
    expect(out).toContain('high      It may make roles, and change others.')
    expect(out).toMatch(/^ {2}public\.posts +riud/m)
    expect(out).toContain('CREATE ROLE')
  })

  test('a wrong password ends with exit code 3 and tells no secret', async () => {
    const url = new URL(urlOf('nobody'))
    const { code, out, err } = await bulwark(['db', 'check', url.href])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/could not ask nobody@127\.0\.0\.1:\d+\/shop_\w+\n {2}password authentication failed/)
  })
})

describe.skipIf(BULWARK_TEST_MYSQL_URL === '')('MariaDB', () => {
  const [database, other] = [`shop_${mark}`, `else_${mark}`]
  const users: string[] = []
  let admin: mysql.Connection

  beforeAll(async () => {
    admin = await mysql.createConnection(BULWARK_TEST_MYSQL_URL)
    for (const name of [database, other]) await admin.query(`CREATE DATABASE ${name}`)
    await admin.query(`CREATE TABLE ${database}.posts (id int AUTO_INCREMENT PRIMARY KEY, title text)`)
    await admin.query(`CREATE TABLE ${database}.logs (line text)`)
    await admin.query(`CREATE TABLE ${other}.things (id int)`)
  })
  afterAll(async () => {
    for (const name of [database, other]) await admin.query(`DROP DATABASE ${name}`)
    for (const user of users) await admin.query(`DROP USER IF EXISTS ${user}`)
    await admin.end()
  })

  async function account(name: string, ...grants: readonly string[]): Promise<string> {
    const user = `${name}_${mark}`
    users.push(`'${user}'@'%'`)
    await admin.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${PASSWORD}'`)
    for (const grant of grants) await admin.query(grant.replaceAll('WHO', `'${user}'@'%'`).replaceAll('DB', database))
    return urlOf(user)
  }

  function urlOf(user: string): string {
    const url = new URL(BULWARK_TEST_MYSQL_URL)
    Object.assign(url, { username: user, password: encodeURIComponent(PASSWORD), pathname: `/${database}` })
    return url.href
  }

  test.each<[string, string[], string[]]>([
    ['all', ['GRANT ALL ON *.* TO WHO'], ['superuser']],
    ['giver', ['GRANT SELECT ON DB.* TO WHO WITH GRANT OPTION'], ['database-pattern', 'grant-option']],
    ['file', ['GRANT FILE, PROCESS ON *.* TO WHO', 'GRANT SELECT ON DB.posts TO WHO'], ['file', 'process']],
    ['reader', ['GRANT SELECT ON *.* TO WHO'], ['all-databases']],
    ['maker', ['GRANT CREATE USER ON *.* TO WHO', 'GRANT SELECT ON DB.posts TO WHO'], ['create-user']],
    ['builder', ['GRANT SELECT, CREATE, DROP, TRIGGER ON DB.posts TO WHO'], ['definitions']],
    ['owner', ['GRANT ALL ON `DB`.* TO WHO'], ['database-pattern', 'definitions']],
    [
      'neighbour',
      ['GRANT SELECT ON DB.posts TO WHO', `GRANT SELECT (id) ON ${other}.things TO WHO`],
      ['other-databases'],
    ],
    ['system', ['GRANT SELECT ON DB.posts TO WHO', 'GRANT SELECT ON mysql.* TO WHO'], ['other-databases']],
  ])('what %s may do is found', async (name, grants, expected) => {
    const result = await check(await account(name, ...grants))
    expect(ids(result), JSON.stringify(result.findings)).toEqual(expected)
  })

  test('a right on some columns stays one on these columns in the script', async () => {
    const url = await account('column', 'GRANT SELECT (title), UPDATE (title, id), DELETE ON DB.posts TO WHO')
    const { tables, script } = await check(url, '--role', `few_${mark}`)
    expect(tables).toMatchObject([{ name: 'posts', columns: { SELECT: ['title'], UPDATE: ['id', 'title'] } }])
    users.push(`'few_${mark}'@'%'`)
    for (const statement of statementsOf(script)) await admin.query(statement)
    await admin.query(`ALTER USER 'few_${mark}'@'%' IDENTIFIED BY '${PASSWORD}' ACCOUNT UNLOCK`)
    expect((await check(urlOf(`few_${mark}`))).tables).toEqual(tables)
  })

  test('the rights of roles count as well', async () => {
    const role = `boss_${mark}`
    await admin.query(`CREATE ROLE ${role}`)
    await admin.query(`GRANT FILE ON *.* TO ${role}`)
    const url = await account('friend', `GRANT ${role} TO WHO`, 'GRANT SELECT ON DB.posts TO WHO')
    expect(ids(await check(url))).toEqual(['file'])
    await admin.query(`DROP ROLE ${role}`)
  })

  test('the script makes an account that is clean and can still work', async () => {
    const before = await check(await account('wide', 'GRANT ALL ON DB.* TO WHO'), '--role', `web_${mark}`)
    expect(before.code).toBe(1)
    users.push(`'web_${mark}'@'%'`)
    const statements = statementsOf(before.script)
    for (const twice of [1, 2])
      for (const statement of statements) expect(twice && (await admin.query(statement))).toBeTruthy()
    // Nobody gets in before there is a password.
    expect((await bulwark(['db', 'check', urlOf(`web_${mark}`)])).code).toBe(3)
    await admin.query(`ALTER USER 'web_${mark}'@'%' IDENTIFIED BY '${PASSWORD}' ACCOUNT UNLOCK`)

    const after = await check(urlOf(`web_${mark}`))
    expect(after.findings).toEqual([])
    expect(after.code).toBe(0)
    expect(after.tables).toMatchObject([
      { name: 'logs', rights: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
      { name: 'posts', rights: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
    ])
    const app = await mysql.createConnection(urlOf(`web_${mark}`))
    await app.query("INSERT INTO posts (title) VALUES ('a')")
    await expect(app.query('DROP TABLE posts')).rejects.toThrow(/denied/)
    await app.end()
  })

  test('what the statements of the app need is all that the script grants', async () => {
    const file = join(folder, 'run.sql')
    writeFileSync(
      file,
      'SELECT * FROM posts WHERE id = 1;\nUPDATE `posts` SET title = ?;\nREPLACE INTO logs VALUES (1);\n',
    )
    const url = await account('idle', 'GRANT SELECT, DELETE ON DB.posts TO WHO', 'GRANT INSERT ON DB.logs TO WHO')
    const before = await check(url, '--queries', file, '--role', `tight_${mark}`)
    expect(ids(before)).toEqual(['unneeded'])
    users.push(`'tight_${mark}'@'%'`)
    for (const statement of statementsOf(before.script)) await admin.query(statement)
    await admin.query(`ALTER USER 'tight_${mark}'@'%' IDENTIFIED BY '${PASSWORD}' ACCOUNT UNLOCK`)
    const after = await check(urlOf(`tight_${mark}`), '--queries', file)
    expect(after.findings).toEqual([])
    expect(after.tables).toMatchObject([
      { name: 'logs', rights: ['INSERT', 'DELETE'] },
      { name: 'posts', rights: ['SELECT', 'UPDATE'] },
    ])
  })

  test('a report for people fits into 80 columns', async () => {
    const { out } = await bulwark(['db', 'check', await account('shown', 'GRANT ALL ON *.* TO WHO WITH GRANT OPTION')])
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(out).toMatch(/^shown_\w+@127\.0\.0\.1:\d+\/shop_\w+\n {2}MariaDB \d+/)
    expect(out).toContain('critical  It may do everything on the whole server')
  })
})
