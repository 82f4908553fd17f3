import type { DatabaseSyncInstance } from '@photostructure/sqlite'

export type Database = DatabaseSyncInstance

/** Opens a new, empty database in memory: each start of the blog begins afresh. */
export async function openDatabase(): Promise<Database> {
  const sqlite = await loadSqlite()
  const db = new sqlite.DatabaseSync(':memory:')
  db.exec(tables)
  return db
}

/** Node has SQLite built in from 22.5 on; the package has the same API for Node 20. */
async function loadSqlite(): Promise<typeof import('@photostructure/sqlite')> {
  const builtIn = process.getBuiltinModule('node:sqlite') as typeof import('@photostructure/sqlite') | undefined
  return builtIn ?? (await import('@photostructure/sqlite'))
}

const tables = `
  PRAGMA foreign_keys = ON;

  CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password TEXT NOT NULL,
    displayName TEXT NOT NULL,
    website TEXT NOT NULL DEFAULT '',
    bio TEXT NOT NULL DEFAULT '',
    theme TEXT NOT NULL DEFAULT 'device',
    mastodon TEXT NOT NULL DEFAULT '',
    generation INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    author INTEGER NOT NULL REFERENCES people(id),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;

  CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    post INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
    author INTEGER NOT NULL REFERENCES people(id),
    body TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;

  CREATE TABLE resets (
    token TEXT PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people(id),
    expires INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE mails (
    id INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;
`
