import { join } from 'node:path'
import type { Express, RequestHandler } from 'express'
import type { Counter } from '../stacks/counter.ts'
import type { Database } from './database.ts'

/** Routes that ask a database: with the value beside the statement, written into it, and written into it without care. */
export function databaseRoutes(app: Express, counter: Counter, database: Database): void {
  let asked = 0
  app.get('/posts', async (req, res) => {
    const rows = await database.query('SELECT id, title FROM posts WHERE title = $1 ORDER BY id', [req.query['title']])
    counter.served++
    res.json(rows)
  })
  app.get('/written', async (req, res) => {
    const value = String(req.query['title']).replaceAll("'", "''")
    const sql = `SELECT id, title FROM posts WHERE title = '${value}' AND id < ${1000 + asked++} ORDER BY id`
    const rows = await database.query(sql)
    counter.served++
    res.json(rows)
  })
  app.get('/careless', async (req, res) => {
    res.json(await database.query(`SELECT id, title FROM posts WHERE title = '${req.query['title']}' ORDER BY id`))
  })
  app.post('/orders', async (req, res) => {
    const { items } = req.body as { items: readonly { name: string; note: string; count: number }[] }
    let found = 0
    for (const item of items.slice(-FIVE.length)) {
      const sql = FIVE[found] ?? ''
      found += (await database.query(sql, [item.name, item.note])).length
    }
    counter.served++
    res.json({ items: items.length, found })
  })
}

/** Five different statements, each of which answers one row. */
const FIVE: readonly string[] = [
  'SELECT count(*) FROM posts WHERE title = $1 OR title = $2',
  'SELECT max(id) FROM posts WHERE title <> $1 AND title <> $2',
  'SELECT id FROM posts WHERE title > $1 OR title <= $2 OR id = 1 ORDER BY id LIMIT 1',
  'UPDATE posts SET title = title WHERE id = 3 AND title <> $1 AND title <> $2 RETURNING id',
  'SELECT id FROM posts WHERE title NOT IN ($1, $2) ORDER BY title LIMIT 1',
]

type Static = (folder: string) => RequestHandler
type ReadFile = (path: string, encoding: 'utf8') => Promise<string>

/** Routes that read files: one of a folder that is served, and a template that the client names. */
export function fileRoutes(app: Express, counter: Counter, folder: string, serve: Static, readFile: ReadFile): void {
  app.use('/static', (_req, _res, next) => {
    counter.served++
    next()
  })
  app.use('/static', serve(join(folder, 'static')))
  app.get('/pages', async (req, res) => {
    const template = await readFile(join(folder, 'templates', `${req.query['page']}.html`), 'utf8')
    counter.served++
    res.type('html').send(template.replace('NAME', String(req.query['name'])))
  })
}
