import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { secure } from '../../../adapters/node.ts'
import { off } from '../../../core/policy.ts'
import type { Untrusted } from '../../../core/sink.ts'
import { guardDatabase } from '../index.ts'
import { type Dialect, grammarOf } from '../judge/dialect.ts'
import { hasObjectForValue } from '../judge/objects.ts'
import { type SqlSink, sqlSink } from './sink.ts'

const nothing: Untrusted = {
  client: '',
  texts: () => [],
  structured: () => [],
  host: '',
  named: () => [],
  values: () => [],
  names: () => new Set(),
  rest: () => '',
}

function from(client: string, ...texts: string[]): Untrusted {
  return { ...nothing, client, texts: () => texts, structured: () => texts.filter((text) => /\W/.test(text)) }
}

function isStopped(sink: SqlSink, sql: string, untrusted: Untrusted): boolean {
  return sink.judge({ sql, written: undefined, isSure: true }, untrusted) !== undefined
}

describe('a server that has not said how it reads a backslash', () => {
  const judged = (isSure: boolean, sql: string, ...texts: string[]): boolean =>
    sqlSink(grammarOf('postgres')).judge({ sql, written: undefined, isSure }, from('a', ...texts)) !== undefined

  test('may take one for an escape, and what follows is judged as that', () => {
    const texts = ['\\', ' OR 1=1 -- ']
    const sql = "SELECT id FROM posts WHERE author = '\\' AND title = ' OR 1=1 -- '"
    expect([judged(true, sql, ...texts), judged(false, sql, ...texts)]).toEqual([false, true])
  })

  test('reads the same where nothing that matters is behind it', () => {
    const sql = "SELECT id FROM posts WHERE path = 'a\\b' AND title = ' OR 1=1 -- '"
    expect(judged(false, sql, 'a\\b', ' OR 1=1 -- ')).toBe(false)
  })
})

describe('what an app has shown of itself', () => {
  test('a text that was clean twice is trusted, and nothing is collected for it any more', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = 'SELECT count(*) FROM posts WHERE author = $1'
    const never: Untrusted = {
      ...nothing,
      texts: () => {
        throw new Error('collected')
      },
    }
    expect(() => isStopped(sink, sql, never)).toThrow('collected')
    expect(isStopped(sink, sql, from('a', 'some text'))).toBe(false)
    expect(() => isStopped(sink, sql, never)).toThrow('collected')
    expect(isStopped(sink, sql, from('b', 'other'))).toBe(false)
    expect(isStopped(sink, sql, never)).toBe(false)
    // Now it is the app's own text, whatever anybody sends.
    expect(isStopped(sink, sql, from('c', 'count(*)'))).toBe(false)
  })

  test('a text that was stopped never becomes trusted', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = "SELECT 1 FROM t WHERE a = 'x' OR 1=1 --'"
    for (let i = 0; i < 4; i++) expect(isStopped(sink, sql, from('a', "x' OR 1=1 --"))).toBe(true)
  })

  test('a name where values stood is stopped once two clients have shown the statement', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = (id: string): string => `SELECT name FROM people WHERE id = ${id} AND shown = true`
    expect(isStopped(sink, sql('id'), from('m', 'id'))).toBe(false)
    for (let i = 0; i < 3; i++) expect(isStopped(sink, sql(String(i)), from('a', 'ann'))).toBe(false)
    expect(isStopped(sink, sql('rowid'), from('m', 'rowid')), 'one client alone teaches nothing').toBe(false)
    expect(isStopped(sink, sql('9'), from('b', 'bob'))).toBe(false)
    expect(isStopped(sink, sql('true'), from('m', 'true'))).toBe(true)
    expect(isStopped(sink, sql('people.id'), from('m', 'people.id'))).toBe(true)
    expect(isStopped(sink, sql('77'), from('m', 'name', 'shown', 'true'))).toBe(false)
  })

  test('a number with a sign, or no value at all, may stand where values stood', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = (id: string): string => `SELECT name FROM people WHERE id = ${id} ORDER BY id`
    for (const client of ['a', 'b', 'c']) expect(isStopped(sink, sql('7'), from(client, 'x'))).toBe(false)
    for (const id of ['-1', '- 1', '+1.5', '-1\r\n', 'NULL'])
      expect(isStopped(sink, sql(id), from('m', id)), id).toBe(false)
    for (const id of ['-id', 'current_user']) expect(isStopped(sink, sql(id), from('m', id)), id).toBe(true)
  })

  const own = [
    ['count(*)', "SELECT count(*) FROM posts WHERE author = '§'"],
    ["', '", "SELECT 1 FROM posts WHERE replace(author, '§', '') = 'x'"],
    ['SELECT 1 FROM posts WHERE active = 1 AND', "SELECT 1 FROM posts WHERE active = 1 AND author = '§'"],
    ["' AND active = 1", "SELECT 1 FROM posts WHERE author = '§' AND active = 1"],
  ] as const
  test.each(own)('%s is the app itself once two clients have shown the statement: %s', (text, template) => {
    const sink = sqlSink(grammarOf('mysql'))
    const sql = (value: string): string => template.replace('§', value)
    // Whoever comes first is not to be told from an attacker; names of columns among what clients send change nothing.
    expect(isStopped(sink, sql('x'), from('m', text))).toBe(true)
    for (const client of ['a', 'a', 'b']) {
      expect(isStopped(sink, sql('x'), from('m', text))).toBe(true)
      expect(isStopped(sink, sql(client), from(client, client, 'posts', 'author'))).toBe(false)
    }
    expect(isStopped(sink, sql('y'), from('m', text))).toBe(false)
    for (const attack of ["x' OR 1=1 -- ", "x','y", "x' 'y", "x'/**/'", "'||'", 'x\\'])
      expect(isStopped(sink, sql(attack), from('m', attack)), attack).toBe(true)
  })

  test('lists of the app teach nothing about longer ones', () => {
    const sink = sqlSink(grammarOf('postgres'))
    for (const client of ['a', 'b', 'c']) isStopped(sink, "INSERT INTO t VALUES ('a', 'b')", from(client, 'a', 'b'))
    expect(isStopped(sink, "INSERT INTO t VALUES ('a', 'admin', 'b')", from('m', "a', 'admin", 'b'))).toBe(true)
  })

  test('what was stored stops no statement that several clients have shown, whatever names they have sent', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = (name: string): string => `SELECT 1 FROM users WHERE name = '${name}' AND find('x', 'a,b')`
    for (const client of ['a', 'b'])
      expect(isStopped(sink, sql('ann'), from(client, 'ann', 'users', 'name'))).toBe(false)
    sink.remember(["', '"])
    expect(isStopped(sink, sql('bob'), from('c', 'bob', 'users', 'name'))).toBe(false)
    expect(isStopped(sink, "SELECT 2 FROM users WHERE find('x', 'a,b')", from('c'))).toBe(true)
  })

  test('a name to sort by is never taken for a value', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = (by: string): string => `SELECT name FROM people ORDER BY ${by}`
    for (const client of ['a', 'b', 'c']) expect(isStopped(sink, sql('1'), from(client, 'x'))).toBe(false)
    expect(isStopped(sink, sql('name'), from('m', 'name'))).toBe(false)
  })

  test('values that were stored and could be code do not come back as code', () => {
    const sink = sqlSink(grammarOf('sqlite'))
    sink.remember(["a' OR 1=1 --", 'harmless', 7, null, { named: "b' OR 1=1 --" }, [["c' OR 1=1 --"]]])
    for (const letter of ['a', 'b']) {
      expect(isStopped(sink, `SELECT 1 FROM t WHERE a = '${letter}' OR 1=1 --'`, from('m'))).toBe(true)
      expect(isStopped(sink, `SELECT 1 FROM t WHERE a = '${letter}'' OR 1=1 --'`, from('m'))).toBe(false)
    }
  })

  test('what was escaped and written into a statement that stores it does not come back as code', () => {
    const sink = sqlSink(grammarOf('sqlite'))
    const back = "SELECT 1 FROM t WHERE a = 'a' OR 1=1 --'"
    expect(isStopped(sink, "SELECT 1 FROM t WHERE a = 'a'' OR 1=1 --'", from('m', "a' OR 1=1 --"))).toBe(false)
    expect(isStopped(sink, back, from('n')), 'nothing was stored').toBe(false)
    expect(isStopped(sink, "UPDATE t SET a = 'a'' OR 1=1 --' WHERE b = 7", from('m', "a' OR 1=1 --"))).toBe(false)
    expect(isStopped(sink, back.replace('1 FROM', '2 FROM'), from('n'))).toBe(true)
    expect(isStopped(sink, "SELECT 1 FROM t WHERE a = 'a'' OR 1=1 --'", from('n'))).toBe(false)
  })

  test('nobody stops the statements of the app for others by storing a piece of them', () => {
    const sink = sqlSink(grammarOf('postgres'))
    const sql = (name: string): string =>
      `SELECT "title" FROM posts WHERE state = 'shown' AND author = '${name}' AND lang = 'en'`
    sink.remember(["'shown'", '"title"'])
    expect(isStopped(sink, sql('ann'), from('a'))).toBe(false)
    expect(isStopped(sink, sql('bob'), from('b'))).toBe(false)
    // The shape of the statement is known by now: this runs across several tokens of it, and is none of the attacker's code.
    sink.remember(["' AND lang = '"])
    expect(isStopped(sink, sql('carl'), from('m'))).toBe(false)
    sink.remember(["' OR 1=1 OR lang = '"])
    expect(isStopped(sink, sql("' OR 1=1 OR lang = '"), from('m'))).toBe(true)
  })

  test('what was stored stops no statement whose own words and values it resembles', () => {
    const sink = sqlSink(grammarOf('sqlite'))
    sink.remember([" like '%'", "' or 1=1--", "x' OR 1=1 --"])
    expect(isStopped(sink, "SELECT 1 FROM t WHERE a LIKE '%''-''%'", from('a', "'-'"))).toBe(false)
    expect(isStopped(sink, "UPDATE t SET a = ' or 1=1--' WHERE b = 3", from('a', ' or 1=1--'))).toBe(false)
    expect(isStopped(sink, "SELECT 1 FROM t WHERE a = 'x' OR 1=1 --'", from('a'))).toBe(true)
  })

  test('what is stored is bounded: the oldest is forgotten', () => {
    const sink = sqlSink(grammarOf('sqlite'))
    sink.remember("first' OR 1=1 --")
    for (let i = 0; i < 600; i++) sink.remember(`x${i}' OR 1=1 --`)
    expect(isStopped(sink, "SELECT 1 FROM t WHERE a = 'first' OR 1=1 --'", from('m'))).toBe(false)
    expect(isStopped(sink, "SELECT 1 FROM t WHERE a = 'x599' OR 1=1 --'", from('m'))).toBe(true)
  })
})

describe('objects for values', () => {
  const mysql = grammarOf('mysql')
  test.each([
    ['where a value is compared', 'SELECT 1 FROM t WHERE a = ?', [{ a: 1 }], true],
    ['behind LIKE', 'SELECT 1 FROM t WHERE a LIKE ?', [{ a: 1 }], true],
    ['inside of a list', 'SELECT 1 FROM t WHERE a = ?', [[{ a: 1 }]], true],
    ['at the second place', 'SELECT 1 FROM t WHERE a = ? AND b = ?', ['x', { a: 1 }], true],
    ['without a prototype', 'SELECT 1 FROM t WHERE a = ?', [Object.create(null)], true],
    ['that are set', 'UPDATE t SET ? WHERE a = ?', [{ a: 1 }, 2], false],
    ['that are dates', 'SELECT 1 FROM t WHERE a = ?', [new Date()], false],
    ['that are bytes', 'SELECT 1 FROM t WHERE a = ?', [Buffer.from('x')], false],
    ['that the app made', 'SELECT 1 FROM t WHERE a = ?', [{ toSqlString: () => 'now()' }], false],
    ['behind a question mark in quotes', "SELECT 1 FROM t WHERE a = '?' AND b = ?", ['x'], false],
  ])('%s', (_where, sql, values, expected) => {
    expect(hasObjectForValue(sql, values, mysql)).toBe(expected)
  })
})

test('what is no database is refused', () => {
  expect(() => guardDatabase({})).toThrow(/BULWARK_ADAPTER_MISUSED/)
  expect(() => guardDatabase({ query() {} }, { dialect: 'oracle' as Dialect, methods: ['query'] })).toThrow(
    /ADAPTER_MISUSED/,
  )
  expect(() => guardDatabase({ query() {} }, { dialect: 'tsql', methods: ['request'] })).toThrow(/no such method/)
})

describe('over HTTP', () => {
  const servers: http.Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })

  /** A driver that nobody knows, and a listener that reads its body as plain Node apps do. */
  async function serve(): Promise<(body: string) => Promise<number>> {
    const db = guardDatabase({ run: (text: string) => text.length }, { dialect: 'tsql', methods: ['run'] })
    const listener = (req: IncomingMessage, res: ServerResponse): void => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const { name } = JSON.parse(Buffer.concat(chunks).toString()) as { name: string }
        let status = 200
        try {
          db.run(`SELECT 1 FROM people WHERE name = '${name}'`)
        } catch (error) {
          status = (error as { status: number }).status
        }
        res.writeHead(status).end()
      })
    }
    const why = 'large bodies are what is tested'
    const server = secure(http.createServer(listener), { bodyLimits: off(why), rateLimit: off(why), onEvent: () => {} })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    return (body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
        const request = http.request({ port, method: 'POST', headers, agent }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0))
        })
        request.once('error', reject)
        request.end(body)
      })
  }

  test('requests on one connection are each judged by their own body', async () => {
    const ask = await serve()
    const attack = JSON.stringify({ name: "x' OR 1=1 --" })
    const answers: number[] = []
    for (const body of [attack, '{"name":"ann"}', attack, '{"name":"x\'\' OR 1=1 --"}', attack])
      answers.push(await ask(body))
    expect(answers).toEqual([403, 200, 403, 200, 403])
  })

  test('an attack behind 600 kB of other things in the body is found', async () => {
    const ask = await serve()
    const filler = 'word '.repeat(120_000)
    expect(await ask(JSON.stringify({ filler, name: "x' OR 1=1 --" }))).toBe(403)
    expect(await ask(JSON.stringify({ filler, name: 'ann' }))).toBe(200)
  })

  test('an attack among more texts than are taken apart is found, however JSON may write it', async () => {
    const ask = await serve()
    const filler = Array.from({ length: 25_000 }, (_, i) => `text ${i}`)
    const attack = "x' UNION SELECT password FROM people --"
    const escaped = attack.replace(/./g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
    // What comes first is taken apart last.
    expect(await ask(JSON.stringify({ name: attack, filler }))).toBe(403)
    expect(await ask(JSON.stringify({ name: '?', filler }).replace('?', escaped))).toBe(403)
    expect(await ask(JSON.stringify({ name: 'ann', filler }))).toBe(200)
    expect(await ask(JSON.stringify({ filler, name: 'ann' }))).toBe(200)
  })
})
