import { describe, expect, test } from 'vitest'
import { parseArguments, programIn, UsageError } from './arguments.ts'
import { casesOf, facts } from './cases.ts'

describe('the command line', () => {
  test('measures everything in five rounds when nothing is asked', () => {
    expect(parseArguments([])).toMatchObject({
      frameworks: ['express', 'fastify', 'node'],
      stacks: ['bare', 'usual', 'bulwark'],
      rounds: 5,
      json: undefined,
    })
  })

  test('runs three shorter rounds when it is to be quick, unless told how many', () => {
    const long = parseArguments([])
    const quick = parseArguments(['--quick'])
    expect(quick?.rounds).toBe(3)
    expect(quick?.seconds).toBeLessThan(long?.seconds ?? 0)
    expect(parseArguments(['--quick', '--rounds', '7'])?.rounds).toBe(7)
  })

  test('takes lists in any order and keeps its own', () => {
    const settings = parseArguments(['--only', 'node, express', '--stacks=bulwark,bare', '--json', 'out.json'])
    expect(settings).toMatchObject({ frameworks: ['express', 'node'], stacks: ['bare', 'bulwark'], json: 'out.json' })
  })

  test('may ask for a program of its own in place of the servers', () => {
    expect(programIn(['--passwords'])).toBe('passwords')
    expect(programIn(['--sessions'])).toBe('sessions')
    expect(programIn(['--quick', '--access'])).toBe('access')
    expect(programIn(['--quick'])).toBeUndefined()
  })

  test('answers nothing to measure when help is asked for', () => {
    expect(parseArguments(['--help'])).toBeUndefined()
  })

  test.each([
    [['--only', 'koa'], "--only knows express, fastify, node, not 'koa'"],
    [['--stacks', ''], "--stacks knows bare, usual, bulwark, not ''"],
    [['--rounds', '0'], "--rounds takes a number from 1 to 50, not '0'"],
    [['--rounds', '51'], "--rounds takes a number from 1 to 50, not '51'"],
    [['--rounds', '3.5'], "--rounds takes a number from 1 to 50, not '3.5'"],
    [['--fast'], '--fast'],
    [['express'], 'express'],
    [['--json'], '--json'],
  ])('refuses %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(UsageError)
    expect(() => parseArguments(argv)).toThrow(message)
  })
})

test('plain node:http has no usual stack', () => {
  const names = casesOf(['node', 'fastify'], ['bare', 'usual', 'bulwark']).map((one) => `${one.framework} ${one.stack}`)
  expect(names).toEqual(['fastify bare', 'fastify usual', 'fastify bulwark', 'node bare', 'node bulwark'])
})

test('the POST is 1,000 bytes of JSON', () => {
  expect(Buffer.byteLength(facts['post-json'].body)).toBe(1000)
  expect(JSON.parse(facts['post-json'].body)).toHaveProperty('title')
})
