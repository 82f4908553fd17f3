import { describe, expect, test } from 'vitest'
import type { Untrusted } from '../../../core/sink.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { codeSink } from './sink.ts'

function clientOf(texts: readonly string[]): Untrusted {
  const body = [Buffer.from(JSON.stringify(texts))]
  return new ClientTexts({
    target: '/',
    rawHeaders: [],
    bodyBytes: body[0]?.length ?? 0,
    bodyForSinks: body,
    client: 'a',
    header: (name) => (name === 'content-type' ? 'application/json' : undefined),
  })
}

const isRefused = (code: string, ...texts: string[]): boolean =>
  codeSink().judge({ code }, clientOf(texts)) !== undefined

describe('code of a client is refused', () => {
  test.each([
    ['return %', 'process.exit(1)'],
    ['return %', 'process.env'],
    ['return %', 'a=1'],
    ['return %', '[][[]]'],
    ['return %', 'throw 1'],
    ['return %', 'this.x'],
    ['return %', '1;import("node:fs")'],
    ["return '%'", "'+process.exit()+'"],
    ['return "%"', '"+process.exit()+"'],
    ['return `%`', '$' + '{process.exit()}'],
    ["find({ a: '%' })", "' || leak() || '"],
    ['// %\nreturn 1', 'x\nprocess.exit()'],
    ['return /%/', 'a/, leak(), /b'],
    ['with (v) { return "<p>" + (leak()) }', '<p><%= leak() %></p>'],
    ['with (v) { return "<p>" + (leak()) }', '<p><%- leak() -%></p>'],
    ['pug_html += leak()', '#{leak()}'],
    ['out += (leak())', '{{= leak() }}'],
    ['out += (leak())', '{{{leak()}}}'],
    ['out += (leak())', '{{ {{ leak() }}'],
    ['out += (leak())', `<% ${'-'.repeat(3000)} leak() %>`],
    ['out += (leak())', '$' + '{leak()}'],
  ])('%j with %j', (code, text) => {
    expect(
      isRefused(
        code.replace('%', () => text),
        text,
      ),
    ).toBe(true)
  })

  test('also when it came encoded', () => {
    const text = 'process.exit(1)'
    expect(isRefused(`return ${text}`, Buffer.from(text).toString('base64'))).toBe(true)
    expect(isRefused(`return ${text}`, encodeURIComponent(text))).toBe(true)
  })

  test('also when there was no room to take it apart', () => {
    const words = Array.from({ length: 30_000 }, (_, i) => `word${i}`)
    expect(isRefused('return process.exit(1)', ...words, 'return process.exit(1)')).toBe(true)
    expect(isRefused('return process.exit(1)', ...words)).toBe(false)
  })
})

test('code is refused of which the app cut something off', () => {
  expect(isRefused("return 'x'+process.exit()//'", "id-x'+process.exit()//")).toBe(true)
  expect(isRefused("return 'x'+process.exit()//'", "x'+process.exit()//, and more")).toBe(true)
  expect(isRefused('var a = {"list":["my file (1)",1]}; f(a)', '["my file (1)"]')).toBe(false)
})

describe('what does nothing may stand anywhere', () => {
  test.each([
    ['return %', '2 * (3 + 4) / 1.5'],
    ['return %', 'price'],
    ['return (%)', '{"a":[1,"b (c)"]}'],
    ['return "%"', 'a word (or two), and = more'],
    ["return '%'", 'see http://a.example/?b=c'],
    ['return `%`', 'x.y z'],
    ['/* % */ return 1', 'a.b()'],
    ['return f(x)', '('],
    ['return f(x)', '(x'],
    ['return a == b', '=='],
  ])('%j with %j', (code, text) => {
    expect(
      isRefused(
        code.replace('%', () => text),
        text,
      ),
    ).toBe(false)
  })

  test('and a value that its author escaped is text', () => {
    const text = `x" + leak() + "`
    expect(isRefused(`return ${JSON.stringify(text)}`, text)).toBe(false)
  })
})

test('code that was there before, or was seen clean, is the own of the app', () => {
  const sink = codeSink()
  const call = { code: 'return a.b(c)' }
  expect(sink.judge(call, clientOf(['a.b(c)']))).toMatchObject({ risk: 'code-injection', status: 403 })
  sink.trust(call)
  expect(sink.judge(call, clientOf(['a.b(c)']))).toBeUndefined()
  const other = { code: 'return d.e(f)' }
  expect(sink.judge(other, clientOf(['x']))).toBeUndefined()
  expect(sink.judge(other, clientOf(['d.e(f)']))).toBeUndefined()
})

describe('a module', () => {
  const sink = codeSink()
  const load = (module: string, ...texts: string[]): boolean =>
    sink.judge({ module, from: `/app/${texts.join()}.js` }, clientOf(texts)) !== undefined

  test('that the client named, or a part of its path, is not loaded', () => {
    expect(load('child_process', 'child_process')).toBe(true)
    expect(load('/app/plugins/../../etc/x', '../../etc/x')).toBe(true)
    expect(load('node:fs', 'node:fs')).toBe(true)
    expect(load('/uploads/ann/x.js', '/uploads/ann/x')).toBe(true)
    expect(load('./themes/own/dark.js', 'own/dark')).toBe(true)
  })

  test('of the own of the app is', () => {
    expect(load('express', 'fs')).toBe(false)
    expect(load('./plugins/a.js', 'plugins')).toBe(false)
    expect(load('./routes/index.js', '/index')).toBe(false)
    expect(load('./routes/index.js', 'a/routes')).toBe(false)
    const call = { module: 'crypto', from: '/app/a.js' }
    sink.trust(call)
    expect(sink.judge(call, clientOf(['crypto']))).toBeUndefined()
    expect(sink.judge({ ...call, from: '/app/b.js' }, clientOf(['crypto']))).toBeDefined()
  })
})

test('marks without end cost no more than their length', () => {
  const start = process.cpuUsage()
  for (const sign of ['{{', '<%', '${a(', '{{-----', '--'])
    isRefused('return a(b)', sign.repeat(40_000), `{{${'-'.repeat(90_000)}}}`)
  const { user } = process.cpuUsage(start)
  // A square of the length would take minutes.
  expect(user / 1e6).toBeLessThan(5)
})
