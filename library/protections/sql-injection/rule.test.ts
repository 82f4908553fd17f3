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
