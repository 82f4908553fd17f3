import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keysBeside } from './keys.ts'

test('keys are made once, for their owner only, and stay the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulwark-keys-'))
  const file = join(folder, 'blog.db')
  const keys = keysBeside(file)
  expect(keys).toMatch(/^[\w-]{43}$/)
  expect(keysBeside(file)).toBe(keys)
  expect(keysBeside(join(folder, 'other.db'))).not.toBe(keys)
  expect((await stat(`${file}.keys`)).mode & 0o777).toBe(0o600)
  expect((await readdir(folder)).sort()).toEqual(['blog.db.keys', 'other.db.keys'])
  await rm(folder, { recursive: true })
})
