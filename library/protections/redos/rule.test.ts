// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the rules read code that is text here

import { describe, expect, test } from 'vitest'
import { scanText } from '../../../scanner/index.ts'
import { rules } from './rule.ts'

/** The rules that spot something in the body of a route. */
function spotted(body: string, head = ''): string[] {
  const text = `import express from 'express'\n${head}\nconst app = express()\napp.post('/', (req, res) => {\n${body}\n})\n`
  return scanText('app.ts', text, rules).findings.map(({ foundBy }) => foundBy.split('/')[1] ?? '')
}

describe('a pattern of the client', () => {
  test.each([
    'new RegExp(req.query.q)',
    "RegExp(`^${req.body.name}$`, 'i')",
    "new RegExp('(' + req.query.q + ')', 'gi')",
    'let q = req.query.q; q = q.trim(); new RegExp(q)',
    "'one two'.match(req.query.q)",
    'post.title.toLowerCase().search(req.query.q)',
    'const { q } = req.body; text.matchAll(q)',
    'new RegExp(escapeHtmlNot(req.query.q) + req.query.q)',
    "new RegExp(req.query.q.replace(/[.]/g, '\\\\$&'))",
    "new RegExp(escapeRegExp(req.query.a) + '|' + req.query.b)",
    'let q = escapeRegExp(req.query.q); q = req.query.q; new RegExp(q)',
  ])('%s', (body) => expect(spotted(body)).toEqual(['pattern-from-request']))

  test('goes to MongoDB', () => {
    const body = "people.find({ name: { $regex: req.query.q, $options: 'i' } })"
    expect(spotted(body, "import { MongoClient } from 'mongodb'")).toEqual(['pattern-from-request'])
    expect(spotted(body)).toEqual([])
    expect(spotted(body.replace('req.query.q', 'escapeRegExp(req.query.q)'), "import 'mongodb'")).toEqual([])
  })
})

const OWN = "const quote = (text) => text.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\\\$&')"
describe('no pattern of the client', () => {
  test.each([
    ['new RegExp(_.escapeRegExp(req.query.q))', "import _ from 'lodash'"],
    ['new RegExp(literal(req.query.q))', "import literal from 'escape-string-regexp'"],
    ['new RegExp(RegExp.escape(req.query.q))', ''],
    ["const q = escapePattern(req.query.q); new RegExp(`^${q}`, 'i')", "import { escapePattern } from 'bulwark'"],
    ["new RegExp(req.query.q.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\\\$&'))", ''],
    ["let q = String(req.query.q); q = q.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\\\$&'); new RegExp(q)", ''],
    ['new RegExp(quote(req.query.q))', OWN],
    ["const q = quote(req.query.q); new RegExp(q + '$')", OWN],
    ["new RegExp(req.query.words.split(' ').map(escapeRegExp).join('|'))", ''],
    [
      "const lit = (x) => x.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\\\$&'); new RegExp(req.query.q.split(' ').map(lit).join('|'))",
      '',
    ],
    ['new RegExp(Number(req.query.q))', ''],
    ["new RegExp(['a', 'b'].includes(req.query.q) ? req.query.q : 'a')", ''],
    ['router.match(req.url); index.search(req.query.q)', ''],
    ['name.includes(req.query.q)', ''],
  ])('%s', (body, head) => expect(spotted(body, head)).toEqual([]))
})

describe('a pattern of the app', () => {
  test.each([
    ['const isName = /^(\\w+\\s?)*$/', ['catastrophic']],
    ["const isName = new RegExp('^(a+)+$')", ['catastrophic']],
    ['const isName = /^(\\w+\\s)*$/', []],
    ['/^\\s*,?\\s*$/.test(req.body.tags)', ['catastrophic']],
    ['req.body.tags.replace(/\\s*,?\\s*;/g, "")', ['catastrophic']],
    ['const LIST = /^\\s*,?\\s*$/; LIST.exec(req.body.tags)', ['catastrophic']],
    ['/^\\s*,?\\s*$/.test(process.env.TAGS)', []],
    ['/^\\s*,?\\s*$/.test(req.body.tags.slice(0, 100))', []],
    ['const tags = req.body.tags; if (tags.length > 100) return; /^\\s*,?\\s*$/.test(tags)', []],
    ['const tags = req.body.tags; if (tags.length > 1e6) return; /^\\s*,?\\s*$/.test(tags)', ['catastrophic']],
    ['const tags = req.body.tags; if (tags.length > 100) log(); /^\\s*,?\\s*$/.test(tags)', ['catastrophic']],
    ['const LIST = /^\\s*,?\\s*$/; OTHER.exec(req.body.tags)', []],
  ])('%s: %j', (body, rule) => expect(spotted(body)).toEqual(rule))
})
