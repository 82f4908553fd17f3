import type { Severity } from '../arguments.ts'
import {
  type Account,
  type Columns,
  type Connection,
  type Excess,
  listOf,
  RIGHTS,
  type TableRights,
} from './account.ts'
import { covers, type Grant, parseGrant } from './grants.ts'

/** Rights on the whole server, and what they come to. Rights that are not here are told by their names. */
const GLOBAL: Readonly<Record<string, readonly [severity: Severity, what: string]>> = {
  FILE: ['critical', 'read and write files of the machine (LOAD_FILE, INTO OUTFILE)'],
  SUPER: ['critical', 'do what only administrators do'],
  'CREATE USER': ['high', 'make accounts, and change the passwords of others'],
  PROXY: ['high', 'be another account'],
  SHUTDOWN: ['high', 'stop the server'],
  RELOAD: ['medium', 'make the server read its tables of rights again'],
  PROCESS: ['medium', 'read the statements of all other connections'],
  'REPLICATION SLAVE': ['high', 'copy every change of every database'],
  'REPLICATION CLIENT': ['low', 'see how the server is copied'],
  'BINLOG MONITOR': ['low', 'see how the server is copied'],
  'CREATE TABLESPACE': ['medium', 'make files for tables'],
  'SHOW DATABASES': ['low', 'see the names of all databases'],
}
const DEFINITIONS: ReadonlySet<string> = new Set([
  'CREATE',
  'DROP',
  'ALTER',
  'INDEX',
  'REFERENCES',
  'CREATE VIEW',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EVENT',
  'TRIGGER',
  'DELETE HISTORY',
])
const ROWS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
const NOTHING: ReadonlySet<string> = new Set([
  'USAGE',
  'SHOW VIEW',
  'EXECUTE',
  'LOCK TABLES',
  'CREATE TEMPORARY TABLES',
])

type Add = (id: string, severity: Severity, what: string, why: string) => void

/** Finds out what the account of this connection may do. It only reads, and tries nothing out. */
export async function inspectMysql(db: Connection): Promise<Account> {
  const [self = {}] = await db.rows(
    'SELECT CURRENT_USER() AS name, DATABASE() AS db, VERSION() AS version, @@secure_file_priv AS files',
  )
  const version = String(self['version'])
  const database = String(self['db'])
  const excess: Excess[] = []
  const add: Add = (id, severity, what, why) => void excess.push({ id, severity, what, why })
  const grants = await grantsOf(db, add)
  addGlobal(grants, self['files'], add)
  addOthers(grants, database, add)
  addDefinitions(grants, database, add)
  const given = grants.filter(({ grantable }) => grantable)
  if (given.length > 0) {
    add(
      'grant-option',
      'high',
      `It may give away its rights on ${listOf(placesOf(given))}.`,
      'They were granted WITH GRANT OPTION.',
    )
  }
  const name = String(self['name'])
  if (name.startsWith('@')) {
    add(
      'anonymous',
      'high',
      'It is the account of people without a name.',
      'Whoever reaches the server has these rights.',
    )
  }
  const tables = await db.rows(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
  )
  return {
    server: /mariadb/i.test(version) ? 'MariaDB' : 'MySQL',
    version: version.replace(/-.*$/, ''),
    name,
    database,
    excess,
    tables: tables.map((row) => rightsOn(String(row['name'] ?? row['NAME']), database, grants)),
    facts: { kind: 'mysql', host: name.slice(name.lastIndexOf('@') + 1) },
  }
}

/** Also those of roles, and of roles of roles. */
async function grantsOf(db: Connection, add: Add): Promise<readonly Grant[]> {
  const found: Grant[] = []
  const roles = new Set<string>()
  const read = async (sql: string): Promise<void> => {
    for (const row of await db.rows(sql)) {
      const grant = parseGrant(String(Object.values(row)[0]))
      if (grant?.role !== undefined) roles.add(grant.role)
      else if (grant !== undefined) found.push(grant)
    }
  }
  await read('SHOW GRANTS FOR CURRENT_USER()')
  // A set grows while it is walked through.
  for (const role of roles) {
    const isKnown = await firstThatWorks([
      () => read(`SHOW GRANTS FOR ${quoted(role)}`),
      // MariaDB shows a role only to whoever has taken it on, and MySQL only beside the account.
      async () => {
        await db.rows(`SET ROLE ${quoted(role)}`)
        await read('SHOW GRANTS FOR CURRENT_ROLE()')
      },
      () => read(`SHOW GRANTS FOR CURRENT_USER() USING ${quoted(role)}`),
    ])
    if (!isKnown) {
      // Rights that cannot be read must not look like none.
      const what = `It has the role ${role}, whose rights it may not see.`
      add('unknown-role', 'medium', what, 'Look at the role as an administrator.')
    }
  }
  return found
}

async function firstThatWorks(ways: readonly (() => Promise<void>)[]): Promise<boolean> {
  for (const way of ways) {
    try {
      await way()
      return true
    } catch {
      // This server knows another way, or none.
    }
  }
  return false
}

/** `` `role`@`%` `` stays as the server wrote it; a bare name is quoted. */
function quoted(role: string): string {
  return /^[\w-]+$/.test(role) ? `\`${role}\`` : role
}

function addGlobal(grants: readonly Grant[], files: unknown, add: Add): void {
  const rights = new Set(grants.filter(({ database }) => database === '*').flatMap((grant) => grant.rights))
  if (rights.has('ALL PRIVILEGES')) {
    add(
      'superuser',
      'critical',
      'It may do everything on the whole server: ALL PRIVILEGES ON *.*',
      `An injected query reads every database and every password hash${files === null ? '' : ', and reads and writes files'}.`,
    )
    return
  }
  for (const right of rights) {
    if (DEFINITIONS.has(right) || ROWS.has(right) || NOTHING.has(right)) continue
    const [severity, what] = GLOBAL[right] ?? (['high', 'administer a part of the server'] as const)
    const where = right === 'FILE' ? whereTo(files) : 'An app needs nothing of the kind.'
    add(right.toLowerCase().replaceAll(' ', '-'), severity, `It may ${what}: ${right} ON *.*`, where)
  }
  const rows = [...rights].filter((right) => ROWS.has(right) || DEFINITIONS.has(right))
  if (rows.length > 0) {
    add(
      'all-databases',
      'critical',
      `It has rights on all databases: ${listOf(rows)} ON *.*`,
      'Among them is the one with the accounts and their password hashes.',
    )
  }
}

function whereTo(files: unknown): string {
  if (files === null) return 'The server itself has it turned off (secure_file_priv), for now.'
  if (files === '') return 'The server limits it to no folder (secure_file_priv is empty).'
  return `The server limits it to ${String(files)}.`
}

function addOthers(grants: readonly Grant[], database: string, add: Add): void {
  const others = grants.filter((grant) => {
    const isReal = grant.rights.some((right) => right !== 'USAGE') && grant.database !== '*'
    // MariaDB grants this on its own to whoever has an account.
    return isReal && !covers(grant.database, database) && grant.database !== 'information_schema'
  })
  const names = [...new Set(others.map((grant) => grant.database))]
  if (names.length > 0) {
    add(
      'other-databases',
      names.includes('mysql') ? 'critical' : 'high',
      `It has rights on ${listOf(names)}.`,
      'A hole in this app is a hole in the others.',
    )
  }
  const wide = grants.filter((grant) => isPattern(grant) && covers(grant.database, database))
  if (wide.length > 0) {
    add(
      'database-pattern',
      wide.some((grant) => grant.database.includes('%')) ? 'medium' : 'low',
      `Its rights are for every database like ${listOf([...new Set(wide.map((grant) => grant.database))])}.`,
      'Name the one database, with its underscores escaped: each of them stands for any sign.',
    )
  }
}

/** Only grants on whole databases are patterns. */
function isPattern({ database, object }: Grant): boolean {
  return database !== '*' && object === '*' && /(?<!\\)[%_]/.test(database)
}

function addDefinitions(grants: readonly Grant[], database: string, add: Add): void {
  const here = grants.filter((grant) => grant.database !== '*' && covers(grant.database, database))
  const rights = new Set(
    here.flatMap((grant) => (grant.rights.includes('ALL PRIVILEGES') ? [...DEFINITIONS] : grant.rights)),
  )
  const found = [...rights].filter((right) => DEFINITIONS.has(right))
  if (found.length === 0) return
  const isAll = here.some((grant) => grant.rights.includes('ALL PRIVILEGES'))
  add(
    'definitions',
    'high',
    `It may change the tables themselves: ${isAll ? 'ALL PRIVILEGES' : listOf(found)} on ${listOf(placesOf(here))}.`,
    'An app changes rows. Let migrations run as another account.',
  )
}

function placesOf(grants: readonly Grant[]): readonly string[] {
  return [...new Set(grants.map(({ database, object }) => `${database}.${object}`))]
}

function rightsOn(name: string, database: string, grants: readonly Grant[]): TableRights {
  const rights = new Set<string>()
  const here = grants.filter(
    (grant) => covers(grant.database, database) && (grant.object === '*' || grant.object === name),
  )
  for (const grant of here) {
    for (const right of grant.rights) {
      if (right === 'ALL PRIVILEGES') for (const each of [...ROWS, ...DEFINITIONS]) rights.add(each)
      else if (ROWS.has(right) || DEFINITIONS.has(right)) rights.add(right)
    }
  }
  const columns = columnsIn(here)
  return { schema: '', name, rights: [...rights], ...(columns && { columns }) }
}

/** Of the rights that no grant gives on all columns. */
function columnsIn(grants: readonly Grant[]): Columns | undefined {
  const found = RIGHTS.flatMap((right) => {
    const given = grants.filter(({ rights }) => rights.includes(right) || rights.includes('ALL PRIVILEGES'))
    const lists = given.map(({ columns }) => columns?.[right])
    return lists.length === 0 || lists.includes(undefined)
      ? []
      : [[right, [...new Set(lists.flatMap((list) => list ?? []))]]]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}
