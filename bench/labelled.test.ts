import { expect, test } from 'vitest'
import { UsageError } from './arguments.ts'
import { readCases } from './labelled.ts'

const one = {
  dialect: 'postgres',
  template: "SELECT '§'",
  sql: "SELECT 'a'",
  input: 'a',
  expected: 'safe',
  executes: true,
} as const
const line = JSON.stringify(one)

test('one case is read from each line, whatever ends it and whatever else is there', () => {
  expect(readCases(`\ufeff${line}\r\n\r\n  \n${line}`, 'f')).toEqual([one, one])
  const otherwise = JSON.stringify({ note: 1, ...Object.fromEntries(Object.entries(one).reverse()) })
  expect(readCases(otherwise, 'f')).toEqual([one])
})

test('a text may be huge, empty, or end lines of its own', () => {
  const input = `${'x'.repeat(3_000_000)}\u2028\r\n`
  expect(readCases(JSON.stringify({ ...one, input }), 'f')[0]?.input).toBe(input)
  expect(readCases(JSON.stringify({ ...one, input: '' }), 'f')[0]?.input).toBe('')
})

test.each([
  ['PostgreSQL', 'postgres'],
  ['MariaDB', 'mysql'],
  ['sqlite3', 'sqlite'],
  ['mssql', 'tsql'],
])('%s is the dialect %s', (dialect, meant) => {
  expect(readCases(JSON.stringify({ ...one, dialect }), 'f')[0]?.dialect).toBe(meant)
})

test.each([
  ['{"dialect": "postgres"', 'no JSON'],
  ['[1]', 'no object'],
  ['null', 'no object'],
  [JSON.stringify({ ...one, dialect: 'oracle' }), 'the dialect "oracle" is none of postgres, mysql, sqlite, tsql'],
  [JSON.stringify({ ...one, dialect: 'constructor' }), 'the dialect "constructor" is none of'],
  [JSON.stringify({ ...one, dialect: undefined }), '`dialect` is missing'],
  [JSON.stringify({ ...one, template: undefined }), '`template` is no text'],
  [JSON.stringify({ ...one, sql: 7 }), '`sql` is no text'],
  [JSON.stringify({ ...one, input: null }), '`input` is no text'],
  [JSON.stringify({ ...one, expected: 'Safe' }), '`expected` is neither'],
  [JSON.stringify({ ...one, executes: undefined }), '`executes` is neither'],
])('%s: nothing is counted, and the line is named', (bad, why) => {
  const read = (): unknown => readCases(`${line}\n\n${bad}\n`, 'cases.jsonl')
  expect(read).toThrow(UsageError)
  expect(read).toThrow('cases.jsonl:3: ')
  expect(read).toThrow(why)
})

test('many bad lines are told as a few', () => {
  expect(() => readCases('x\n'.repeat(9), 'f')).toThrow(/^f:1: .*\n(?:f:\d: .*\n){4}and 4 more lines$/)
})

test('a file without a case is no measurement', () => {
  expect(() => readCases(' \n\r\n', 'f')).toThrow('f: there is no case in it')
})
