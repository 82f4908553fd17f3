import type { Tables } from './schema.ts'

/** Every statement of a store. The last parameter is the time, or null for the server's own. Numbers come back as text, whatever parses types. */
export interface Statements {
  /** id */
  readonly get: string
  /** id, key, value, version, ttl, owner */
  readonly put: string
  /** id, key, value, version, ttl, owner */
  readonly create: string
  /** id, value, version, ttl, owner, expected */
  readonly replace: string
  /** id */
  readonly delete: string
  /** owner */
  readonly keysOf: string
  /** owner */
  readonly deleteAllOf: string
  /** id, burst, period, cost */
  readonly take: string
  /** the id after which to go on */
  readonly sweepEntries: string
  readonly sweepLimits: string
}

/** How many rows one step of sweeping looks at. */
const ROWS = 128

export function toStatements({ entries, limits }: Tables): Statements {
  const put = `INSERT INTO ${entries} AS e (id, key, value, version, expires, owner)
    VALUES ($1, $2, $3, $4::bigint, ${now(7)} + $5::bigint, $6)
    ON CONFLICT (id) DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires, owner = excluded.owner`
  return {
    get: `SELECT value, version::text AS version FROM ${entries} WHERE id = $1 AND expires > ${now(2)}`,
    put: `${put} RETURNING 1 AS done`,
    create: `${put} WHERE e.expires <= ${now(7)} RETURNING 1 AS done`,
    replace: `UPDATE ${entries} SET value = $2, version = $3::bigint, expires = ${now(7)} + $4::bigint, owner = $5
      WHERE id = $1 AND version::text = $6 AND expires > ${now(7)} RETURNING 1 AS done`,
    delete: `WITH forgotten AS (DELETE FROM ${limits} WHERE id = $1)
      DELETE FROM ${entries} WHERE id = $1 RETURNING (expires > ${now(2)})::text AS live`,
    keysOf: `SELECT key FROM ${entries} WHERE owner = $1 AND expires > ${now(2)}`,
    deleteAllOf: `DELETE FROM ${entries} WHERE owner = $1 RETURNING (expires > ${now(2)})::text AS live`,
    take: toTake(limits),
    sweepEntries: toSweep(entries),
    sweepLimits: toSweep(limits),
  }
}

/**
 * The arithmetic of `toolbox/gcra.ts`, which doubles count alike here and there.
 *
 * What is refused by what the last transaction left, and a mere look, write nothing: a flood must not queue for the row. All else goes through
 * the row's lock, and is decided there once more: what is in DO UPDATE is computed when the lock is held, from the row as it is then, and by
 * the time that it is then.
 */
function toTake(limits: string): string {
  const full = '($2::float8 * $3::float8)'
  const drained = (row: string, time: string): string =>
    `least(${full}, greatest(0, CASE WHEN ${row}.period = $3::float8 THEN ${row}.level ELSE ceil(${row}.level / ${row}.period * $3::float8) END
      - greatest(0, ${time} - ${row}.at) * $2::float8))`
  const fits = (level: string): string =>
    `($4::float8 <= 0 OR ($4::float8 <= $2::float8 AND ${level} + $4::float8 * $3::float8 <= ${full}))`
  const poured = (level: string): string => `greatest(0, ${level} + $4::float8 * $3::float8)`
  return `WITH clock AS MATERIALIZED (SELECT ${now(5)}::float8 AS now),
    seen AS MATERIALIZED (
      SELECT clock.now, l.id IS NOT NULL AS known, coalesce(${drained('l', 'clock.now')}, 0) AS level
      FROM clock LEFT JOIN ${limits} AS l ON l.id = $1
    ),
    poured AS (
      INSERT INTO ${limits} AS t (id, level, at, period, expires, admitted)
      SELECT $1, ${poured('0')}, seen.now, $3::float8, seen.now + ceil(${poured('0')} / $2::float8), true
      FROM seen WHERE $4::float8 <> 0 AND (known OR $4::float8 > 0) AND ${fits('seen.level')}
      ON CONFLICT (id) DO UPDATE SET (level, at, period, expires, admitted) = (
        SELECT after.level, after.now, $3::float8, after.now + ceil(after.level / $2::float8), after.fits
        FROM (
          SELECT before.now, ${fits('before.level')} AS fits,
            CASE WHEN ${fits('before.level')} THEN ${poured('before.level')} ELSE before.level END AS level
          FROM (
            SELECT clock.now, ${drained('t', 'clock.now')} AS level FROM (SELECT ${now(5)}::float8 AS now OFFSET 0) AS clock OFFSET 0
          ) AS before
        ) AS after
      )
      RETURNING admitted, level
    )
    SELECT coalesce(poured.admitted, ${fits('seen.level')})::text AS admitted, coalesce(poured.level, seen.level)::bigint::text AS level
    FROM seen LEFT JOIN poured ON true`
}

/** One step around the table, in the order of its ids. A row that somebody else is just using is left for the next round. */
function toSweep(table: string): string {
  return `WITH page AS MATERIALIZED (SELECT id FROM ${table} WHERE id > $1 ORDER BY id LIMIT ${ROWS}),
    old AS MATERIALIZED (SELECT id FROM ${table} WHERE id IN (SELECT id FROM page) AND expires <= ${now(2)} FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM ${table} WHERE id IN (SELECT id FROM old))
    SELECT max(id) AS last FROM page`
}

/** Not `now()`, which stands still inside of a transaction. */
function now(parameter: number): string {
  return `coalesce($${parameter}::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`
}
