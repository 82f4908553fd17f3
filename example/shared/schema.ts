/** The tables, in words that SQLite and PostgreSQL share but for the numbers that count by themselves. */
export function tables(kind: 'sqlite' | 'postgres'): readonly string[] {
  const counted = kind === 'sqlite' ? 'INTEGER PRIMARY KEY' : 'INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY'
  const big = kind === 'sqlite' ? 'INTEGER' : 'BIGINT'
  return [
    `CREATE TABLE IF NOT EXISTS people (
      id TEXT PRIMARY KEY,
      "displayName" TEXT NOT NULL,
      website TEXT NOT NULL DEFAULT '',
      bio TEXT NOT NULL DEFAULT '',
      theme TEXT NOT NULL DEFAULT 'device',
      mastodon TEXT NOT NULL DEFAULT '',
      created TEXT NOT NULL,
      gone INTEGER NOT NULL DEFAULT 0
    )`,
    `CREATE TABLE IF NOT EXISTS posts (
      id ${counted},
      author TEXT NOT NULL REFERENCES people(id),
      title TEXT NOT NULL,
      body TEXT NOT NULL,
      created TEXT NOT NULL
    )`,
    'CREATE INDEX IF NOT EXISTS posts_created ON posts (created)',
    `CREATE TABLE IF NOT EXISTS comments (
      id ${counted},
      post INTEGER NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
      author TEXT NOT NULL REFERENCES people(id),
      body TEXT NOT NULL,
      created TEXT NOT NULL
    )`,
    'CREATE INDEX IF NOT EXISTS comments_post ON comments (post)',
    `CREATE TABLE IF NOT EXISTS searches (
      id ${counted},
      person TEXT NOT NULL REFERENCES people(id),
      words TEXT NOT NULL
    )`,
    `CREATE TABLE IF NOT EXISTS mails (
      id ${counted},
      recipient TEXT NOT NULL,
      subject TEXT NOT NULL,
      body TEXT NOT NULL,
      created TEXT NOT NULL
    )`,
    // What another program still has to be told: gone when it has taken it.
    `CREATE TABLE IF NOT EXISTS notices (
      number TEXT PRIMARY KEY,
      recipient TEXT NOT NULL,
      sender TEXT NOT NULL,
      text TEXT NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0,
      due ${big} NOT NULL
    )`,
    // One row, once the sample people are in: of two processes that start together, one puts them there.
    'CREATE TABLE IF NOT EXISTS seeded (id INTEGER PRIMARY KEY)',
  ]
}
