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
