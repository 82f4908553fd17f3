import { describe, expect, test } from 'vitest'
import { cutsOf } from './cuts.ts'
import { grammarOf } from './dialect.ts'
import { judge } from './judge.ts'
import { lex } from './lexer.ts'
import { Tokens } from './tokens.ts'

const grammar = grammarOf('postgres')
const others: readonly string[] = Array.from({ length: 200 }, (_, i) => `it's ${i}`)
const all: string = others.map((text) => text.replaceAll("'", "''")).join(', ')

describe('many texts in a long value', () => {
  test('are told from what is outside without the depths of it', () => {
    const tokens = new Tokens()
    const sql = `SELECT id FROM posts WHERE text = '${all.repeat(20)}' LIMIT 3`
    lex(sql, grammar, tokens)
    const cuts = [...cutsOf(sql, tokens)]
    expect(cuts.map(({ longest }) => longest)).toEqual([32, 128, 512, 2048])
    expect(cuts[0]?.left.length).toBeLessThan(300)
    expect(cuts[0]?.left).toMatch(/^SELECT .*' LIMIT 3$/)
  })

  test('are no injection', () => {
    const sql = `SELECT id FROM posts WHERE text = '${all}' LIMIT 3`
    expect(judge(sql, others, grammar)).toBe('clean')
  })

  test.each([1, 20, 40, 200, 900, 3000])('hide no injection that is %i signs long', (size) => {
    const attack = `${'x'.repeat(size)}' OR 1=1 OR name = '${'y'.repeat(size)}`
    const sql = `SELECT id FROM posts WHERE text = '${all}${attack}${all}' LIMIT 3`
    expect(judge(sql, [...others, attack], grammar)).toBe('injection')
  })
})
