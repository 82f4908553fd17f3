import { describe, expect, test } from 'vitest'
import { AMOUNT, FLAG, type Kind, misfitIn, TEXTS } from './value-kinds.ts'

const KIND: Kind = {
  keys: {
    mode: { text: { enforce: true, observe: true } },
    names: TEXTS,
    most: AMOUNT,
    part: { keys: { flag: FLAG }, off: true },
    each: { each: { number: true } },
    grants: { yes: true, any: true },
  },
}
const at = (value: unknown): string | undefined => misfitIn(value, KIND, 'it')?.at

describe('a value of its kind', () => {
  test.each([
    {},
    { mode: 'observe', names: ['a'], most: '5s', part: { flag: false }, each: { a: 1 }, grants: true },
    { mode: undefined, names: [], most: 5, part: { off: 'the gateway does it' }, grants: { of: 1 } },
  ])('%j is taken', (value) => {
    expect(misfitIn(value, KIND, 'it')).toBeUndefined()
  })
})

describe('a value of another kind', () => {
  test.each([
    [{ mode: 'obseve' }, 'it.mode'],
    [{ names: 'a' }, 'it.names'],
    [{ names: ['a', undefined] }, 'it.names[1]'],
    [{ most: true }, 'it.most'],
    [{ part: { flag: 'yes' } }, 'it.part.flag'],
    [{ part: { fleg: true } }, 'it.part.fleg'],
    [{ part: { off: ' ' } }, 'it.part'],
    [{ each: { a: 1, 'b c': '1' } }, 'it.each["b c"]'],
    [{ each: { off: 'why' } }, 'it.each'],
    [{ grants: false }, 'it.grants'],
    [[], 'it'],
    [null, 'it'],
  ])('%j is found where it is', (value, place) => {
    expect(at(value)).toBe(place)
  })

  test('is told with what it may be', () => {
    expect(misfitIn({ mode: 'obseve' }, KIND, 'it')).toMatchObject({
      what: 'it.mode cannot be "obseve"',
      fix: "did you mean 'observe'?",
    })
    expect(misfitIn({ names: 5 }, KIND, 'it')?.fix).toBe('it may be a list of texts')
    expect(misfitIn({ part: false }, KIND, 'it')?.fix).toBe("off('why') turns it off: every report shows the reason")
    expect(misfitIn({ names: [undefined] }, KIND, 'it')?.fix).toContain('is a variable of the environment missing?')
  })

  test('is not repeated when it may be a secret', () => {
    expect(JSON.stringify(misfitIn({ part: 'hunter2' }, KIND, 'it'))).not.toContain('hunter2')
  })
})
