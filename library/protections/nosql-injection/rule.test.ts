import { describe, expect, test } from 'vitest'
import { scanText } from '../../../scanner/index.ts'
import { rules } from './rule.ts'

/** The rules that spot something in the body of a route of an app with MongoDB. */
function spotted(body: string, head = "import { MongoClient } from 'mongodb'"): string[] {
  const text = `${head}\nimport express from 'express'\nconst app = express()\napp.post('/:id', async (req, res) => {\n${body}\n})\n`
  return [...new Set(scanText('app.ts', text, rules).findings.map(({ foundBy }) => foundBy.split('/')[1] ?? ''))]
}

describe('a filter that takes what the client sends', () => {
  test.each([
    'people.findOne({ name: req.body.name })',
    'people.find(req.body).toArray()',
    'people.find(req.query)',
    'const { name, secret } = req.body; await Person.findOne({ name, secret })',
    'const f = req.body.filter; people.deleteMany(f)',
    'people.updateOne({ id: req.query.id }, { $set: { a: 1 } })',
    'people.updateOne({ id: 1 }, req.body)',
    'people.find({ $or: [{ a: 1 }, { b: req.body.b }] })',
    'people.aggregate([{ $match: { a: req.body.a } }])',
    'people.find({ ...req.query, gone: false })',
    'people.find({ a: req.cookies.a })',
    'people.find({ a: JSON.parse(req.query.filter) })',
    'Person.findOneAndUpdate({ token: req.body.token as string }, { used: true })',
    'const made = (given) => { const f = { on: true }; for (const k of KEYS) f[k] = given[k]; return f }; people.findOne(made(req.body))',
    'const all = Object.entries(req.body).filter(([, v]) => v); const some = Object.fromEntries(all); people.findOne(some)',
    'const asked = JSON.parse(String(req.query.q)); people.findOne({ name: asked.name })',
  ])('%s', (body) => {
    expect(spotted(body)).toEqual(['tainted-filter'])
  })
})

describe('what is no operator of the client', () => {
  test.each([
    'people.findOne({ name: String(req.body.name) })',
    'people.findOne({ age: Number(req.body.age) })',
    'people.findOne({ _id: new ObjectId(req.body.id) })',
    'people.findOne({ name: `$' + '{req.body.name}` })',
    'people.findOne({ id: req.params.id })',
    "people.findOne({ token: req.get('x-token') })",
    'people.findOne({ name: { $eq: req.body.name } })',
    'people.findOne(filter({ name: req.body.name }))',
    'people.updateOne({ id: 1 }, { $set: { name: req.body.name } })',
    'people.insertOne({ name: req.body.name })',
    'const body = Schema.parse(req.body); people.findOne({ name: body.name })',
    'const name = req.body.name; if (typeof name !== "string") return; people.findOne({ name: name.trim() })',
    'list.find((item) => item.id === req.body.id)',
    'User.findOne({ where: { name: req.body.name } })',
    'fs.exists(req.query.path)',
    'people.findOne({ name: "ann" })',
    'function filter(x) { return x } people.findOne(filter({ name: req.body.name }))',
    'const made = (given) => { const f = { on: true }; for (const k of KEYS) f[k] = String(given[k]); return f }; people.findOne(made(req.body))',
  ])('%s', (body) => {
    expect(spotted(body)).toEqual([])
  })
})

test('a script that holds what the client sends is spotted', () => {
  expect(spotted('people.find({ $where: "this.a == " + req.body.a })')).toEqual(['tainted-script'])
  expect(spotted("Person.find().$where('this.a == ' + req.query.a)")).toEqual(['tainted-script'])
  expect(
    spotted('people.aggregate([{ $set: { a: { $function: { body: req.body.code, args: [], lang: "js" } } } }])'),
  ).toContain('tainted-script')
  expect(spotted("people.find({ $where: 'this.a > this.b' })")).toEqual([])
  expect(spotted('res.json({ body: req.body.text })')).toEqual([])
})

test('without a package of MongoDB only what looks like it is looked at', () => {
  expect(spotted('store.find(req.query.key)', '')).toEqual([])
  expect(spotted('store.updateOne(req.query.key)', '')).toEqual(['tainted-filter'])
})
