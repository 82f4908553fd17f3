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
