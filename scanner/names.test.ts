import { describe, expect, test } from 'vitest'
import type { Node, Rule, SourceFile } from '../library/core/rule.ts'
import { scanText } from './index.ts'

/** What the file says about the argument of `look(...)`. */
function look<Answer>(
  text: string,
  ask: (file: SourceFile, node: Node) => Answer,
  files: Readonly<Record<string, string>> = {},
): Answer | undefined {
  let answer: Answer | undefined
  const rule: Rule = {
    name: 'test/look',
    risk: 'test',
    title: 'Looks',
    check(file) {
      for (const call of file.nodes('CallExpression')) {
        if (call['callee'].name === 'look') answer = ask(file, call['arguments'][0])
      }
      return []
    },
  }
  const result = scanText('app.ts', text, [rule], { files: new Map(Object.entries(files)) })
  expect(result.unparsed).toEqual([])
  return answer
}

const nameIn = (text: string, files?: Readonly<Record<string, string>>): string | undefined =>
  look(text, (file, node) => file.nameOf(node), files)

describe('a name leads to its origin', () => {
  test.each([
    ['a required module', `const cp = require('child_process'); look(cp.exec)`, 'node:child_process.exec'],
    [
      'a destructured require',
      `const { exec: run } = require('node:child_process'); look(run)`,
      'node:child_process.exec',
    ],
    ['a named import', `import { readFile as read } from 'fs/promises'; look(read)`, 'node:fs/promises.readFile'],
    ['a namespace import', `import * as fs from 'fs'; look(fs.promises.readFile)`, 'node:fs.promises.readFile'],
    ['a default import', `import express from 'express'; const app = express(); look(app.get)`, 'express().get'],
    [
      'a chain of registrations',
      `const app = require('express')().use(x).get('/', f); look(app.post)`,
      'express().post',
    ],
    ['a setting that is read', `const app = require('express')(); look(app.get('env'))`, 'express().get()'],
    ['a router', `import { Router } from 'express'; const r = Router(); look(r.use)`, 'express.Router().use'],
    ['an instance', `import { Pool } from 'pg'; const db = new Pool(); look(db.query)`, 'pg.Pool().query'],
    [
      'an awaited client',
      `import mysql from 'mysql2/promise'; const c = await mysql.createConnection(u); look(c.query)`,
      'mysql2/promise.createConnection().query',
    ],
    [
      'a field of a class',
      `import { Pool } from 'pg'; class Repo { db = new Pool(); find() { look(this.db.query) } }`,
      'pg.Pool().query',
    ],
    [
      'a field set in the constructor',
      `import pg from 'pg'; class R { constructor() { this.db = new pg.Pool() } f() { look(this.db.query) } }`,
      'pg.Pool().query',
    ],
    [
      'a promisified function',
      `import { promisify } from 'util'; import { exec } from 'child_process'; const run = promisify(exec); look(run)`,
      'node:child_process.exec',
    ],
    [
      'a function of the project that makes it',
      `import pg from 'pg'; const connect = () => new pg.Pool(); const db = connect(); look(db.query)`,
      'pg.Pool().query',
    ],
    [
      'a parameter, from the call',
      `import pg from 'pg'; function find(db) { look(db.query) } find(new pg.Client())`,
      'pg.Client().query',
    ],
    ['a global', `look(globalThis.fetch)`, 'fetch'],
    ['a property through TypeScript', `import fs from 'node:fs'; look((fs as any).readFile!)`, 'node:fs.readFile'],
    ['one of two ways', `import a from 'a'; const x = a ?? other; look(x.go)`, 'a.go'],
  ])('%s', (_, text, name) => expect(nameIn(text)).toBe(name))

  test.each([
    ["a local function is nobody else's", `function exec(c) {} look(exec)`],
    ['a shadowed global is no global', `function f(fetch) { look(fetch) }`],
    [
      'a method of an own class is not the built-in of that name',
      `class A { exec() {} } const a = new A(); look(a.exec)`,
    ],
    ['a regular expression has no name', `const re = /x/; look(re)`],
  ])('%s', (_, text) => expect(nameIn(text)).toBeUndefined())

  test.each([
    ['query of Express', `const app = require('express')(); app.get('/', (q, s) => look(q.query))`, 'req.query'],
    [
      'a destructured request',
      `const app = require('express')(); app.get('/', ({ body }, s) => look(body))`,
      'req.body',
    ],
    [
      'a response after a chain',
      `import e from 'express'; e().get('/', (a, b) => look(b.status(400).type('html').send))`,
      'res.send',
    ],
    ['an error handler', `import e from 'express'; e().use((err, a, b, c) => look(b.send))`, 'res.send'],
    [
      'Fastify',
      `import f from 'fastify'; f().get('/', async (request, reply) => look(reply.code(200).send))`,
      'res.send',
    ],
    ['node:http', `import { createServer } from 'http'; createServer((a, b) => look(b.end))`, 'res.end'],
    ['a victim', `export const victim = (app) => { app.get('/x', (q, s) => look(s.redirect)) }`, 'res.redirect'],
    [
      'a handler by name',
      `import e from 'express'; const show = (a, b) => look(b.json); e().get('/x', show)`,
      'res.json',
    ],
    [
      'a wrapped handler',
      `import e from 'express'; import wrap from 'express-async-handler'; e().get('/x', wrap(async (a, b) => look(b.json)))`,
      'res.json',
    ],
    [
      'a request handed to another function',
      `import e from 'express'; function f(x) { look(x.query.id) } e().get('/', (a, b) => f(a))`,
      'req.query.id',
    ],
    [
      'types alone',
      `import type { Request, Response } from 'express'; export function show(a: Request, b: Response) { look(b.send) }`,
      'res.send',
    ],
    ['Koa', `import Router from '@koa/router'; new Router().get('/x', (ctx) => look(ctx.redirect))`, 'res.redirect'],
    ['Hono', `import { Hono } from 'hono'; new Hono().get('/x', (c) => look(c.req.query))`, 'req.query'],
    ['Nest', `import { Query } from '@nestjs/common'; class C { f(@Query('q') q: string) { look(q) } }`, 'req.query.q'],
  ])('the words of a handler: %s', (_, text, name) => expect(nameIn(text)).toBe(name))
})

describe('names cross files', () => {
  test.each([
    [
      'ESM by name',
      `import { db } from './db.js'; look(db.query)`,
      { 'db.ts': `import pg from 'pg'; export const db = new pg.Pool()` },
    ],
    [
      'ESM by default',
      `import db from './db'; look(db.query)`,
      { 'db.mjs': `import pg from 'pg'; export default new pg.Pool()` },
    ],
    [
      'ESM as a whole',
      `import * as data from './db'; look(data.db.query)`,
      { 'db.js': `import pg from 'pg'; const db = new pg.Pool(); export { db }` },
    ],
    [
      'a renamed export',
      `import { db } from './db'; look(db.query)`,
      { 'db.js': `import pg from 'pg'; const x = new pg.Pool(); export { x as db }` },
    ],
    [
      'two barrels',
      `import { db } from './data'; look(db.query)`,
      {
        'data/index.ts': `export * from './inner/index.js'`,
        'data/inner/index.ts': `export { store as db } from './db.js'`,
        'data/inner/db.ts': `import pg from 'pg'; export const store = new pg.Pool()`,
      },
    ],
    [
      'module.exports',
      `const db = require('./db'); look(db.query)`,
      { 'db.js': `const pg = require('pg'); module.exports = new pg.Pool()` },
    ],
    [
      'module.exports with names',
      `const { db } = require('./db'); look(db.query)`,
      { 'db.js': `const pg = require('pg'); const db = new pg.Pool(); module.exports = { db }` },
    ],
    [
      'exports.name',
      `const data = require('./db'); look(data.db.query)`,
      { 'db.js': `const pg = require('pg'); exports.db = new pg.Pool()` },
    ],
    [
      'CommonJS under an ESM default import',
      `import db from './db.cjs'; look(db.query)`,
      { 'db.cjs': `const pg = require('pg'); module.exports = new pg.Pool()` },
    ],
    [
      'import equals',
      `import db = require('./db'); look(db.query)`,
      { 'db.ts': `import pg = require('pg'); const db = new pg.Pool(); export = db` },
    ],
    [
      'a package of the workspace',
      `import { db } from '@own/data'; look(db.query)`,
      {
        'packages/data/package.json': `{"name":"@own/data"}`,
        'packages/data/src/index.ts': `import pg from 'pg'; export const db = new pg.Pool()`,
      },
    ],
    [
      'an alias of the source folder',
      `import { db } from '@/db'; look(db.query)`,
      { 'src/db.ts': `import pg from 'pg'; export const db = new pg.Pool()` },
    ],
  ])('%s', (_, text, files) => expect(nameIn(text, files)).toBe('pg.Pool().query'))

  test('files that import each other end', () => {
    expect(
      nameIn(`import { a } from './b'; export { a } from './b'; look(a)`, { 'b.ts': `export { a } from './app'` }),
    ).toBeUndefined()
  })
})

describe('constants', () => {
  test.each([
    ['a string', `look('a')`, 'a'],
    ['a constant', `const a = 'a'; look(a)`, 'a'],
    ['joined text', `const a = \`x\${1}\`; look(a + "/" + 2)`, 'x1/2'],
    ['a product', `const MB = 1024 * 1024; look(2 * MB)`, 2097152],
    ['a property', `const o = { a: { b: true } }; look(o.a.b)`, true],
    ['a negated constant', `const a = false; look(!a)`, true],
    ['nothing', `look(null)`, null],
    ['a variable that may be two things', `let a = 'a'; a = 'b'; look(a)`, undefined],
    ['a variable that may be unknown', `let a = 'a'; a = other(); look(a)`, undefined],
    ['a default that a caller may replace', `function f(a = 'a') { look(a) }`, undefined],
    ['a regular expression', `look(/a/)`, undefined],
    ['text that grows', `let a = 'a'; a = a + a; look(a)`, undefined],
  ])('%s', (_, text, value) => expect(look(text, (file, node) => file.valueOf(node))).toBe(value))

  test('a constant of another file', () => {
    const files = { 'config.ts': `export const config = { secret: 'hush' }` }
    expect(look(`import { config } from './config.js'; look(config.secret)`, (f, n) => f.valueOf(n), files)).toBe(
      'hush',
    )
  })

  test.each([
    ['written there', `look({ a: 1 })`, 1],
    ['through a constant', `const o = { 'a': 1 }; look(o)`, 1],
    ['through a spread', `const base = { a: 1 }; look({ ...base, b: 2 })`, 1],
    ['overwritten after a spread', `const base = { a: 1 }; look({ ...base, a: 2 })`, 2],
    ['overwritten by a spread', `const base = { a: 2 }; look({ a: 1, ...base })`, 2],
    ['missing', `look({ b: 1 })`, undefined],
    ['missing in an object that spreads itself', `let o = { b: 1 }; o = { ...o }; look(o)`, undefined],
  ])('a property: %s', (_, text, value) => {
    const found = look(text, (file, node) => {
      const property = file.propertyOf(node, 'a')
      return property && file.valueOf(property)
    })
    expect(found).toBe(value)
  })
})

describe('the project as a whole', () => {
  test('a package counts as used wherever it is imported', () => {
    const files = { 'deep/x.js': `require('@scope/a/sub'); import('b'); require('fs')` }
    const used = ['@scope/a', 'b', 'node:fs', 'express'].map((name) =>
      look('look(1)', (file) => file.usesPackage(name), files),
    )
    expect(used).toEqual([true, true, true, false])
  })

  test.each([
    [`import { bulwark } from 'bulwark/express'; app.use(bulwark()); look(1)`, true],
    [`import { secure } from 'bulwark'; secure(server, policy); look(1)`, true],
    [`import { secure } from 'bulwark'; app.get('/', secure({ allow: 'x' }), f); look(1)`, false],
    [`function bulwark() {} bulwark(); look(1)`, false],
  ])('whether Bulwark stands in front: %s', (text, expected) => {
    expect(look(text, (file) => file.hasBulwark)).toBe(expected)
  })

  test('the nearest package.json is the one of the file', () => {
    const files = { 'package.json': '{"name":"root"}', 'a/package.json': '{"name":"inner"}' }
    expect(look('look(1)', (file) => file.manifest?.['name'], files)).toBe('root')
  })
})
