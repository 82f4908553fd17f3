import { expect, test } from 'vitest'
import { isFormToken } from './form-token.ts'

test.each([
  ['_csrf', 'c3VyZWx5', true],
  ['authenticity', 'q1w2e3', true],
  ['f', 'nZ0h7Qx1c9Jk3LmP5rTt', true],
  ['f', '550e8400-e29b-41d4-a716-446655440000', true],
  ['csrf', '', false],
  ['next', '/private/pages/about-the-garden', false],
  ['id', '12', false],
  ['text', 'Some words of 20 characters and more', false],
])('%s=%s', (name, value, is) => expect(isFormToken(name, value)).toBe(is))
