import { expect, test } from 'vitest'
import { parseAnswer, toBytes } from './by-hand.ts'

const parse = (text: string, failure?: string): [number, string, string | undefined] => {
  const got = parseAnswer(Buffer.from(text), 1, failure)
  return [got.status, Buffer.from(got.body).toString(), got.failure]
}

test('an answer read by hand has its status, headers and body', () => {
  const got = parseAnswer(Buffer.from('HTTP/1.1 404 Not Found\r\nA: b\r\nSet-Cookie: c=d\r\nbroken\r\n\r\nbody'), 1)
  expect(got).toMatchObject({ status: 404, reason: 'Not Found', rawHeaders: ['A', 'b', 'Set-Cookie', 'c=d'] })
  expect(Buffer.from(got.body).toString()).toBe('body')
})

test('chunks are put together, as far as they came', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  expect(parse(`${head}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n`)).toEqual([200, 'abcde', undefined])
  expect(parse(`${head}5\r\nab`)).toEqual([200, 'ab', undefined])
})

test('a provisional answer is not the answer', () => {
  expect(parse('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx')).toEqual([200, 'x', undefined])
})

test('what is no HTTP, or nothing, is no answer', () => {
  expect(parse('SSH-2.0-x\r\n\r\n')).toEqual([0, '', 'malformed'])
  expect(parse('')).toEqual([0, '', 'reset'])
  expect(parse('', 'timeout')).toEqual([0, '', 'timeout'])
  expect(parse('HTTP/1.1 200 OK\r\n\r\npart', 'timeout')).toEqual([200, 'part', 'timeout'])
})

test('each character is one byte where that is possible', () => {
  expect([...toBytes('a\u00ff\r\u0000')]).toEqual([97, 255, 13, 0])
  expect(toBytes('\u00e9\u20ac').toString('utf8')).toBe('\u00e9\u20ac')
})
