import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { probe } from '../../../prober/index.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

interface Database {
  exec(sql: string): void
  prepare(sql: string): { all(...values: string[]): unknown[] }
}

/** The attacks that worked, each with its place. */
async function attack(app: Victim): Promise<string[]> {
  const running = await frameworks['node:http']!(app, undefined)
  try {
    const { results } = await probe({ url: running.origin, routes: [...running.routes], crawl: false, probes })
    return results.flatMap(({ probe: name, outcomes }) =>
      outcomes.filter(({ verdict }) => verdict === 'proven').map(({ path }) => `${name} ${path}`),
    )
  } finally {
    await running.close()
  }
}

function shop(): Database {
  const { DatabaseSync } = createRequire(import.meta.url)('@photostructure/sqlite') as {
    DatabaseSync: new (path: string) => Database
  }
  const db = new DatabaseSync(':memory:')
  db.exec(`CREATE TABLE goods (id INTEGER, name TEXT, price REAL);
    INSERT INTO goods VALUES (1, 'lamp', 30), (2, 'chair', 80), (3, 'rug', 55)`)
  return db
}

test('the column of an order is a place of its own, also where the app says nothing of what went wrong', async () => {
  const db = shop()
  const found = await attack((app) => {
    app.get(
      '/goods',
      (req, res) => {
        try {
          res.json(db.prepare(`SELECT * FROM goods ORDER BY ${req.query['by']}`).all())
        } catch {
          res.status(500).json({ error: 'failed' })
        }
      },
      { query: { by: 'price' } },
    )
  })
  expect(found).toEqual(['sql-injection/error-based /goods', 'sql-injection/boolean /goods'])
})

test('a query of GraphQL has its values inside', async () => {
  const db = shop()
  const found = await attack((app) => {
    app.post(
      '/graphql',
      (req, res) => {
        const [, text = '""'] = /name: ("(?:[^"\\]|\\.)*")/.exec(String(req.body['query'])) ?? []
        try {
          res.json({ data: db.prepare(`SELECT name FROM goods WHERE name = '${JSON.parse(text)}'`).all() })
        } catch {
          res.json({ errors: [{ message: 'failed' }] })
        }
      },
      { body: { type: 'json', fields: { query: '{ goods(name: "lamp") { name } }' } } },
    )
  })
  expect(found).toEqual(['sql-injection/boolean /graphql', 'sql-injection/union /graphql'])
})

test('neither a shell that misses a quote nor a picky app is a database', async () => {
  const run = (command: string): string => {
    try {
      return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      return String(error)
    }
  }
  const found = await attack((app) => {
    // Only what an attack on SQL sends comes here.
    app.post('/echo', (req, res) => res.send(run(`echo PING ${String(req.body['host']).replace(/[^\w'. ]/g, '')}`)), {
      body: { type: 'form', fields: { host: '127.0.0.1' } },
    })
    app.get(
      '/quiet',
      (req, res) => {
        const odd = (String(req.query['name']).match(/'/g) ?? []).length % 2 === 1
        res.status(odd ? 500 : 200).send('hello')
      },
      { query: { name: 'ann' } },
    )
    app.get('/order', (req, res) => res.status(/^\w+$/.test(String(req.query['by'])) ? 200 : 500).send('goods'), {
      query: { by: 'price' },
    })
  })
  expect(found).toEqual([])
})
