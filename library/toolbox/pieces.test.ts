import fc from 'fast-check'
import { expect, test } from 'vitest'
import { piecesIn } from './pieces.ts'

test('pieces that stand in a text are found, and no others', () => {
  const sign = fc.constantFrom('a', 'b', "'", 'é', '\n')
  const piece = fc.oneof(fc.string({ unit: sign, minLength: 4, maxLength: 4 }), fc.string({ unit: sign, maxLength: 3 }))
  const pieces = fc.oneof(
    fc.array(piece, { maxLength: 6 }),
    fc.array(fc.string({ unit: sign, minLength: 4, maxLength: 4 }), { minLength: 20, maxLength: 40 }),
  )
  fc.assert(
    fc.property(fc.string({ unit: sign, maxLength: 80 }), pieces, (text, all) => {
      const wanted = new Set(all)
      expect([...piecesIn(text, wanted, 4)].sort()).toEqual([...wanted].filter((each) => text.includes(each)).sort())
    }),
    { numRuns: 1000 },
  )
})
