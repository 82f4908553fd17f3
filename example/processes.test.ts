import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { twoProcesses } from './two.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulwark-blog-'))
})
afterAll(() => rm(folder, { recursive: true }))

twoProcesses('two processes with one SQLite file', () => ({ BLOG_FILE: join(folder, 'blog.db') }))

test('the file is for its owner only', async () => {
  const { stat } = await import('node:fs/promises')
  for (const side of ['', '-wal']) expect((await stat(join(folder, `blog.db${side}`))).mode & 0o077).toBe(0)
})
