import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Finder } from './finder.ts'
import { presence, presentIn } from './presence.ts'

/** Texts of few letters repeat themselves, and nearly match nearly everywhere. */
const repetitive = (most: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: most }),
    fc.string({ unit: fc.constantFrom('a', "'", '\\', ' ', 'é', '😀', '"', '\n'), maxLength: most }),
    fc.tuple(fc.string({ maxLength: 4 }), fc.nat(most >> 2)).map(([unit, times]) => unit.repeat(times)),
  )

/** One that has done so much that it has made its index. */
function busy(text: string): Finder {
  const finder = new Finder(text)
  while (finder.work < 50_000) finder.indexOf('never there')
  return finder
}

describe('a finder', () => {
  test('answers what indexOf answers, from any place', () => {
    fc.assert(
      fc.property(repetitive(400), repetitive(60), fc.nat(500), (unit, wanted, from) => {
        const text = unit.padEnd(300, `${unit}-`)
        const finder = busy(text)
        expect(finder.indexOf(wanted, from)).toBe(text.indexOf(wanted, from))
        const piece = text.slice(from % 250, (from % 250) + wanted.length)
        expect(finder.indexOf(piece)).toBe(text.indexOf(piece))
        expect(finder.includes(`${piece}!`)).toBe(text.includes(`${piece}!`))
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['that are not there', (i: number) => `x${i.toString(36)}`],
    ['that begin like the text', (i: number) => `${'a'.repeat(4 + (i % 40))}${i.toString(36)}`],
    ['that stand at its end', () => 'ab'],
    ['of two letters in all orders', (i: number) => i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b')],
  ])('looks at few places for twenty thousand texts %s', (_, text) => {
    const finder = new Finder(`${'a'.repeat(30_000)}${'abba'.repeat(7000)}`)
    for (let i = 0; i < 20_000; i++) finder.indexOf(text(i))
    // A search for each through all of the text would be 1,200,000,000.
    expect(finder.work).toBeLessThan(2_000_000)
  })

  test.each([64, 65, 1000, 32_768])('looks at few places for a text of %i that nearly stands everywhere', (size) => {
    const unit = 'ab cd-ef.gh '
    const text = unit.repeat(5000)
    const finder = new Finder(text)
    const wanted = `${unit.repeat(3000).slice(0, size - 1)}!`
    expect(finder.indexOf(wanted)).toBe(-1)
    expect(finder.indexOf(wanted.slice(0, -1), 7)).toBe(12)
    // Twice the plain work, and what an index costs.
    expect(finder.work).toBeLessThan(text.length * 40)
  })
})

describe('presence', () => {
  const many = Array.from({ length: 100 }, (_, i) => `absent${i}`)

  test('is told of every form that escaping gives a text, in any case', () => {
    fc.assert(
      fc.property(
        repetitive(40),
        fc.string({ maxLength: 10 }),
        fc.string({ maxLength: 10 }),
        (text, before, behind) => {
          const forms = [
            text,
            text.trim(),
            text.replaceAll("'", "''"),
            text.replaceAll('"', '""'),
            text.replace(/[\\'"]/g, '\\$&').replaceAll('\n', '\\n'),
            text.replaceAll('\\', '\\\\').replaceAll("'", "''"),
            text.toUpperCase(),
          ]
          for (const form of forms) expect(presentIn(before + form + behind, [...many, text])).toContain(text)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('is not told of texts that are not there, however alike', () => {
    const call = `SELECT a FROM b WHERE c = '${'x'.repeat(500)}'`
    const texts = [...many, 'WHERE d', "c = 'y", `${'x'.repeat(200)}y`, 'selecta', `${'y'.repeat(300)}`, 'from b']
    const told = presentIn(call, texts)
    expect(told).toContain('from b')
    // One bit for each piece: some are taken for present by chance.
    expect(told.length).toBeLessThan(10)
  })

  test('is told of long texts by both of their ends', () => {
    const text = Array.from({ length: 200 }, (_, i) => `word${i} 'x'`).join(' ')
    expect(presentIn(`a ${text.replaceAll("'", "''")} b`, [...many, text])).toContain(text)
    expect(presentIn(`a ${text.slice(0, -40)} b`, [...many, text])).not.toContain(text)
  })

  test('is found out for texts that came later, too', () => {
    const texts = [...many]
    expect(presentIn('one two', texts)).not.toContain('two')
    texts.push('two')
    for (let i = 0; i < 1000; i++) texts.push(`more ${i}`)
    const told = presentIn('one two', texts)
    expect(told).toContain('two')
    expect(told.length).toBeLessThan(100)
  })

  test('of few texts is not worth asking for', () => {
    expect(presence('a', ['b'])).toBeUndefined()
    expect(presentIn('a', ['b'])).toEqual(['b'])
  })
})
