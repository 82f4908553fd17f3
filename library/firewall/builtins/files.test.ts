import * as named from 'node:fs'
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile as namedReadFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { SinkExchange } from '../../core/sink.ts'
import { runIn, startCarrying } from '../context.ts'
import { watchFiles } from './files.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-files-'))
const OPEN = join(home, 'open.txt')
const SHUT = join(home, 'shut.txt')
for (const file of [OPEN, SHUT]) writeFileSync(file, 'text')
afterAll(() => rmSync(home, { recursive: true }))

class Stopped extends Error {}
const seen: string[] = []
afterEach(() => void seen.splice(0))

startCarrying()
watchFiles({
  path(path) {
    seen.push(path)
    if (path.includes('shut')) throw new Stopped()
  },
})

const exchange: SinkExchange = {
  id: '0123456789abcdef',
  untrusted: {
    client: 'a',
    texts: () => [],
    structured: () => [],
    host: '',
    named: () => [],
    values: () => [],
    names: () => new Set(),
    rest: () => '',
  },
  stanceOf: () => 'enforce',
  report: () => {},
}
const within = <T>(run: () => T): T => runIn(exchange, run)
const called = (run: (done: (error: unknown) => void) => void): Promise<unknown> =>
  within(() => new Promise((done) => run(done)))

describe('a stopped call fails the way that the function does', () => {
  test('by throwing', () => {
    const calls: (() => unknown)[] = [
      () => fs.readFileSync(SHUT),
      () => named.readFileSync(SHUT),
      () => fs.openSync(SHUT, 'r'),
      () => fs.statSync(SHUT),
      () => fs.writeFileSync(SHUT, ''),
      () => fs.unlinkSync(SHUT),
      () => fs.readdirSync(SHUT),
      () => fs.mkdirSync(SHUT),
      () => fs.rmSync(SHUT),
      () => fs.realpathSync(SHUT),
      () => fs.renameSync(OPEN, SHUT),
      () => fs.copyFileSync(SHUT, OPEN),
      () => fs.watch(SHUT),
      () => fs.promises.watch(SHUT),
      () => fs.readFileSync(Buffer.from(SHUT)),
      () => fs.readFileSync(pathToFileURL(SHUT)),
    ]
    for (const call of calls) expect(() => within(call), String(call)).toThrow(Stopped)
    expect(fs.readFileSync(SHUT, 'utf8')).toBe('text')
  })

  test('by calling back, and never at once', async () => {
    expect(await called((done) => fs.readFile(SHUT, done))).toBeInstanceOf(Stopped)
    expect(await called((done) => fs.stat(SHUT, done))).toBeInstanceOf(Stopped)
    expect(await called((done) => fs.rename(OPEN, SHUT, done))).toBeInstanceOf(Stopped)
    expect(await called((done) => fs.writeFile(SHUT, '', done))).toBeInstanceOf(Stopped)
    let order = ''
    await called((done) => {
      fs.access(SHUT, (error) => {
        order += 'b'
        done(error)
      })
      order += 'a'
    })
    expect(order).toBe('ab')
  })

  test('by rejecting', async () => {
    await expect(within(() => fs.promises.readFile(SHUT))).rejects.toThrow(Stopped)
    await expect(within(() => namedReadFile(SHUT))).rejects.toThrow(Stopped)
    await expect(within(() => fs.promises.open(SHUT))).rejects.toThrow(Stopped)
    await expect(within(() => promisify(fs.readFile)(SHUT))).rejects.toThrow(Stopped)
    await expect(within(() => fs.openAsBlob(SHUT))).rejects.toThrow(Stopped)
  })

  test('by the error of a stream', async () => {
    for (const open of [fs.createReadStream, fs.createWriteStream]) {
      const stream: Readable | Writable = within(() => open(SHUT))
      expect(await new Promise((done) => stream.on('error', done))).toBeInstanceOf(Stopped)
    }
    expect(fs.readFileSync(SHUT, 'utf8')).toBe('text')
  })

  test('by saying that there is nothing', async () => {
    expect(within(() => fs.existsSync(SHUT))).toBe(false)
    expect(await called((done) => fs.exists(SHUT, done))).toBe(false)
    expect(await within(() => promisify(fs.exists)(OPEN))).toBe(true)
  })
})

test('a call that is not stopped does what it did', async () => {
  expect(within(() => fs.readFileSync(OPEN, 'utf8'))).toBe('text')
  expect(within(() => fs.existsSync(OPEN))).toBe(true)
  expect(await within(() => fs.promises.readFile(OPEN, 'utf8'))).toBe('text')
  expect(await text(within(() => fs.createReadStream(OPEN)))).toBe('text')
  expect(within(() => fs.realpathSync.native(OPEN))).toContain('open.txt')
  const file = within(() => fs.openSync(OPEN, 'r'))
  expect(within(() => fs.readFileSync(file, 'utf8'))).toBe('text')
  fs.closeSync(file)
  expect(() => within(() => fs.readFileSync(undefined as never))).toThrow(TypeError)
  expect(() => within(() => fs.readFileSync(new URL('https://app.example/')))).toThrow(TypeError)
})

test('outside of an exchange nothing is looked at', () => {
  fs.readFileSync(OPEN)
  expect(seen).toEqual([])
})

test('functions keep their name, their number of arguments and what hangs on them', () => {
  expect([fs.readFile.name, fs.readFile.length]).toEqual(['readFile', 3])
  expect(fs.realpath.native).toBeTypeOf('function')
  expect((fs.exists as never)[promisify.custom]).toBeTypeOf('function')
})
