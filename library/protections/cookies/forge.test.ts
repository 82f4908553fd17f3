import { expect, test } from 'vitest'
import { forgeries } from './forge.ts'

test.each([
  ['1', ['2', '3']],
  ['s%3A17.abcd', ['s%3A18.abcd']],
  ['user:7', ['user%3A8']],
  ['login=ada', ['login%3Dadmin']],
  ['p1.0.c2ln', ['p2.0.c2ln']],
  [Buffer.from('{"id":7}').toString('base64url'), [Buffer.from('{"id":8}').toString('base64url')]],
])('whom a cookie names is exchanged: %j', (value, expected) => {
  expect(forgeries(value).map((forgery) => forgery.value)).toEqual(expect.arrayContaining(expected))
})

test.each(['s%3Aq8Ja7Xf3kLm2.c2ln', 'Zk3Jf0pQ1x', 'dark', '', '%E0%A4%A', '1767225600000'])(
  'a value that names nobody is left alone: %j',
  (value) => {
    expect(forgeries(value)).toEqual([])
  },
)
