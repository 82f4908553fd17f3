import {
  type Account,
  type MysqlFacts,
  type Needs,
  neededOf,
  type PostgresFacts,
  RIGHTS,
  type TableRights,
} from './account.ts'

/**
 * The statements that make an account with the rights that the app needs, and no others. To be run by an administrator.
 * **Security**: there is no password in it; it says how to set one.
 */
export function toScript(account: Account, role: string, needs: Needs): string {
  const { facts } = account
  return facts.kind === 'postgres'
    ? postgresScript(account, facts, role, needs)
    : mysqlScript(account, facts, role, needs)
}

function postgresScript(account: Account, facts: PostgresFacts, role: string, needs: Needs): string {
  const name = identifier(role)
  const grants = account.tables.flatMap((table) => {
    const rights = grantedOf(table, needs, identifier)
    return rights === ''
      ? []
      : [`GRANT ${rights}\n  ON ${identifier(table.schema)}.${identifier(table.name)} TO ${name};`]
  })
  const used = account.tables.filter((table) => neededOf(table, needs).length > 0)
  const schemas = [...new Set(used.map(({ schema }) => schema))]
  const filled = new Set(
    used.filter((table) => neededOf(table, needs).includes('INSERT')).map((table) => `${table.schema}.${table.name}`),
  )
  const sequences = facts.sequences.filter(({ of }) => (of === undefined ? filled.size > 0 : filled.has(of)))
  const all = RIGHTS.filter((right) => used.some((table) => wholeOf(table, needs).includes(right)))
  const comes = [
    ...(all.length > 0 ? [`${all.join(', ')} ON TABLES`] : []),
    ...(all.includes('INSERT') ? ['USAGE ON SEQUENCES'] : []),
  ]
  const later = facts.owners
    .filter((owner) => needs === undefined && owner !== role)
    .flatMap((owner) =>
      schemas.flatMap((schema) =>
        comes.map(
          (rights) =>
            `ALTER DEFAULT PRIVILEGES\n  FOR ROLE ${identifier(owner)} IN SCHEMA ${identifier(schema)}\n  GRANT ${rights} TO ${name};`,
        ),
      ),
    )
  return lines([
    ...heading(account, needs),
    ...(facts.owners.length > 1
      ? ['-- Run it in that database as a superuser: its tables have several owners.']
      : [
          '-- Run it in that database as a superuser, or as the owner of the tables when',
          '-- that one may make roles.',
        ]),
    'BEGIN;',
    'DO $$ BEGIN',
    `  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${text(role)}) THEN`,
    `    CREATE ROLE ${name};`,
    '  END IF;',
    'END $$;',
    `ALTER ROLE ${name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`,
    '  NOREPLICATION NOBYPASSRLS;',
    ...facts.publicCreates.map((schema) => `REVOKE CREATE ON SCHEMA ${identifier(schema)} FROM PUBLIC;`),
    `GRANT CONNECT ON DATABASE ${identifier(account.database)} TO ${name};`,
    ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${identifier(schema)} TO ${name};`),
    ...grants,
    ...sequences.map(
      (each) => `GRANT USAGE\n  ON SEQUENCE ${identifier(each.schema)}.${identifier(each.name)} TO ${name};`,
    ),
    ...(later.length > 0 ? ['-- Tables to come.', ...later] : []),
    'COMMIT;',
    `-- Then give it a password, in psql:  \\password ${comment(role)}`,
    ...(facts.otherDatabases.length > 0
      ? [
          '-- Everybody may connect to these. Others may count on it, so look first:',
          ...facts.otherDatabases.map(
            (each) => `--   REVOKE CONNECT ON DATABASE ${comment(identifier(each))} FROM PUBLIC;`,
          ),
        ]
      : []),
  ])
}

function mysqlScript(account: Account, { host }: MysqlFacts, role: string, needs: Needs): string {
  const who = `${mysqlText(role)}@${mysqlText(host)}`
  const database = backquoted(account.database)
  // A grant on a whole database takes a pattern.
  const pattern = backquoted(account.database.replace(/[\\_%]/g, '\\$&'))
  const each = account.tables.map((table) => ({ table, rights: grantedOf(table, needs, backquoted) }))
  const one = each[0]?.rights
  // A right on the whole database holds for tables to come as well, which only an account has that may do the same everywhere.
  const grants =
    needs === undefined && one && each.every(({ table, rights }) => rights === one && table.columns === undefined)
      ? [`GRANT ${one}\n  ON ${pattern}.* TO ${who};`]
      : each.flatMap(({ table, rights }) =>
          rights === '' ? [] : [`GRANT ${rights}\n  ON ${database}.${backquoted(table.name)} TO ${who};`],
        )
  return lines([
    ...heading(account, needs),
    '-- Run it as an administrator. The account stays locked until it has a password.',
    `CREATE USER IF NOT EXISTS ${who} ACCOUNT LOCK;`,
    ...grants,
    '-- Then give it a password:',
    `--   ALTER USER ${comment(who)}`,
    "--     IDENTIFIED BY '...' ACCOUNT UNLOCK;",
  ])
}

/** What the account needs of a table, as it is granted. A right that it has on some columns stays one on these columns. */
function grantedOf(table: TableRights, needs: Needs, quote: (name: string) => string): string {
  return neededOf(table, needs)
    .map((right) => {
      const columns = table.columns?.[right]
      return columns === undefined ? right : `${right} (${columns.map(quote).join(', ')})`
    })
    .join(', ')
}

/** What it needs of all columns: nobody knows the columns of tables to come. */
function wholeOf(table: TableRights, needs: Needs): readonly string[] {
  return neededOf(table, needs).filter((right) => table.columns?.[right] === undefined)
}

function heading({ database }: Account, needs: Needs): readonly string[] {
  const where = `in the database ${comment(database)}`
  return needs === undefined
    ? [
        `-- The rights to rows that the account has ${where}.`,
        '-- --code or --queries find out which of these rights the app needs.',
      ]
    : [`-- The rights that the app needs ${where}, and no others.`]
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function backquoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

function mysqlText(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** **Security**: a name may hold a line break, behind which it would not be a comment any more. */
function comment(value: string): string {
  return value.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, '?')
}
