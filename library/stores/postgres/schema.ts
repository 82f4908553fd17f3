import { BulwarkError } from '../../core/errors.ts'

/** Names as they stand in a statement, quoted. */
export interface Tables {
  readonly entries: string
  readonly limits: string
  readonly ownerIndex: string
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/

/** The tables of a store. Throws `BulwarkError` `BULWARK_POLICY_INVALID` for what is no name, or a name with a schema. */
export function parseTables(table: string): Tables {
  const parts = typeof table === 'string' ? table.split('.') : []
  const name = parts.at(-1) ?? ''
  if (parts.length > 2 || !parts.every((part) => NAME.test(part)) || name === '') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no name for tables', {
      at: 'postgresStore(pool, { table })',
      fix: "use up to 40 letters, digits and underscores, with the schema before it if you like: 'security.bulwark'",
    })
  }
  const schema = parts.length === 2 ? `"${parts[0]}".` : ''
  return {
    entries: `${schema}"${name}_entries"`,
    limits: `${schema}"${name}_limits"`,
    ownerIndex: `"${name}_entries_owner"`,
  }
}

/**
 * Rows are found by a hash of their key: an index of PostgreSQL takes no more than 2,704 bytes, and keys may be longer. No index is on the
 * time of expiry, and each page keeps some room, so that prolonging an entry or taking from a limit writes one row and no index.
 * Both tables are logged: sessions and locks of accounts survive a crash and a failover.
 */
export function toSchema({ entries, limits, ownerIndex }: Tables): string {
  return `CREATE TABLE IF NOT EXISTS ${entries} (
    id text COLLATE "C" PRIMARY KEY, key text NOT NULL, value text NOT NULL, version bigint NOT NULL, expires bigint NOT NULL,
    owner text COLLATE "C"
  ) WITH (fillfactor = 80);
  CREATE INDEX IF NOT EXISTS ${ownerIndex} ON ${entries} (owner) WHERE owner IS NOT NULL;
  CREATE TABLE IF NOT EXISTS ${limits} (
    id text COLLATE "C" PRIMARY KEY, level double precision NOT NULL, at double precision NOT NULL, period double precision NOT NULL,
    expires double precision NOT NULL, admitted boolean NOT NULL
  ) WITH (fillfactor = 50);`
}

/**
 * Makes the tables where they are missing, as one statement. Of two starters one waits: by itself, `IF NOT EXISTS` fails for whoever looks
 * while the other one creates. Where the tables are there already, nothing is asked of the account but to use them.
 */
export function toPreparation(tables: Tables): string {
  const areThere = `to_regclass('${tables.entries}') IS NOT NULL AND to_regclass('${tables.limits}') IS NOT NULL`
  return `DO $bulwark$ BEGIN
  IF ${areThere} THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('bulwark'), hashtext('${tables.entries}'));
  IF ${areThere} THEN RETURN; END IF;
  ${toSchema(tables)}
END $bulwark$`
}
