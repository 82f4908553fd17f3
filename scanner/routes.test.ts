import { expect, test } from 'vitest'
import type { Rule } from '../library/core/rule.ts'
import { scanText } from './index.ts'

/** The routes of a file, each as `METHOD path handler,handler` with the names of request, response and next. */
function routesIn(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  const found: string[] = []
  const rule: Rule = {
    name: 'test/routes',
    risk: 'test',
    title: 'Routes',
    check(file) {
      if (file.path !== 'app.ts') return []
      for (const { method, path, handlers } of file.routes) {
        const names = handlers.map(({ request, response, next }) => [request, response, next].filter(Boolean).join(' '))
        found.push([method, path ?? '-', names.map((name) => `(${name})`).join('')].join(' ').trim())
      }
      return []
    },
  }
  scanText('app.ts', text, [rule], { files: new Map(Object.entries(files)) })
  return found
}

const APP = `import express from 'express'; const app = express();`

test.each([
  ['a verb', `${APP} app.get('/a', (req, res) => {})`, ['GET /a (req res)']],
  ['several handlers', `${APP} app.post('/a', (q, s, n) => {}, (q2, s2) => {})`, ['POST /a (q s n)(q2 s2)']],
  [
    'a list of handlers',
    `${APP} const one = (a, b, c) => {}; app.put('/a', [one], (d, e) => {})`,
    ['PUT /a (a b c)(d e)'],
  ],
  ['middleware with a path', `${APP} app.use('/x', (a, b, c) => {})`, ['USE /x (a b c)']],
  ['middleware of a package', `${APP} import helmet from 'helmet'; app.use(helmet())`, ['USE -']],
  ['an error handler', `${APP} app.use((err, a, b, c) => {})`, ['USE - (a b c)']],
  ['a path that is a constant', `${APP} const P = '/p'; app.delete(P + '/q', (a, b) => {})`, ['DELETE /p/q (a b)']],
  ['a path that is a pattern', `${APP} app.get(/x/, (a, b) => {})`, ['GET - (a b)']],
  ['a chain', `${APP} app.route('/r').get((a, b) => {}).post((c, d) => {})`, ['POST /r (c d)', 'GET /r (a b)']],
  ['a setting is no route', `${APP} app.get('env')`, []],
  ['a client is no server', `import axios from 'axios'; axios.get('/x', (a) => {}); $.get('/y', (data) => {})`, []],
  ['a map is no server', `const m = new Map(); m.get('/x', (a, b) => {}); m.delete('x')`, []],
  ['an unknown app', `export function routes(app) { app.get('/x', (req, res) => {}) }`, ['GET /x (req res)']],
  [
    'a victim',
    `export const victim: Victim = (app) => { app.post('/x', ({ body }, res) => {}, { html: true }) }`,
    ['POST /x (res)'],
  ],
  [
    'Fastify',
    `import f from 'fastify'; f().get('/x', { preHandler: (a, b, done) => {} }, async (c, d) => {})`,
    ['GET /x (a b done)(c d)'],
  ],
  [
    'Fastify in full',
    `import f from 'fastify'; f().route({ method: 'POST', url: '/x', handler(a, b) {} })`,
    ['POST /x (a b)'],
  ],
  [
    'a plugin of Fastify',
    `import f from 'fastify'; f().register(async (own) => { own.get('/x', async (a) => {}) })`,
    ['GET /x (a)'],
  ],
  ['a hook of Fastify', `import f from 'fastify'; f().addHook('onRequest', (a, b, done) => {})`, ['USE - (a b done)']],
  ['node:http', `import http from 'node:http'; http.createServer((a, b) => {})`, ['ALL - (a b)']],
  [
    'a listener',
    `import http from 'node:http'; const s = http.createServer(); s.on('request', (a, b) => {})`,
    ['ALL - (a b)'],
  ],
  ['Koa', `import R from '@koa/router'; new R().get('/x', async (ctx, next) => {})`, ['GET /x (ctx ctx next)']],
])('%s', (_, text, expected) => expect(routesIn(text)).toEqual(expected))

test('handlers are followed into other files, as are functions that make handlers', () => {
  const files = {
    'items.js': `exports.show = (a, b) => {}; exports.make = ({ db }) => async (c, d) => {}`,
  }
  const text = `const items = require('./items'); ${APP} app.get('/a', items.show); app.get('/b', items.make({ db }))`
  expect(routesIn(text, files)).toEqual(['GET /a (a b)', 'GET /b (c d)'])
})
