import { closeSync, openSync } from 'node:fs'
import type { Database } from './database.ts'
import { tables } from './schema.ts'
import type { Sql } from './sql.ts'

/**
 * A database of its own in memory, or one in a file that all processes of this machine may share. `guard` stands where queries leave the app.
 */
export function openSqlite(file?: string, guard?: (db: object) => void): Promise<Database> {
  return openTables(file, tables('sqlite'), guard)
}

/** The same for other tables. */
export async function openTables(
  file = ':memory:',
  made: readonly string[],
  guard: (db: object) => void = () => {},
): Promise<Database> {
  const { DatabaseSync } = await loadSqlite()
  // People's addresses are in it: for this account only. SQLite gives its side files the same mode.
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file)
  guard(db)
  db.exec('PRAGMA busy_timeout = 5000')
  db.exec('PRAGMA journal_mode = WAL')
  // What was answered is on the disk, also when the power fails.
  db.exec('PRAGMA synchronous = FULL')
  db.exec('PRAGMA foreign_keys = ON')
  db.exec(`BEGIN IMMEDIATE; ${made.join(';')}; COMMIT`)

  const prepared = new Map<string, ReturnType<typeof db.prepare>>()
  const run = (statement: Sql): unknown[] => {
    const text = statement.sql
    const ready = prepared.get(text) ?? db.prepare(text)
    if (prepared.size < MOST_PREPARED) prepared.set(text, ready)
    return ready.all(...statement.values)
  }

  return {
    kind: 'sqlite',
    all: async <Row>(statement: Sql) => run(statement) as Row[],
    batch: async (statements) => {
      db.exec('BEGIN IMMEDIATE')
      try {
        for (const statement of statements) run(statement)
        db.exec('COMMIT')
      } catch (error) {
        db.exec('ROLLBACK')
        throw error
      }
    },
    close: async () => db.close(),
  }
}

/** Node has SQLite built in from 22.5 on; the package has the same API for Node 20. */
async function loadSqlite(): Promise<typeof import('@photostructure/sqlite')> {
  const builtIn = process.getBuiltinModule('node:sqlite') as typeof import('@photostructure/sqlite') | undefined
  return builtIn ?? (await import('@photostructure/sqlite'))
}

const MOST_PREPARED = 100
