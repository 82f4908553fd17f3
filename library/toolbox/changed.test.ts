import { describe, expect, test } from 'vitest'
import { changedIn } from './changed.ts'

describe('what an app changed is found in a call', () => {
  test.each([
    ['a beginning', "x'; run(); // and much more", "f('x'; run(); //')", "x'; run(); //"],
    ['an end', "key:x'; run(); //", "f('x'; run(); //')", "x'; run(); //"],
    ['what is left without tags', '<b>$(id) now</b>', 'echo $(id) now', '$(id) now'],
    ['single blanks', 'a;  id  now', 'echo a; id now', 'a; id now'],
    ['blanks taken off', ' a; id now\t', 'echo a; id now', 'a; id now'],
    ['another case', '$(ID) NOW', 'echo $(id) now', '$(id) now'],
  ])('%s', (_what, text, call, piece) => expect(changedIn(call, [text])).toContain(piece))
})

describe('nothing is found', () => {
  test.each([
    ['where a text stands as it is', 'a; id; now', 'echo a; id; now'],
    ['of what is too short', 'x; id more', 'echo x; id'],
    ['where less than a third is left', `a long story that ends with words, and some; code`, 'some; code'],
    ['of JSON at the end of a path', 'api/{"v":"my file (1)"}', 'var data = {"a":{"v":"my file (1)"}}'],
    ['of JSON, which is taken apart', '["my file (1)"]', 'var data = {"list":["my file (1)",1]}'],
  ])('%s', (_what, text, call) => expect(changedIn(call, [text])).toEqual([]))

  test('where so much was sent that it would take too long', () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `$(id) ${i} more`)
    expect(changedIn('echo $(id) 7 mor'.padEnd(100, '!'), texts)).toEqual([])
  })
})
