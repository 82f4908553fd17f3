import fc from 'fast-check'
import { expect, test } from 'vitest'
import { percentDecoded } from './decode.ts'

/** The same by way of a buffer, which knows all of UTF-8. */
function expected(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}

const byte = fc.integer({ min: 0, max: 255 }).map((code) => `%${code.toString(16).padStart(2, '0')}`)
const letter = fc
  .string({ unit: 'binary', maxLength: 3 })
  .map((text) => Buffer.from(text).toString('hex').replace(/../g, '%$&'))
const pieces = fc.array(
  fc.oneof(byte, letter, fc.constantFrom('a', '%', '%2', '%E2%82', '%ED%A0%80', '%C0%80', '%EF%BB%BF')),
)

test('bytes are decoded as UTF-8, and what is none as everybody does', () => {
  fc.assert(
    fc.property(pieces, (some) => {
      const text = some.join('')
      expect(percentDecoded(text) ?? text).toBe(expected(text))
    }),
    { numRuns: 3000 },
  )
})
