import { createServer } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import type { SinkExchange } from '../core/sink.ts'
import { ClientTexts } from './untrusted.ts'

/** Another copy of everything, as another version of the package is, or a preload beside the app's own. */
async function copy() {
  vi.resetModules()
  return {
    context: await import('./context.ts'),
    sql: await import('../protections/sql-injection/index.ts'),
    ssrf: await import('../protections/ssrf/index.ts'),
    files: await import('../protections/path-traversal/index.ts'),
    nosql: await import('../protections/nosql-injection/index.ts'),
    core: await import('../core/errors.ts'),
    runtime: await import('../runtime/runtime.ts'),
    server: await import('../runtime/server.ts'),
    events: await import('../runtime/events.ts'),
    fs: await import('node:fs'),
  }
}

function exchangeOf(...texts: string[]): SinkExchange {
  const body = Buffer.from(JSON.stringify(texts))
  const headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }
  const source = { target: '/', rawHeaders: [], bodyBytes: body.length, bodyForSinks: [body], client: texts.join() }
  const untrusted = new ClientTexts({ ...source, header: (name) => headers[name] })
  return { id: '0123456789abcdef', untrusted, stanceOf: () => 'enforce', report: () => {} }
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

test('what one copy has seen stored, another one stops as code', async () => {
  const [one, other] = [await copy(), await copy()]
  expect(one.sql.guardDatabase).not.toBe(other.sql.guardDatabase)
  const methods = ['run']
  const made = { run: (sql: string, ..._values: unknown[]) => sql }
  const [first, second] = [{ ...made }, { ...made }]
  one.sql.guardDatabase(first, { dialect: 'sqlite', methods })
  other.sql.guardDatabase(second, { dialect: 'sqlite', methods })
  const text = "x' OR secret LIKE '%"
  one.context.runIn(exchangeOf(text), () => first.run('INSERT INTO a (b) VALUES (?)', text))
  const call = () => second.run(`SELECT * FROM a WHERE b = '${text}'`)
  expect(() => other.context.runIn(exchangeOf('anything'), call)).toThrow(/BULWARK_CALL_BLOCKED/)
})

test('a folder that one copy was told to allow is allowed to whichever copy judges', async () => {
  const [one, other] = [await copy(), await copy()]
  one.files.guardFiles({ roots: ['/srv/shared-by-copies'] })
  other.files.guardFiles({})
  const read = (path: string) => (): boolean => one.fs.statSync(path, { throwIfNoEntry: false }) === undefined
  const allowed = '/srv/shared-by-copies/a/b'
  expect(other.context.runIn(exchangeOf(allowed), read(allowed))).toBe(true)
  const refused = '/srv/somewhere-else/a/b'
  expect(() => one.context.runIn(exchangeOf(refused), read(refused))).toThrow(/BULWARK_CALL_BLOCKED/)
})

test('a machine that a later copy was told to allow may be called', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address() as AddressInfo
  const [one, other] = [await copy(), await copy()]
  one.ssrf.guardConnections({})
  const connect = (): Promise<string> =>
    new Promise((done) => {
      const socket = one.context.runIn(exchangeOf(`http://127.0.0.1:${port}/`), () => net.connect(port, '127.0.0.1'))
      socket.once('error', (error) => done(error.name))
      socket.once('connect', () => done('connected'))
      closing.push(() => socket.destroy())
    })
  expect(await connect()).toBe('BlockedError')
  other.ssrf.guardConnections({ allow: ['127.0.0.0/8'] })
  expect(await connect()).toBe('connected')
})

test('an error of one copy is one of the other copy’s classes, and of no other class', async () => {
  const [one, other] = [await copy(), await copy()]
  const { BlockedError } = other.sql
  const { BulwarkError } = other.core
  class Own extends BulwarkError {}
  const blocked = new one.sql.BlockedError('sql-injection', 403, '0123456789abcdef')
  expect(Object.getPrototypeOf(blocked)).not.toBe(BlockedError.prototype)
  expect([blocked instanceof BlockedError, blocked instanceof BulwarkError, blocked instanceof Own]).toEqual([
    true,
    true,
    false,
  ])
  const wrong = new one.core.BulwarkError('BULWARK_POLICY_INVALID', 'what', { fix: 'this' })
  expect([wrong instanceof BlockedError, wrong instanceof BulwarkError, wrong instanceof Own]).toEqual([
    false,
    true,
    false,
  ])
  for (const foreign of [new Error('no'), { code: 'BULWARK_CALL_BLOCKED', fix: '' }, null, 'BULWARK_CALL_BLOCKED']) {
    expect([foreign instanceof BlockedError, foreign instanceof BulwarkError]).toEqual([false, false])
  }
  expect(new Own('BULWARK_POLICY_INVALID', 'what', { fix: 'this' })).toBeInstanceOf(Own)
})

test('a filter that one copy made passes the sink of the other one', async () => {
  const [one, other] = [await copy(), await copy()]
  const people = { find: (filter: object) => filter, findOne: () => {} }
  one.nosql.guardMongo(people)
  const sent = { age: { $gt: 18 } }
  const exchange = exchangeOf(JSON.stringify(sent))
  const find = (filter: object) => one.context.runIn(exchange, () => people.find(filter))
  expect(() => find(sent)).toThrow(/BULWARK_CALL_BLOCKED/)
  expect(find(other.nosql.filter({ age: other.nosql.filter.above(18) }))).toEqual(sent)
})

test('the first policy around a server stays the only one, whichever copy it is of', async () => {
  const [one, other] = [await copy(), await copy()]
  const server = createServer()
  one.server.attachServer(server, new one.runtime.Runtime({}))
  const { emit } = server
  other.server.attachServer(server, new other.runtime.Runtime({}))
  expect(server.emit).toBe(emit)
  server.emit('close')
})

test('events are ten lines a second, and not ten of each copy', async () => {
  const [one, other] = [await copy(), await copy()]
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  closing.push(() => write.mockRestore())
  const event = { at: 5e12, guard: 'ssrf', risk: 'ssrf', reason: 'why', outcome: 'denied' } as const
  for (let i = 0; i < 8; i++) for (const { events } of [one, other]) events.defaultListener(event)
  expect(write).toHaveBeenCalledTimes(10)
})
