import { expect, test } from 'vitest'
import { textOf } from './short-texts.ts'

const whole = (text: string): string => {
  const bytes = Buffer.from(`<${text}>`)
  return textOf(bytes, 1, bytes.length - 1)
}

test('texts are what they are, however many others came before them in the same slots', () => {
  const all = Array.from({ length: 5000 }, (_, i) => `k${i.toString(36)}`)
  for (const text of all) expect(whole(text)).toBe(text)
  for (const text of all) expect(whole(text)).toBe(text)
})

test('every length and every letter comes back as it was sent', () => {
  for (const text of ['', 'a', 'a'.repeat(32), 'a'.repeat(33), 'größe', 'ключ', '\0', '😀'.repeat(20), '__proto__'])
    for (const _ of [1, 2]) expect(whole(text)).toBe(text)
})

test('bytes that are no Buffer, and begin somewhere in their memory, are read from there', () => {
  const memory = new Uint8Array(Buffer.from('....name and größe'))
  expect(textOf(memory.subarray(4), 0, 4)).toBe('name')
  expect(textOf(memory.subarray(4), 9, 16)).toBe('größe')
})

test('texts of the same bytes but for one are told apart', () => {
  for (let code = 0x20; code < 0x7f; code++) {
    const text = `ab${String.fromCharCode(code)}c`
    expect(whole(text)).toBe(text)
  }
})
