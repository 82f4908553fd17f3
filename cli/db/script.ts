import { type Account, type MysqlFacts, type Needs, neededOf, type PostgresFacts } from './account.ts'

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
    const rights = neededOf(table, needs)
    return rights.length === 0
      ? []
      : [`GRANT ${rights.join(', ')}\n  ON ${identifier(table.schema)}.${identifier(table.name)} TO ${name};`]
  })
  const schemas = [...new Set(account.tables.map(({ schema }) => schema))]
  const inserts = account.tables.some((table) => neededOf(table, needs).includes('INSERT'))
  const later = facts.owners
    .filter((owner) => needs === undefined && owner !== role)
    .flatMap((owner) =>
      schemas.flatMap((schema) =>
        ['SELECT, INSERT, UPDATE, DELETE ON TABLES', 'USAGE ON SEQUENCES'].map(
          (rights) =>
            `ALTER DEFAULT PRIVILEGES\n  FOR ROLE ${identifier(owner)} IN SCHEMA ${identifier(schema)}\n  GRANT ${rights} TO ${name};`,
        ),
      ),
    )
  return lines([
    `-- The rights that the app needs in the database ${comment(account.database)}, and no others.`,
    '-- Run it as the owner of the tables or as a superuser, in that database.',
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
    ...(inserts
      ? facts.sequences.map(
          (each) => `GRANT USAGE\n  ON SEQUENCE ${identifier(each.schema)}.${identifier(each.name)} TO ${name};`,
        )
      : []),
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
  const grants =
    needs === undefined
      ? [`GRANT SELECT, INSERT, UPDATE, DELETE\n  ON ${pattern}.* TO ${who};`]
      : account.tables.flatMap((table) => {
          const rights = neededOf(table, needs)
          return rights.length === 0
            ? []
            : [`GRANT ${rights.join(', ')}\n  ON ${database}.${backquoted(table.name)} TO ${who};`]
        })
  return lines([
    `-- The rights that the app needs in the database ${comment(account.database)}, and no others.`,
    '-- Run it as an administrator. The account stays locked until it has a password.',
    `CREATE USER IF NOT EXISTS ${who} ACCOUNT LOCK;`,
    ...grants,
    '-- Then give it a password:',
    `--   ALTER USER ${comment(who)}`,
    "--     IDENTIFIED BY '...' ACCOUNT UNLOCK;",
  ])
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
