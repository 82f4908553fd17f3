import { randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { weaknessOf } from './weak-secret.ts'

test.each([
  ['31 characters', 'kPz7hV0qUwTn3sXeYbRj5mGcLd8fAo2', 'poor'],
  ['seven different characters', 'abcdefg'.repeat(6), 'poor'],
  ['a repetition that does not end whole', 'k3y-Ab9z'.repeat(5).slice(0, 37), 'sample'],
  ['the alphabet backwards', 'zyxwvutsrqponmlkjihgfedcba9876543210', 'sample'],
  ['a keyboard that is not English', 'qwertzuiopasdfghjklyxcvbnm0987654321', 'sample'],
  ['a shouted placeholder', 'CHANGE_ME_TO_A_LONG_RANDOM_STRING!!', 'sample'],
  ['a sentence with a full stop', 'The quick brown fox jumps over dogs.', 'sample'],
] as const)('%s is no secret', (_, text, kind) => {
  expect(weaknessOf(text)).toMatchObject({ kind })
})

test('what is random is never taken for a sample', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  for (let i = 0; i < 2000; i++) {
    const made = [
      randomBytes(16).toString('hex'),
      randomBytes(24).toString('base64'),
      randomBytes(32).toString('base64url'),
      randomUUID(),
      Array.from(randomBytes(32), (byte) => letters[byte % 26]).join(''),
    ]
    for (const text of made) expect(weaknessOf(text), text).toBeUndefined()
  }
})

test('eight words drawn at random are a passphrase', () => {
  expect(weaknessOf('lagoon tractor violin plume gravel onion sketch mammoth')).toBeUndefined()
})
