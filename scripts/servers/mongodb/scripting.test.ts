import { BSON } from 'mongodb'
import { expect, test } from 'vitest'
import { compileFunction, compileWhere } from './scripting.ts'

test('a script sees the document, with the types that MongoDB gives it', () => {
  const id = new BSON.ObjectId()
  const doc = { _id: id, at: new Date(5), list: [1, { deep: true }], count: BSON.Long.fromNumber(7), none: null }
  for (const script of [
    `this._id.str === '${id.toHexString()}' && this._id instanceof ObjectId`,
    'this.at instanceof Date && this.at.getTime() === 5',
    'this.list[1].deep === true && Array.isArray(this.list)',
    'this.count === 7 && obj.none === null && isNumber(this.count)',
    'doc => doc.count === 7',
    'function () { const n = this.count; return n > 6 }',
    'var a = 1; return this.count > a;',
  ]) {
    expect(compileWhere(script)(doc), script).toBe(true)
  }
  expect(compileWhere(new BSON.Code('function() { return 0 }'))(doc)).toBe(false)
  expect(compileFunction('(a, b) => ({ sum: a + b })')([1, 2])).toEqual({ sum: 3 })
})

test.each(['while (true) {}', 'sleep(100000)', 'throw { toString() { while (true) {} } }'])(
  '%j ends when its time is over',
  (script) => {
    const test = compileWhere(`function() { if (this.n === 2) { ${script} } }`, 60)
    expect(test({ n: 1 })).toBe(false)
    expect(() => test({ n: 2 })).toThrow(expect.objectContaining({ code: 139 }))
  },
)

test('all documents together have so much time', () => {
  const slow = compileWhere('sleep(300) || true', 500)
  expect(() => [slow({}), slow({})]).toThrow(expect.objectContaining({ code: 139 }))
})

test.each([
  'import("node:fs")',
  'eval("1")',
  'new Function("return 1")()',
  '(() => {}).constructor("return 1")()',
  'JSON.stringify = () => 1, nothing()',
  'function(){}), (() => { throw new Proxy({}, { get() { throw 1 } }) })(',
  '}); while(true) {} (function(){',
  'this.(',
])('%j fails, and gives nothing of this process away', (script) => {
  expect(() => compileWhere(script, 60)({})).toThrow(expect.objectContaining({ codeName: 'JSInterpreterFailure' }))
})

test.each([
  'typeof process',
  'typeof require',
  'typeof globalThis.constructor.constructor.prototype.process',
  'typeof this.constructor.prototype.constructor.process',
  'typeof __call.constructor.process',
  'typeof sleep.caller',
])('%s is not there', (expression) => {
  expect(compileWhere(`function() { try { return ${expression} !== 'undefined' } catch { return false } }`)({})).toBe(
    false,
  )
})

test('one script leaves nothing behind for the next', () => {
  expect(compileWhere('globalThis.left = Object.prototype.left = 1')({})).toBe(true)
  expect(compileWhere('typeof left !== "undefined" || ({}).left === 1')({})).toBe(false)
  expect(({} as Record<string, unknown>)['left']).toBeUndefined()
})
