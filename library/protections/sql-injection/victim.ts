import { createRequire } from 'node:module'
import type { VictimApp } from '../../core/victim.ts'
import { guardDatabase } from './index.ts'

interface Database {
  exec(sql: string): void
  prepare(sql: string): {
    all(...values: string[]): unknown[]
    get(...values: string[]): unknown
    run(...values: string[]): unknown
  }
}

interface Person {
  readonly id: number
  readonly name: string
}

/** A small library that writes what its visitors send into its queries. */
export function victim(app: VictimApp): void {
  const db = guardDatabase(openDatabase())
  const list = (sql: string): unknown[] => db.prepare(sql).all() // spots: sql-injection/tainted-query

  app.get(
    '/books',
    (req, res) => {
      res.json(db.prepare(`SELECT title FROM books WHERE title LIKE '%${req.query.q}%'`).all()) // spots: sql-injection/tainted-query
    },
    { query: { q: 'sea' } },
  )
  app.get(
    '/books/by-shelf',
    (req, res) => {
      // biome-ignore lint/style/useTemplate: the way in which it is mostly written
      const sql = 'SELECT id, title FROM books WHERE shelf = ' + req.query.shelf + ' ORDER BY id'
      res.json(list(sql))
    },
    { query: { shelf: '2' } },
  )
  app.get(
    '/books/:id',
    (req, res) => {
      const [book] = db.prepare(`SELECT title, shelf FROM books WHERE id = ${req.params.id}`).all() // spots: sql-injection/tainted-query
      if (book === undefined) res.status(404).send('no such book')
      else res.json(book)
    },
    { sample: '/books/3' },
  )
  app.post(
    '/sign-in',
    (req, res) => {
      const { name, password } = req.body
      const person = db.prepare(`SELECT id, name FROM people WHERE name = '${name}' AND password = '${password}'`).get() // spots: sql-injection/tainted-query
      if (person === undefined) res.status(401).send('wrong name or password')
      else res.json({ welcome: (person as Person).name })
    },
    { body: { type: 'json', fields: { name: 'ann', password: 'nobody knows' } } },
  )
  app.post(
    '/wishes',
    (req, res) => {
      // Stored as it should be; what is read back is believed below.
      db.prepare('INSERT INTO wishes (title) VALUES (?)').run(String(req.body.title))
      res.status(201).send('noted')
    },
    { body: { type: 'form', fields: { title: 'The Tide' } }, readBack: '/wishes' },
  )
  app.get('/wishes', (_req, res) => {
    const wish = db.prepare('SELECT title FROM wishes ORDER BY id DESC LIMIT 1').get() as { title: string } | undefined
    const title = wish === undefined ? '' : wish.title
    res.json({ wish: title, there: list(`SELECT title, shelf FROM books WHERE title = '${title}'`) })
  })
}

/** A database in memory with a few books, by Node's own SQLite or the package with the same face. */
function openDatabase(): Database {
  type Sqlite = { DatabaseSync: new (path: string) => Database }
  const own = process.getBuiltinModule('node:sqlite') as unknown as Sqlite | undefined
  const { DatabaseSync } = own ?? (createRequire(import.meta.url)('@photostructure/sqlite') as Sqlite)
  const db = new DatabaseSync(':memory:')
  db.exec(`
    CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, shelf INTEGER NOT NULL);
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, password TEXT NOT NULL);
    CREATE TABLE wishes (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
    INSERT INTO books (title, shelf) VALUES ('The Tide', 1), ('A sea of grass', 2), ('North', 2), ('The open sea', 3);
    INSERT INTO people (name, password) VALUES ('ann', 'a sentence of hers'), ('bob', 'another one');
  `)
  return db
}
