import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Collection, type Document, type Filter, MongoClient, MongoServerError, type ObjectId } from 'mongodb'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

// By the real driver; with the variable set by hand, against a real server.
const url = process.env['BULWARK_TEST_MONGO_URL'] ?? ''
const run = `t${randomBytes(6).toString('hex')}`
let client: MongoClient
let spaces = 0

beforeAll(async () => {
  if (url) client = await MongoClient.connect(url)
})
afterAll(() => client?.close())

/** A collection of its own. */
function open(): Collection {
  const collection = client.db().collection(`${run}_${++spaces}`)
  onTestFinished(async () => {
    await collection.drop()
  })
  return collection
}

async function filled(...docs: Document[]): Promise<Collection> {
  const collection = open()
  await collection.insertMany(docs.map((doc, index) => ({ _id: index as unknown as ObjectId, ...doc })))
  return collection
}

/** The code that the server answers. */
async function codeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked
  } catch (error) {
    if (error instanceof MongoServerError) return error.code
    throw error
  }
  return 'no error'
}

describe.skipIf(!url)('people', () => {
  const as = (user: string, password: string): string => {
    const other = new URL(url)
    ;[other.username, other.password] = [user, password]
    return other.href
  }
  const ask = async (at: string): Promise<unknown> => {
    const other = new MongoClient(at)
    onTestFinished(() => other.close())
    return other.db().collection(`${run}_none`).findOne({})
  }

  test('with the right password get in', async () => {
    expect(await ask(url)).toBe(null)
  })

  test('with a wrong one do not, and neither does somebody else', async () => {
    expect(await codeOf(ask(as('bulwark', 'wrong')))).toBe(18)
    expect(await codeOf(ask(as('somebody', new URL(url).password)))).toBe(18)
  })

  test('who have not signed in may ask nothing', async () => {
    expect(await codeOf(ask(url.replace(/\/\/.*@/, '//').replace(/\?.*$/, '')))).toBe(13)
  })
})

describe.skipIf(!url)('a filter', () => {
  const people = (): Promise<Collection> =>
    filled(
      { name: 'ann', age: 31, tags: ['a', 'b'], address: { city: 'Oslo', zip: 1 } },
      {
        name: 'bob',
        age: 7,
        tags: [],
        pets: [
          { kind: 'cat', age: 3 },
          { kind: 'dog', age: 9 },
        ],
      },
      { name: 'Cid', age: null, tags: 'a' },
      { name: 12, age: '31', seen: new Date(1000) },
    )

  const cases: readonly (readonly [filter: Filter<Document>, found: readonly number[]])[] = [
    [{}, [0, 1, 2, 3]],
    [{ name: 'ann' }, [0]],
    [{ name: { $ne: 'ann' } }, [1, 2, 3]],
    [{ name: { $ne: null } }, [0, 1, 2, 3]],
    [{ name: { $gt: '' } }, [0, 1, 2]],
    [{ name: { $gte: 'bob' } }, [1]],
    [{ name: { $lt: 100 } }, [3]],
    [{ age: { $gt: 6, $lt: 30 } }, [1]],
    [{ age: { $lte: null } }, [2]],
    [{ age: { $lt: 'x' } }, [3]],
    [{ seen: { $gt: '' } }, []],
    [{ age: null }, [2]],
    [{ seen: null }, [0, 1, 2]],
    [{ seen: { $exists: true } }, [3]],
    [{ seen: { $exists: false } }, [0, 1, 2]],
    [{ seen: { $gt: new Date(999) } }, [3]],
    [{ name: { $in: ['bob', /^C/] } }, [1, 2]],
    [{ name: { $nin: ['bob', 'ann'] } }, [2, 3]],
    [{ name: { $regex: '^c', $options: 'i' } }, [2]],
    [{ name: { $regex: '(?i)^C' } }, [2]],
    [{ name: /b$/ }, [1]],
    [{ name: { $not: { $gt: '' } } }, [3]],
    [{ name: { $not: /b/ } }, [0, 2, 3]],
    [{ name: { $type: 'string' } }, [0, 1, 2]],
    [{ age: { $type: ['number', 'null'] } }, [0, 1, 2]],
    [{ tags: 'a' }, [0, 2]],
    [{ tags: ['a', 'b'] }, [0]],
    [{ tags: { $size: 0 } }, [1]],
    [{ tags: { $all: ['b', 'a'] } }, [0]],
    [{ tags: { $elemMatch: { $gt: 'a' } } }, [0]],
    [{ 'tags.1': 'b' }, [0]],
    [{ 'address.city': 'Oslo' }, [0]],
    [{ address: { city: 'Oslo', zip: 1 } }, [0]],
    [{ address: { zip: 1, city: 'Oslo' } }, []],
    [{ 'pets.kind': 'dog' }, [1]],
    [{ 'pets.0.kind': 'dog' }, []],
    [{ pets: { $elemMatch: { kind: 'cat', age: 9 } } }, []],
    [{ pets: { $elemMatch: { kind: 'dog', age: { $gt: 8 } } } }, [1]],
    [{ age: { $mod: [4, 3] } }, [0, 1]],
    [{ age: { $bitsAllSet: 24 } }, [0]],
    [{ $or: [{ name: 'ann' }, { age: 7 }] }, [0, 1]],
    [{ $nor: [{ name: 'ann' }, { age: 7 }] }, [2, 3]],
    [{ $and: [{ tags: 'a' }, { age: null }] }, [2]],
    [{ $expr: { $gt: ['$age', 20] } }, [0, 3]],
    [{ $expr: { $eq: [{ $strLenCP: { $toString: '$name' } }, 2] } }, [3]],
    [{ $expr: true }, [0, 1, 2, 3]],
    [{ $where: 'this.age === 7' }, [1]],
    [{ $where: 'function() { return obj.name == "ann" }' }, [0]],
    [{ $where: 'var x = this.age; return x > 20' }, [0, 3]],
    [{ $where: "this.name == '' || '1' == '1'" }, [0, 1, 2, 3]],
    [{ $where: 'this._id == 2' }, [2]],
  ]

  test('finds what it says, in every form that an attacker may give it', async () => {
    const collection = await people()
    for (const [filter, found] of cases) {
      const docs = await collection.find(filter, { sort: { _id: 1 }, projection: { _id: 1 } }).toArray()
      expect(
        docs.map(({ _id }) => _id as unknown),
        JSON.stringify(filter),
      ).toEqual(found)
      const { n } = await client.db().command({ count: collection.collectionName, query: { $and: [filter] } })
      expect(n, JSON.stringify(filter)).toBe(found.length)
    }
  })

  test.each<[Document, number]>([
    [{ name: { $foo: 1 } }, 2],
    [{ $foo: 1 }, 2],
    [{ name: { $gt: 'a', foo: 1 } }, 2],
    [{ name: { $not: { $foo: 1 } } }, 2],
    [{ tags: { $elemMatch: { $foo: 1 } } }, 2],
    [{ name: { $in: 'ann' } }, 2],
    [{ name: { $in: [{ $gt: '' }] } }, 2],
    [{ $or: [] }, 2],
    [{ $or: 1 }, 2],
    [{ $where: 1 }, 2],
    [{ $and: [{ $foo: 1 }] }, 2],
    [{ name: { $regex: '(' } }, 51091],
    [{ name: { $regex: 1 } }, 2],
    [{ name: { $options: 'i' } }, 2],
    [{ $expr: { $foo: 1 } }, 168],
    [{ $where: 'this.(' }, 139],
    [{ $where: "this.name == ''; return true; //" }, 139],
    [{ $where: 'missing()' }, 139],
    [{ $where: 'import("node:fs")' }, 139],
    [{ $where: 'throw new Error("no")' }, 139],
  ])('%j is refused with code %i', async (filter, code) => {
    const collection = await people()
    expect(await codeOf(collection.findOne(filter))).toBe(code)
    expect(await codeOf(collection.deleteMany(filter))).toBe(code)
    expect(await collection.estimatedDocumentCount()).toBe(4)
  })

  test('with a script can wait, and cannot reach the process', async () => {
    const collection = await filled({ n: 1 })
    const since = performance.now()
    await collection.findOne({ $where: 'sleep(300) || true' })
    expect(performance.now() - since).toBeGreaterThan(290)
    for (const script of [
      'typeof process !== "undefined"',
      'typeof require !== "undefined"',
      'function() { try { return this.constructor.constructor("return typeof process")() === "object" } catch { return false } }',
      'function() { try { return sleep.constructor("return typeof process")() === "object" } catch { return false } }',
    ]) {
      expect(await collection.findOne({ $where: script }), script).toBe(null)
    }
  })
})

describe.skipIf(!url)('writes', () => {
  test('insert, and tell what was there already', async () => {
    const collection = open()
    const { insertedId } = await collection.insertOne({ n: 1, nested: { text: 'NUL \0, \u{1f600}', no: null } })
    expect(await collection.findOne({})).toEqual({
      _id: insertedId,
      n: 1,
      nested: { text: 'NUL \0, \u{1f600}', no: null },
    })
    expect(await codeOf(collection.insertOne({ _id: insertedId }))).toBe(11000)
  })

  test('of a list end at the first error, or do the rest when the order does not matter', async () => {
    const collection = open()
    const list = (): Document[] => [{ _id: 1 }, { _id: 1 }, { _id: 2 }]
    await expect(collection.insertMany(list())).rejects.toMatchObject({ code: 11000 })
    expect(await collection.countDocuments()).toBe(1)
    await expect(collection.insertMany(list(), { ordered: false })).rejects.toMatchObject({ code: 11000 })
    expect(await collection.countDocuments()).toBe(2)
  })

  test.each<[what: string, before: Document, change: Document | Document[], after: Document]>([
    ['$set', { a: 1 }, { $set: { a: 2, 'b.c': 3 } }, { a: 2, b: { c: 3 } }],
    ['$unset', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }],
    ['$inc', { a: 1 }, { $inc: { a: 2, b: -1 } }, { a: 3, b: -1 }],
    ['$mul', { a: 3 }, { $mul: { a: 2 } }, { a: 6 }],
    ['$min and $max', { a: 3, b: 3 }, { $min: { a: 2 }, $max: { b: 9 } }, { a: 2, b: 9 }],
    ['$rename', { a: 1 }, { $rename: { a: 'b' } }, { b: 1 }],
    ['$push', { a: [1] }, { $push: { a: { $each: [2, 3], $slice: -2 } } }, { a: [2, 3] }],
    ['$addToSet', { a: [1] }, { $addToSet: { a: { $each: [1, 2] } } }, { a: [1, 2] }],
    ['$pull', { a: [1, 2, 3] }, { $pull: { a: { $gt: 1 } } }, { a: [1] }],
    ['$pop', { a: [1, 2] }, { $pop: { a: 1 } }, { a: [1] }],
    ['the same _id', { a: 1 }, { $set: { _id: 0, a: 2 } }, { a: 2 }],
    ['a pipeline', { a: 1 }, [{ $set: { b: { $add: ['$a', 1] } } }], { a: 1, b: 2 }],
  ])('update by %s', async (_, before, change, after) => {
    const collection = await filled(before)
    expect(await collection.updateOne({}, change)).toMatchObject({ matchedCount: 1, modifiedCount: 1 })
    expect(await collection.findOne({}, { projection: { _id: 0 } })).toEqual(after)
    const again = await collection.updateMany({ none: 1 }, change)
    expect(again).toMatchObject({ matchedCount: 0, modifiedCount: 0 })
  })

  test('update the element that was found, and those that a filter of arrays names', async () => {
    const collection = await filled({ a: [{ n: 1 }, { n: 2 }, { n: 3 }] })
    await collection.updateOne({ 'a.n': 2 }, { $set: { 'a.$.hit': true } })
    await collection.updateOne({}, { $inc: { 'a.$[big].n': 10 } }, { arrayFilters: [{ 'big.n': { $gte: 3 } }] })
    expect(await collection.findOne({})).toEqual({ _id: 0, a: [{ n: 1 }, { n: 2, hit: true }, { n: 13 }] })
  })

  test('that change nothing say so', async () => {
    const collection = await filled({ a: 1 })
    expect(await collection.updateOne({}, { $set: { a: 1 } })).toMatchObject({ matchedCount: 1, modifiedCount: 0 })
  })

  test.each<[Document, number]>([
    [{ $foo: { a: 1 } }, 9],
    [{ $set: { _id: 7 } }, 66],
    [{ $inc: { a: 'x' } }, 14],
    [{ $inc: { text: 1 } }, 14],
    [{ $push: { text: 1 } }, 2],
    [{ $set: { a: 1 }, $inc: { a: 1 } }, 40],
  ])('by %j are refused with code %i, and leave the document as it is', async (change, code) => {
    const collection = await filled({ a: 1, text: 'x' })
    expect(await codeOf(collection.updateOne({}, change))).toBe(code)
    expect(await collection.findOne({})).toEqual({ _id: 0, a: 1, text: 'x' })
  })

  test('replace the whole document but its _id', async () => {
    const collection = await filled({ a: 1, b: 2 })
    await collection.replaceOne({ a: 1 }, { c: 3 })
    expect(await collection.findOne({})).toEqual({ _id: 0, c: 3 })
  })

  test('by upsert begin with what the filter says', async () => {
    const collection = open()
    const change = { $set: { c: 1 }, $setOnInsert: { d: 1 } }
    const first = await collection.updateOne({ a: 1, b: { $eq: 2 }, e: { $gt: 3 } }, change, { upsert: true })
    expect(first).toMatchObject({ matchedCount: 0, upsertedCount: 1 })
    await collection.updateOne({ a: 1 }, { $set: { c: 2 }, $setOnInsert: { d: 2 } }, { upsert: true })
    expect(await collection.find().toArray()).toEqual([{ _id: first.upsertedId, a: 1, b: 2, c: 2, d: 1 }])
  })

  test('that find and modify answer what was, or what is', async () => {
    const collection = await filled({ n: 5 }, { n: 3 })
    const options = { sort: { n: 1 }, projection: { n: 1, _id: 0 } } as const
    expect(await collection.findOneAndUpdate({}, { $inc: { n: 1 } }, options)).toEqual({ n: 3 })
    expect(await collection.findOneAndUpdate({}, { $inc: { n: 1 } }, { ...options, returnDocument: 'after' })).toEqual({
      n: 5,
    })
    expect(await collection.findOneAndUpdate({ n: 9 }, { $set: { x: 1 } }, options)).toBe(null)
    const made = await collection.findOneAndUpdate(
      { n: 9 },
      { $set: { x: 1 } },
      { upsert: true, returnDocument: 'after' },
    )
    expect(made).toMatchObject({ n: 9, x: 1 })
    expect(await collection.findOneAndReplace({ n: 9 }, { y: 1 }, { returnDocument: 'after' })).toMatchObject({ y: 1 })
    expect(await collection.findOneAndDelete({ y: 1 })).toMatchObject({ y: 1 })
    expect(await collection.countDocuments()).toBe(2)
  })

  test('of many at once are done one after the other', async () => {
    const collection = await filled({ n: 0 })
    await Promise.all(Array.from({ length: 100 }, () => collection.updateOne({}, { $inc: { n: 1 } })))
    expect(await collection.findOne({})).toMatchObject({ n: 100 })
  })

  test('that delete say how much that was', async () => {
    const collection = await filled({ a: 1 }, { a: 1 }, { a: 1 }, { a: 2 })
    expect((await collection.deleteOne({ a: 1 })).deletedCount).toBe(1)
    expect((await collection.deleteMany({ a: 1 })).deletedCount).toBe(2)
    expect(await collection.countDocuments()).toBe(1)
  })
})

describe.skipIf(!url)('an index', () => {
  test('that is unique admits one of many, and names what was taken', async () => {
    const collection = open()
    await collection.createIndex({ email: 1 }, { unique: true })
    const many = await Promise.allSettled(Array.from({ length: 50 }, () => collection.insertOne({ email: 'a@x' })))
    expect(many.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    await expect(collection.insertOne({ email: 'a@x' })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { email: 1 },
      keyValue: { email: 'a@x' },
    })
    await collection.insertOne({ email: 'b@x' })
    expect(await codeOf(collection.updateOne({ email: 'b@x' }, { $set: { email: 'a@x' } }))).toBe(11000)
    expect(await collection.countDocuments({ email: 'b@x' })).toBe(1)
    await collection.deleteOne({ email: 'a@x' })
    await collection.updateOne({ email: 'b@x' }, { $set: { email: 'a@x' } })
    expect(await collection.find({ email: 'a@x' }).toArray()).toHaveLength(1)
    await collection.insertOne({ email: 'b@x' })
  })

  test('keeps apart what is written differently, and holds numbers alike whatever their type', async () => {
    const collection = open()
    await collection.createIndex({ k: 1 }, { unique: true })
    const keys = ['a', 'A', 'á', 'a\u0301', 'a ', '', '1', 1, true, null, new Date(1), { a: 1 }]
    await collection.insertMany(keys.map((k) => ({ k })))
    for (const k of [...keys, 1n, undefined]) expect(await codeOf(collection.insertOne({ k })), String(k)).toBe(11000)
  })

  test('that is sparse or partial leaves out what it does not cover', async () => {
    const collection = open()
    await collection.createIndex({ a: 1 }, { unique: true, sparse: true })
    await collection.createIndex({ b: 1 }, { unique: true, partialFilterExpression: { b: { $type: 'string' } } })
    await collection.insertMany([{}, {}, { b: 1 }, { b: 1 }, { a: null }, { b: 'x' }])
    expect(await codeOf(collection.insertOne({ a: null }))).toBe(11000)
    expect(await codeOf(collection.insertOne({ b: 'x' }))).toBe(11000)
  })

  test('of an array has a key for each element', async () => {
    const collection = await filled({ a: ['x', 'y'] })
    await collection.createIndex({ a: 1 }, { unique: true })
    expect(await codeOf(collection.insertOne({ a: 'y' }))).toBe(11000)
    await collection.insertOne({ a: ['z', 'z'] })
  })

  test('is made once, and not at all where the documents do not fit', async () => {
    const collection = await filled({ a: 1 }, { a: 1 })
    expect(await codeOf(collection.createIndex({ a: 1 }, { unique: true }))).toBe(11000)
    await collection.createIndex({ a: 1 })
    await collection.createIndex({ a: 1 })
    expect(await codeOf(collection.createIndex({ a: 1 }, { unique: true }))).toBe(86)
    expect((await collection.indexes()).map(({ name }) => name)).toEqual(['_id_', 'a_1'])
    await collection.dropIndex('a_1')
    expect(await codeOf(collection.dropIndex('a_1'))).toBe(27)
  })

  test('of times lets documents go when theirs is over', { timeout: 120_000 }, async () => {
    const collection = open()
    await collection.createIndex({ at: 1 }, { expireAfterSeconds: 1 })
    await collection.insertMany([
      { at: new Date(Date.now() - 2000) },
      { at: new Date(Date.now() + 600_000) },
      { at: 'never' },
    ])
    while ((await collection.countDocuments()) > 2) await pause(50)
    expect(await collection.countDocuments()).toBe(2)
  })
})

describe.skipIf(!url)('answers', () => {
  test('of many documents come in parts', async () => {
    const collection = open()
    await collection.insertMany(Array.from({ length: 350 }, (_, n) => ({ n })))
    expect(await collection.find().toArray()).toHaveLength(350)
    const cursor = collection.find({ n: { $gte: 100 } }, { batchSize: 7, sort: { n: -1 }, skip: 1, limit: 20 })
    const numbers = []
    for await (const doc of cursor) numbers.push(doc['n'])
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => 348 - index))
    expect(await collection.find().limit(5).toArray()).toHaveLength(5)
    const first = await client.db().command({ find: collection.collectionName, batchSize: 3 })
    const more = { getMore: first['cursor'].id, collection: collection.collectionName, batchSize: 4 }
    const next = await client.db().command(more)
    expect([first['cursor'].firstBatch.length, next['cursor'].nextBatch.length]).toEqual([3, 4])
  })

  test('of a cursor that was closed do not come any more', async () => {
    const collection = open()
    await collection.insertMany(Array.from({ length: 20 }, (_, n) => ({ n })))
    const cursor = collection.find({}, { batchSize: 2 })
    await cursor.next()
    const id = cursor.id
    await cursor.close()
    const more = client.db().command({ getMore: id, collection: collection.collectionName })
    expect(await codeOf(more)).toBe(43)
  })

  test('are sorted across types as MongoDB sorts them', async () => {
    const values = [null, -1, 3, '', 'Z', 'a', { a: 1 }, [0], false, true, new Date(0)]
    const collection = open()
    await collection.insertMany([...values].reverse().map((v) => ({ v })))
    const sorted = await collection.find({}, { sort: { v: 1 }, projection: { _id: 0 } }).toArray()
    // Of an array its least element counts.
    expect(sorted.map(({ v }) => v as unknown)).toEqual([
      null,
      -1,
      [0],
      3,
      '',
      'Z',
      'a',
      { a: 1 },
      false,
      true,
      new Date(0),
    ])
  })

  test('show the fields that were asked for', async () => {
    const collection = await filled({ a: 1, b: { c: 2, d: 3 } })
    expect(await collection.findOne({}, { projection: { 'b.c': 1, _id: 0 } })).toEqual({ b: { c: 2 } })
    expect(await collection.findOne({}, { projection: { b: 0 } })).toEqual({ _id: 0, a: 1 })
  })

  test('of an aggregation', async () => {
    const collection = await filled({ kind: 'a', n: 1 }, { kind: 'b', n: 2 }, { kind: 'a', n: 3 })
    const grouped = [
      { $match: { n: { $gt: 0 } } },
      { $group: { _id: '$kind', sum: { $sum: '$n' } } },
      { $sort: { _id: 1 } },
    ]
    expect(await collection.aggregate(grouped).toArray()).toEqual([
      { _id: 'a', sum: 4 },
      { _id: 'b', sum: 2 },
    ])
    const $lookup = { from: collection.collectionName, localField: 'kind', foreignField: 'kind', as: 'same' }
    expect(await collection.aggregate([{ $lookup }, { $match: { same: { $size: 2 } } }]).toArray()).toHaveLength(2)
    const $function = { body: 'function(n) { return n * 10 }', args: ['$n'], lang: 'js' }
    const tens = await collection
      .aggregate([{ $sort: { n: 1 } }, { $project: { _id: 0, ten: { $function } } }])
      .toArray()
    expect(tens).toEqual([{ ten: 10 }, { ten: 20 }, { ten: 30 }])
    expect(await collection.distinct('kind')).toEqual(['a', 'b'])
  })

  test.each<[Document[], number]>([
    [[{ $foo: 1 }], 40324],
    [[{ $match: { $foo: 1 } }], 2],
    [[{ $match: { $where: 'true' } }], 2],
    [[{ $project: { a: { $foo: 1 } } }], 168],
  ])('of the aggregation %j are refused with code %i', async (pipeline, code) => {
    expect(await codeOf((await filled({ a: 1 })).aggregate(pipeline).toArray())).toBe(code)
  })

  test('about collections, and to what is no command', async () => {
    const collection = await filled({ a: 1 })
    const db = client.db()
    const named = await db.listCollections({ name: collection.collectionName }).toArray()
    expect(named).toMatchObject([{ name: collection.collectionName, type: 'collection' }])
    expect(await codeOf(db.createCollection(collection.collectionName))).toBe(48)
    expect(await codeOf(db.command({ launchMissiles: 1 }))).toBe(59)
    expect(await db.command({ ping: 1 })).toMatchObject({ ok: 1 })
  })

  test('to what weighs more than a document may are refusals', async () => {
    const collection = await filled({ a: 'x'.repeat(8_000_000) })
    expect(await codeOf(collection.updateOne({}, { $set: { b: 'x'.repeat(9_000_000) } }))).toBeTypeOf('number')
    expect(Object.keys((await collection.findOne({})) ?? {})).toEqual(['_id', 'a'])
  })
})
