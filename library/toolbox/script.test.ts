import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isInjected } from './script.ts'

const AROUND: readonly [string, (value: string) => string][] = [
  ['quotes', (value) => `this.a == '${value}'`],
  ['double quotes', (value) => `this.a == "${value}"`],
  ['a template', (value) => `this.a == \`${value}\``],
  ['a pattern', (value) => `/^${value}/.test(this.a)`],
  ['a comment', (value) => `/* ${value} */ this.a == 1`],
]

test.each(AROUND)('a word with blanks stays inside of %s', (_, around) => {
  expect(isInjected(around('a word, or two'), ['a word, or two'])).toBe(false)
})

test.each([
  ["this.a == '%'", "x' || '1"],
  ['this.a == "%"', 'x" || "1'],
  ['this.a == `%`', '$' + '{sleep(1)}'],
  ['this.a == `%`', 'x` || `1'],
  ['/^%/.test(this.a)', 'x/.test(1) || /1'],
  ['// %\nthis.a', 'x\nsleep(1)'],
  ['/* % */ this.a', 'x */ sleep(1) /*'],
  ['this.a == %', '1 || sleep(1)'],
  ['this.a / 2 == %', '1; sleep(1)'],
  ["this.a == '%'", 'x\u2028'.concat("' || '1")],
  ["this.a == '%'", 'x\n || sleep(1)'],
  ['this.%', 'a || 1'],
  ['%', 'sleep(1)'],
])('%s with %j is an injection', (script, text) => {
  expect(
    isInjected(
      script.replace('%', () => text),
      [text],
    ),
  ).toBe(true)
})

test('a backslash in one value and code in the next is an injection', () => {
  const texts = ['\\', ' || sleep(1) //']
  expect(isInjected(`this.a == '${texts[0]}' && this.b == '${texts[1]}'`, texts)).toBe(true)
})

test('code inside of a template is code, and the text behind it is text', () => {
  const script = '`a $' + "{ {b: 'c d'}.b } e f` == this.g"
  expect(isInjected(script, ['e f'])).toBe(false)
  expect(isInjected(script, ['c d'])).toBe(false)
  expect(isInjected(script, ['}.b'])).toBe(true)
})

test('numbers and blanks are no code, and escaped values do not count', () => {
  expect(isInjected('this.a == -5 ', ['-5', ' '])).toBe(false)
  const name = "O'Brien"
  expect(isInjected(`this.a == ${JSON.stringify(name).replaceAll("'", "\\'")}`, [name])).toBe(false)
})

test('a text that occurs all over is not looked for without end', () => {
  expect(isInjected(`'${'a,'.repeat(5000)}'`, [','])).toBe(true)
})

test('what is cut off of a long script changes no answer', () => {
  const others = Array.from({ length: 60 }, (_, i) => `no where-${i}`)
  const prose = 'some quiet words '.repeat(100)
  const sign = fc.constantFrom('a', ' ', "'", '"', '\\', '`', '$', '{', '}', '/', '*', '(', ')', '.', '\n', '\u2028')
  const text = fc.string({ unit: sign, minLength: 2, maxLength: 24 })
  const quoting = fc.constantFrom<(value: string) => string>(
    (value) => value,
    (value) => `'${value}'`,
    (value) => `"${prose}${value}${prose}"`,
    (value) => `'${prose}${value}'`,
    (value) => `\`${value}${prose}\``,
    (value) => `/* ${prose}${value} */`,
    (value) => JSON.stringify(prose + value),
  )
  fc.assert(
    fc.property(text, quoting, fc.boolean(), (value, quote, isFirst) => {
      const padding = `"${prose}"`
      const script = isFirst ? `f(${quote(value)}, ${padding})` : `f(${padding}, ${quote(value)})`
      expect(isInjected(script, [...others, value])).toBe(isInjected(script, [value]))
    }),
    { numRuns: 2000 },
  )
})

test('a text in every part of a long string is no flood', () => {
  const texts = Array.from({ length: 3000 }, (_, i) => `f(${i})`)
  expect(isInjected(`return ${JSON.stringify(texts.join(', '))}.length`, texts)).toBe(false)
  expect(isInjected(`return ${JSON.stringify(texts.join(', '))} + f(7)`, texts)).toBe(true)
})
