import { randomBytes } from 'node:crypto'
import http, { type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type Collection, type Db, MongoClient } from 'mongodb'
import mongoose from 'mongoose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bulwark } from '../../../adapters/express.ts'
import type { SecurityEvent } from '../../../core/event.ts'
import { filter, guardMongo } from '../index.ts'

// By the real drivers; with the variable set by hand, against a real server.
const url = process.env['BULWARK_TEST_MONGO_URL'] ?? ''
const name = `nosql_${randomBytes(6).toString('hex')}`

/** What each route of the app does with the body that it is sent: `filter` is the client's, the rest is the app's. */
type Body = { readonly filter: object; readonly change: object; readonly text: string; readonly stages: object[] }
type Route = (body: Body) => Promise<unknown>

const events: SecurityEvent[] = []
let server: Server
let origin = ''
let client: MongoClient
let people: Collection
let db: Db
const routes = new Map<string, Route>()

beforeAll(async () => {
  if (url === '') return
  client = guardMongo(await MongoClient.connect(url))
  db = client.db()
  people = db.collection(name)
  const app = express()
  app.use(
    bulwark({
      onEvent: (event) => void (event.guard === 'nosql-injection' && events.push(event)),
      rateLimit: { off: 'one client tries everything' },
    }),
  )
  app.use(express.json())
  app.post('/:route', async (req, res) => {
    res.json((await routes.get(req.params.route)?.(req.body)) ?? null)
  })
  server = http.createServer(app).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  if (url === '') return
  await people.drop()
  await client.close()
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  events.length = 0
  if (url === '') return
  await people.deleteMany({})
  await people.insertMany([
    { name: 'ann', secret: 'a', age: 30 },
    { name: 'bob', secret: 'b', age: 20 },
  ])
})

async function ask(route: string, body: unknown): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${origin}/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, 'sec-fetch-site': 'same-origin', connection: 'close' },
    body: JSON.stringify(body),
  })
  return { status: response.status, answer: await response.json() }
}

const EVIL = { secret: { $ne: null } }

describe.skipIf(url === '')('the driver', () => {
  const calls: Readonly<Record<string, Route>> = {
    find: (body) => people.find(body.filter).toArray(),
    'a filter that a cursor gets': (body) => people.find().filter(body.filter).toArray(),
    findOne: (body) => people.findOne({ ...body.filter, age: 30 }),
    findOneAndUpdate: (body) => people.findOneAndUpdate(body.filter, { $set: { seen: true } }),
    findOneAndReplace: (body) => people.findOneAndReplace(body.filter, { name: 'x' }),
    findOneAndDelete: (body) => people.findOneAndDelete(body.filter),
    updateOne: (body) => people.updateOne(body.filter, { $set: { seen: true } }),
    updateMany: (body) => people.updateMany(body.filter, { $set: { seen: true } }),
    replaceOne: (body) => people.replaceOne(body.filter, { name: 'x' }),
    deleteOne: (body) => people.deleteOne(body.filter),
    deleteMany: (body) => people.deleteMany(body.filter),
    countDocuments: (body) => people.countDocuments(body.filter),
    distinct: (body) => people.distinct('name', body.filter),
    aggregate: (body) => people.aggregate([{ $match: body.filter }]).toArray(),
    'a stage that a cursor gets': (body) => people.aggregate().match(body.filter).toArray(),
    bulkWrite: (body) => people.bulkWrite([{ deleteMany: { filter: body.filter } }]),
    'a bulk operation': (body) => people.initializeOrderedBulkOp().find(body.filter).delete().execute(),
    'a raw bulk operation': (body) =>
      people
        .initializeUnorderedBulkOp()
        .raw({ deleteMany: { filter: body.filter } })
        .execute(),
    command: (body) => db.command({ count: name, query: body.filter }),
    'a command of a cursor': (body) => db.runCursorCommand({ find: name, filter: body.filter }).toArray(),
  }

  test.each(Object.entries(calls))(
    '%s: an operator of the client is answered with 403, and changes nothing',
    async (route, call) => {
      routes.set('call', call)
      expect((await ask('call', { filter: { name: 'nobody' } })).status, route).toBe(200)
      const before = await people.find().toArray()
      const { status, answer } = await ask('call', { filter: EVIL })
      expect({ status, answer }).toMatchObject({ status: 403, answer: { title: 'Forbidden' } })
      expect(events).toMatchObject([
        { outcome: 'denied', risk: 'nosql-injection', request: { id: (answer as { incident: string }).incident } },
      ])
      expect(JSON.stringify(events)).not.toContain('secret')
      expect(await people.find().toArray()).toEqual(before)
    },
  )

  test.each<[string, Route, object]>([
    ['a change', (body) => people.updateOne({ name: 'ann' }, body.change), { change: { $set: { age: 99 } } }],
    [
      'a change of many, in bulk',
      async (body) => people.initializeOrderedBulkOp().find({ name: 'ann' }).update(body.change).execute(),
      { change: { $set: { age: 99 } } },
    ],
    ['stages', (body) => people.aggregate(body.stages).toArray(), { stages: [{ $match: {} }] }],
    [
      'a field in a pipeline',
      (body) => people.aggregate([{ $project: { name: body.text } }]).toArray(),
      { text: '$secret' },
    ],
    [
      'a field in a projection',
      (body) => people.find({}, { projection: { name: body.text } }).toArray(),
      { text: '$secret' },
    ],
    ['a script', (body) => people.find({ $where: `this.name == '${body.text}'` }).toArray(), { text: "x' || '1'=='1" }],
    ['a command', (body) => db.command(body.change), { change: { count: name } }],
  ])('%s of the client is answered with 403', async (_, call, body) => {
    routes.set('call', call)
    expect((await ask('call', body)).status).toBe(403)
    expect(events).toHaveLength(1)
    expect(await people.countDocuments({ age: 30, name: 'ann' })).toBe(1)
  })

  test('values of the client pass, and so does what filter() makes of them', async () => {
    routes.set('call', (body) => people.find(filter({ name: body.text, age: filter.atLeast(18) })).toArray())
    expect((await ask('call', { text: 'ann' })).answer).toMatchObject([{ name: 'ann' }])
    routes.set('call', (body) => people.find({ name: { $in: [body.text] } }).toArray())
    expect((await ask('call', { text: 'ann' })).answer).toMatchObject([{ name: 'ann' }])
    routes.set('call', (body) => people.find(filter({ name: filter.startsWith(body.text) })).toArray())
    expect((await ask('call', { text: 'an.' })).answer).toEqual([])
    expect((await ask('call', { text: 'an' })).answer).toHaveLength(1)
    routes.set('call', (body) => people.findOne(filter({ name: body.filter as never })))
    expect((await ask('call', { filter: EVIL })).status).toBe(400)
    expect(events).toEqual([])
  })

  test('outside of a request nothing is judged', async () => {
    expect(await people.find(EVIL).toArray()).toHaveLength(2)
  })
})

describe.skipIf(url === '')('mongoose', () => {
  const Person = mongoose.model(
    'Person',
    new mongoose.Schema(
      { name: String, secret: { type: String, lowercase: true }, age: Number, at: Date },
      { versionKey: false },
    ),
    name,
  )
  beforeAll(async () => {
    guardMongo(mongoose)
    await mongoose.connect(url)
  })
  afterAll(() => mongoose.disconnect())

  test.each<[string, Route, object]>([
    ['find', (body) => Person.find(body.filter).lean(), EVIL],
    ['findOne', (body) => Person.findOne({ name: 'ann', ...body.filter }).lean(), EVIL],
    ['a cast operand', (body) => Person.find(body.filter).lean(), { age: { $gt: '1' } }],
    ['a cast date', (body) => Person.find(body.filter).lean(), { at: { $ne: '2020-01-01' } }],
    ['a setter', (body) => Person.find(body.filter).lean(), { secret: { $ne: 'NOBODY' } }],
    [
      'where()',
      (body) =>
        Person.find()
          .where('secret', (body.filter as typeof EVIL).secret)
          .lean(),
      EVIL,
    ],
    ['a list', (body) => Person.find({ $or: [body.filter, { age: -1 }] }).lean(), EVIL],
    ['updateMany', (body) => Person.updateMany(body.filter, { age: 1 }), EVIL],
    ['deleteMany', (body) => Person.deleteMany(body.filter), EVIL],
    ['countDocuments', (body) => Person.countDocuments(body.filter), EVIL],
    ['exists', (body) => Person.exists(body.filter), EVIL],
    ['aggregate', (body) => Person.aggregate([{ $match: body.filter }]), EVIL],
    ['$where', (body) => Person.find(body.filter).lean(), { $where: 'true' }],
    ['bulkWrite', (body) => Person.bulkWrite([{ deleteMany: { filter: body.filter } }]), EVIL],
  ])('%s: an operator of the client is answered with 403', async (_, call, evil) => {
    routes.set('call', call)
    expect((await ask('call', { filter: { name: 'nobody' } })).status).toBe(200)
    expect((await ask('call', { filter: evil })).status).toBe(403)
    expect(events).toHaveLength(1)
    expect(await people.countDocuments({ age: { $gt: 1 } })).toBe(2)
  })

  test('takes what filter() makes', async () => {
    routes.set('call', (body) => Person.find(filter({ name: body.text, age: filter.between(18, 99) })).lean())
    expect((await ask('call', { text: 'ann' })).answer).toMatchObject([{ name: 'ann' }])
    routes.set('call', (body) => Person.updateOne(filter({ name: body.text }), filter.set({ age: 31 }, ['age'])))
    expect((await ask('call', { text: 'ann' })).answer).toMatchObject({ modifiedCount: 1 })
    expect(events).toEqual([])
  })

  test('a call that waits for the connection is judged as well', async () => {
    const later = new mongoose.Mongoose()
    const Late = later.model('Late', new later.Schema({ secret: String }), name)
    routes.set('call', async (body) => {
      const found = Late.find(body.filter).lean()
      const [rows] = await Promise.all([found, later.connect(url)])
      return rows
    })
    expect((await ask('call', { filter: EVIL })).status).toBe(403)
    await later.disconnect()
  })
})

test('anything else is refused', () => {
  for (const other of [{}, [], { find: () => [] }, () => undefined]) {
    expect(() => guardMongo(other)).toThrow(expect.objectContaining({ code: 'BULWARK_ADAPTER_MISUSED' }))
  }
})
