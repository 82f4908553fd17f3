import { expect, test } from 'vitest'
import { scanText } from '../../../scanner/index.ts'
import { rules } from './rule.ts'

test.each([
  [`raw('name = ' + req.query.a)`, 'objection', 1],
  [`literal('name = ' + req.query.a)`, 'sequelize', 1],
  [`raw('lower(name)')`, 'objection', 0],
  [`raw('name = ?', [req.query.a])`, 'objection', 0],
  [`raw('name = ' + req.query.a)`, './own.js', 0],
])('a piece of a query, %s of %s', (call, from, count) => {
  const text = `import { raw, literal } from '${from}'; import express from 'express'
    express().get('/', (req, res) => { list.where(${call}) })`
  expect(scanText('app.js', text, rules).findings).toHaveLength(count)
})

const GLUED = `import { Pool } from 'pg'; import express from 'express'
  const pool = new Pool()
  const glued = (text) => ({ text, values: [] })
  const titled = (title) => ({ text: 'SELECT * FROM posts WHERE title = $1', values: [title] })
  express().get('/', async (req, res) => {
`

test.each([
  [
    'await pool.query(glued("SELECT * FROM posts WHERE id = " + req.query.id))\nawait pool.query(glued(`SELECT 1`))',
    [6],
  ],
  ['const all = glued(`SELECT 1`)\nconst one = glued("SELECT " + req.query.id)\npool.query(all)\npool.query(one)', [9]],
  ['await pool.query(titled(req.query.title))\nawait pool.query({ text: "SELECT " + req.query.id, values: [] })', [7]],
  ['await pool.query({ text: `SELECT 1`, values: [req.query.id] })', []],
])('a query that a function puts together is judged by what it was given here: %s', (calls, lines) => {
  const { findings } = scanText('app.js', `${GLUED}${calls} })`, rules)
  expect(findings.map(({ place }) => ('line' in place ? place.line : 0))).toEqual(lines)
  for (const { trace = [] } of findings) expect(trace[0]?.line).toBeGreaterThan(5)
})
