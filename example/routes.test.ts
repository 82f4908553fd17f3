import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Renewed by `npx bulwark routes example/main.ts --import tsx --write example/access.txt`, and read in the review. */
const REVIEWED = new URL('access.txt', import.meta.url).pathname
const COMMAND = new URL('../cli/bulwark.js', import.meta.url).pathname
const APP = new URL('main.ts', import.meta.url).pathname

async function routes(...more: readonly string[]): Promise<{ code: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'blog-routes-'))
  const env = { ...process.env, BLOG_FILE: join(folder, 'blog.db'), DATABASE_URL: '', REDIS_URL: '' }
  try {
    return await new Promise((resolve) => {
      execFile(
        process.execPath,
        [COMMAND, 'routes', APP, '--import', 'tsx', ...more],
        { env },
        (error, out, problems) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: out + problems }),
      )
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('nobody may call more of the blog than was reviewed', async () => {
  const { code, output } = await routes('--check', REVIEWED)
  expect(code, output).toBe(0)
})

test('a route that was not reviewed would show', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'blog-access-'))
  const reviewed = await readFile(REVIEWED, 'utf8')
  const narrower = join(folder, 'access.txt')
  // As if the committed file knew nothing of one route: the app then allows more than was reviewed.
  await writeFile(narrower, reviewed.replace(/^.*\/admin .*\n/m, ''))
  const { code, output } = await routes('--check', narrower)
  await rm(folder, { recursive: true })
  expect(code, output).toBe(1)
  expect(output).toContain('/admin')
})
