import {
  type Account,
  type Columns,
  type Connection,
  type Excess,
  listOf,
  RIGHTS,
  type TableRights,
} from './account.ts'

type Row = Readonly<Record<string, unknown>>

const NO_SYSTEM = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`

/** Roles that PostgreSQL brings along, and what they are for. */
const POWERS: Readonly<Record<string, string>> = {
  pg_execute_server_program: 'run programs on the machine of the database, by COPY ... FROM PROGRAM',
  pg_read_server_files: 'read files of the machine of the database, by COPY and pg_read_file()',
  pg_write_server_files: 'write files on the machine of the database',
  pg_write_all_data: 'change every table of the database',
  pg_read_all_data: 'read every table of the database',
  pg_signal_backend: "end other people's connections",
  pg_create_subscription: 'copy tables from and to other servers',
  pg_maintain: 'lock and rebuild every table',
  pg_monitor: 'read the statements of all other connections',
  pg_read_all_stats: 'read the statements of all other connections',
}
const CRITICAL: ReadonlySet<string> = new Set([
  'pg_execute_server_program',
  'pg_read_server_files',
  'pg_write_server_files',
])

const MEDIUM: ReadonlySet<string> = new Set(['pg_monitor', 'pg_read_all_stats'])

/** Finds out what the account of this connection may do. It only reads, and tries nothing out. */
export async function inspectPostgres(db: Connection): Promise<Account> {
  const one = async (sql: string): Promise<Row> => (await db.rows(sql))[0] ?? {}
  const self = await one(`SELECT current_user AS name, current_database() AS database,
    current_setting('server_version') AS version, r.* FROM pg_roles r WHERE rolname = current_user`)
  const isSuper = self['rolsuper'] === true
  const excess: Excess[] = []
  const add = (id: string, severity: Excess['severity'], what: string, why: string): void => {
    excess.push({ id, severity, what, why })
  }

  if (isSuper) {
    add(
      'superuser',
      'critical',
      'It is a superuser: no right is ever asked for.',
      'An injected query reads and writes files, and runs programs on the machine (COPY ... PROGRAM).',
    )
  } else {
    await addPowers(db, self, add)
  }
  const tables = await tablesOf(db, isSuper)
  const owned = tables.filter(({ rights }) => rights.includes('OWNER'))
  if (owned.length > 0) {
    add(
      'owner',
      'high',
      `It owns ${listOf(owned.map(({ schema, name }) => `${schema}.${name}`))}.`,
      'An owner may drop and change tables, and give rights away. Let migrations run as another role, which owns them.',
    )
  }
  const [ownership] = await db.rows(`SELECT pg_has_role(current_user, datdba, 'MEMBER') AS own
    FROM pg_database WHERE datname = current_database()`)
  if (!isSuper && ownership?.['own'] === true) {
    add(
      'database-owner',
      'high',
      'It owns the database itself.',
      'An owner may drop and rename it, and set how it reads text for everybody. Give it to an administrator.',
    )
  }
  if (!isSuper) await addDefinitions(db, add)
  await addGrants(db, isSuper, add)
  const publicCreates = await namesOf(
    db,
    `SELECT n.nspname AS name FROM pg_namespace n, aclexplode(n.nspacl) a
     WHERE a.grantee = 0 AND a.privilege_type = 'CREATE' AND ${NO_SYSTEM} ORDER BY 1`,
  )
  if (publicCreates.length > 0) {
    add(
      'public-create',
      'medium',
      `Everybody may create tables and functions in ${listOf(publicCreates)}.`,
      'A function that somebody leaves there may run in the name of somebody else (CVE-2018-1058).',
    )
  }
  const others = await otherDatabases(db, isSuper, add)
  return {
    server: 'PostgreSQL',
    version: String(self['version']).replace(/ .*/, ''),
    name: String(self['name']),
    database: String(self['database']),
    excess,
    tables,
    facts: {
      kind: 'postgres',
      publicCreates,
      otherDatabases: others,
      sequences: (
        await db.rows(`SELECT n.nspname AS schema, c.relname AS name,
            (SELECT tn.nspname || '.' || t.relname FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
              JOIN pg_namespace tn ON tn.oid = t.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
              AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS of
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = 'S' AND ${NO_SYSTEM} ORDER BY 1, 2`)
      ).map(({ schema, name, of }) => ({
        schema: String(schema),
        name: String(name),
        of: typeof of === 'string' ? of : undefined,
      })),
      owners: await namesOf(
        db,
        `SELECT DISTINCT pg_get_userbyid(c.relowner) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND ${NO_SYSTEM} ORDER BY 1`,
      ),
    },
  }
}

const BY_COLUMN: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'])

type Add = (id: string, severity: Excess['severity'], what: string, why: string) => void

async function addPowers(db: Connection, self: Row, add: Add): Promise<void> {
  if (self['rolcreaterole'] === true)
    add(
      'create-role',
      'high',
      'It may make roles, and change others.',
      'It can make itself an account with more rights.',
    )
  if (self['rolreplication'] === true)
    add('replication', 'high', 'It may replicate the server.', 'That is a copy of every database, with all passwords.')
  if (self['rolbypassrls'] === true)
    add(
      'bypass-rls',
      'high',
      'Row level security does not hold for it.',
      'Policies are there to hold for the app above all.',
    )
  if (self['rolcreatedb'] === true)
    add('create-database', 'medium', 'It may make databases.', 'An app has its database, and needs no other.')
  const roles = await db.rows(`SELECT r.rolname AS name, r.rolsuper AS super FROM pg_roles r
    WHERE r.rolname <> current_user AND pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY 1`)
  for (const { name, super: isSuper } of roles) {
    const power = POWERS[String(name)]
    if (isSuper === true) {
      add('superuser', 'critical', `It may become ${name}, which is a superuser.`, 'SET ROLE is all that it takes.')
    } else if (power !== undefined) {
      add(
        String(name).replaceAll('_', '-'),
        CRITICAL.has(String(name)) ? 'critical' : MEDIUM.has(String(name)) ? 'medium' : 'high',
        `As a member of ${name} it may ${power}.`,
        'So may whoever finds one hole in the app.',
      )
    }
  }
  const files = await namesOf(
    db,
    `SELECT DISTINCT p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'pg_catalog' AND has_function_privilege(current_user, p.oid, 'EXECUTE')
     AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'lo_import', 'lo_export') ORDER BY 1`,
  )
  if (files.length > 0) {
    add('server-files', 'critical', `It may call ${listOf(files)}.`, 'These read and write files of the machine.')
  }
}

async function addDefinitions(db: Connection, add: Add): Promise<void> {
  const schemas = await namesOf(
    db,
    `SELECT n.nspname AS name FROM pg_namespace n WHERE ${NO_SYSTEM}
     AND has_schema_privilege(current_user, n.oid, 'CREATE')
     AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE') ORDER BY 1`,
  )
  if (schemas.length > 0) {
    add(
      'create',
      'high',
      `It may create tables, functions and triggers in ${listOf(schemas)}.`,
      'An app changes rows. Let migrations run as another role.',
    )
  }
  const [database] = await db.rows(`SELECT has_database_privilege(current_user, current_database(), 'CREATE') AS may`)
  if (database?.['may'] === true)
    add('create-schema', 'medium', 'It may create schemas in the database.', 'Let migrations run as another role.')
  const tables = await namesOf(
    db,
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND ${NO_SYSTEM} AND NOT pg_has_role(current_user, c.relowner, 'MEMBER')
     AND (has_table_privilege(current_user, c.oid, 'TRUNCATE') OR has_table_privilege(current_user, c.oid, 'TRIGGER')) ORDER BY 1`,
  )
  if (tables.length > 0) {
    add(
      'truncate-trigger',
      'medium',
      `It may empty ${listOf(tables)} at once, or put triggers there.`,
      'A trigger runs in the name of whoever changes the table next.',
    )
  }
}

/** What the account may give away, besides what is its own. */
async function addGrants(db: Connection, isSuper: boolean, add: Add): Promise<void> {
  if (isSuper) return
  const mine = `a.is_grantable AND (a.grantee = 0 OR pg_has_role(current_user, a.grantee, 'USAGE'))`
  const names = await namesOf(
    db,
    `SELECT DISTINCT n.nspname || '.' || c.relname AS name FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a WHERE ${mine} AND a.grantee <> c.relowner
     UNION SELECT 'schema ' || n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a WHERE ${mine} AND a.grantee <> n.nspowner
     UNION SELECT 'database ' || d.datname FROM pg_database d, aclexplode(d.datacl) a WHERE ${mine} AND a.grantee <> d.datdba
     ORDER BY 1`,
  )
  if (names.length > 0) {
    add(
      'grant-option',
      'high',
      `It may give away its rights on ${listOf(names)}.`,
      'They were granted WITH GRANT OPTION.',
    )
  }
}

async function otherDatabases(db: Connection, isSuper: boolean, add: Add): Promise<readonly string[]> {
  const rows = await db.rows(`SELECT d.datname AS name,
      pg_has_role(current_user, d.datdba, 'USAGE') OR EXISTS (SELECT FROM aclexplode(d.datacl) a
        WHERE a.grantee <> 0 AND pg_has_role(current_user, a.grantee, 'USAGE')) AS own
    FROM pg_database d WHERE d.datallowconn AND NOT d.datistemplate AND d.datname <> current_database()
    AND has_database_privilege(current_user, d.oid, 'CONNECT') ORDER BY 1`)
  if (isSuper) return []
  const [granted, open] = [true, false].map((own) =>
    rows.filter((row) => row['own'] === own).map(({ name }) => String(name)),
  )
  if (granted !== undefined && granted.length > 0) {
    add(
      'other-databases',
      'high',
      `It has rights on ${listOf(granted)}.`,
      'A hole in this app is a hole in the others.',
    )
  }
  if (open !== undefined && open.length > 0) {
    add(
      'open-databases',
      'low',
      `It may connect to ${listOf(open)}, as everybody may.`,
      'REVOKE CONNECT ... FROM PUBLIC, once those who need it have been granted it.',
    )
  }
  return open ?? []
}

/** Whoever may take on the role of an owner is one; a right on some columns counts as one on the table, and says on which. */
async function tablesOf(db: Connection, isSuper: boolean): Promise<readonly TableRights[]> {
  const kinds = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
  const columns = kinds
    .map((kind) => {
      const onTable = `has_table_privilege(current_user, c.oid, '${kind}')`
      const onColumns = `has_any_column_privilege(current_user, c.oid, '${kind}')`
      return `${BY_COLUMN.has(kind) ? `(${onTable} OR ${onColumns})` : onTable} AS "${kind}"`
    })
    .join(', ')
  const isOwner = isSuper ? 'c.relowner = current_user::regrole' : `pg_has_role(current_user, c.relowner, 'MEMBER')`
  const rows = await db.rows(`SELECT n.nspname AS schema, c.relname AS name,
      ${isOwner} AS "OWNER", ${columns}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${NO_SYSTEM} ORDER BY 1, 2`)
  const single = await columnsOf(db)
  return rows.map((row) => {
    const [schema, name] = [String(row['schema']), String(row['name'])]
    const columns = single.get(JSON.stringify([schema, name]))
    const rights = [...kinds, 'OWNER'].filter((kind) => row[kind] === true)
    return { schema, name, rights, ...(columns && { columns }) }
  })
}

/** Where rights on some columns are all that there are, by schema and table. */
async function columnsOf(db: Connection): Promise<ReadonlyMap<string, Columns>> {
  const found = new Map<string, Partial<Record<keyof Columns, string[]>>>()
  for (const right of RIGHTS.filter((each) => BY_COLUMN.has(each))) {
    const rows = await db.rows(`SELECT n.nspname AS schema, c.relname AS name, a.attname AS column
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${NO_SYSTEM} AND a.attnum > 0 AND NOT a.attisdropped
      AND NOT has_table_privilege(current_user, c.oid, '${right}')
      AND has_column_privilege(current_user, c.oid, a.attnum, '${right}') ORDER BY 1, 2, a.attnum`)
    for (const { schema, name, column } of rows) {
      const key = JSON.stringify([String(schema), String(name)])
      const columns = found.get(key) ?? {}
      found.set(key, columns)
      ;(columns[right] ??= []).push(String(column))
    }
  }
  return found
}

async function namesOf(db: Connection, sql: string): Promise<readonly string[]> {
  return (await db.rows(sql)).map(({ name }) => String(name))
}
