import { expect, test } from 'vitest'
import { scanText } from '../../../scanner/index.ts'
import { rules } from './rule.ts'

function spotted(body: string): number {
  const text = `import net from 'node:net'; import tls from 'node:tls'; import axios from 'axios'; import express from 'express'
    express().get('/', (req, res) => { ${body} })`
  return scanText('app.js', text, rules).findings.length
}

test.each([
  'net.connect(80, req.query.host)',
  'net.createConnection({ port: 80, host: req.query.host })',
  'tls.connect(443, req.query.host)',
  `axios.create({ baseURL: req.query.api }).get('/status')`,
])('a machine that the client names is called: %s', (body) => expect(spotted(body)).toBe(1))

test.each([
  `net.connect(80, 'db.internal')`,
  `net.connect(Number(req.query.port), 'db.internal')`,
  'net.connect(80, "db.internal", () => res.end(req.query.a))',
  `axios.create({ baseURL: process.env.API, headers: { 'x-a': req.query.a } }).get('/status')`,
])('a machine of the app is called: %s', (body) => expect(spotted(body)).toBe(0))
