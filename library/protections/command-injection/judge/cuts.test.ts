import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judge } from './judge.ts'

/** Enough texts that are nowhere in the command, so that it is cut before they are looked for. */
const MANY = Array.from({ length: 60 }, (_, i) => `nowhere-${i}`)
const LONG = 'some quiet words '.repeat(100)

const sign = fc.constantFrom('a', 'b', ' ', ';', '|', '$', '(', ')', '`', '\\', '"', "'", '\n', '#', '&')
const piece = fc.string({ unit: sign, minLength: 2, maxLength: 24 })
/** How apps put a value into a command: right, nearly right, and not at all. */
const quoting = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => `'${text}'`,
  (text) => `"${text}"`,
  (text) => `'${text.replaceAll("'", "'\\''")}'`,
  (text) => `'${text.replaceAll("'", `'"'"'`)}'`,
  (text) => `"${text.replace(/["\\$`]/g, '\\$&')}"`,
  (text) => `'${LONG}${text.replaceAll("'", "'\\''")}${LONG}'`,
  (text) => `"${LONG}${text}${LONG}"`,
)

test('what is cut off of a long command changes no verdict', () => {
  fc.assert(
    fc.property(piece, quoting, fc.boolean(), (text, quote, isFirst) => {
      const padding = `'${LONG}'`
      const command = isFirst ? `echo ${quote(text)} ${padding}` : `echo ${padding} ${quote(text)} end`
      const verdict = (texts: readonly string[]) => judge(['/bin/sh', '-c', command], texts)
      expect(verdict([...MANY, text])).toBe(verdict([text]))
    }),
    { numRuns: 1500 },
  )
})

test('a value that reaches out of its quotes is found among many, and one that does not is let be', () => {
  const sh = (command: string, text: string) => judge(['/bin/sh', '-c', command], [...MANY, text])
  expect(sh(`echo '${LONG}x'; id #${LONG}'`, "x'; id #")).toBe('code')
  expect(sh(`echo '${LONG}x; id #${LONG}'`, 'x; id #')).toBeUndefined()
  expect(sh(`echo "${LONG}$(id)${LONG}"`, '$(id)')).toBe('code')
  expect(sh(`echo '${LONG}$(id)${LONG}'`, '$(id)')).toBeUndefined()
})
