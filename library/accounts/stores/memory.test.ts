import { expect, test } from 'vitest'
import { testAccountStore } from '../../testing/accounts.ts'
import { memoryAccountStore } from './memory.ts'

testAccountStore('memory', () => memoryAccountStore(), { test, expect })

test('the memory store of accounts answers at once', () => {
  expect(memoryAccountStore().get('nobody')).toBeUndefined()
})
