import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Renewed by `NOTIFY_URL=https://127.0.0.1:1 npx bulwark routes example/main.ts --import tsx --write example/access.txt`, and for the
 * notification program by the same with `example/notify/` and `NOTIFY_MAIL_SECRET` and `NOTIFY_TOKEN_KEYS` set; and read in the review.
 */
const REVIEWED = new URL('access.txt', import.meta.url).pathname
const NOTIFY_REVIEWED = new URL('notify/access.txt', import.meta.url).pathname
const COMMAND = new URL('../cli/bulwark.js', import.meta.url).pathname
const APP = new URL('main.ts', import.meta.url).pathname
const NOTIFY = new URL('notify/main.ts', import.meta.url).pathname

const routes = (...more: readonly string[]): Promise<{ code: number; output: string }> => routesOf(APP, ...more)

async function routesOf(app: string, ...more: readonly string[]): Promise<{ code: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'blog-routes-'))
  const tokenKeys = join(folder, 'tokens.json')
  await writeFile(tokenKeys, '{"keys":[]}')
  const env = {
    ...{ ...process.env, DATABASE_URL: '', REDIS_URL: '' },
    ...{ BLOG_FILE: join(folder, 'blog.db'), NOTIFY_URL: 'https://127.0.0.1:1', NOTIFY_TLS: join(folder, 'tls') },
    ...{ NOTIFY_FILE: join(folder, 'notify.db'), NOTIFY_TOKEN_KEYS: tokenKeys },
    NOTIFY_MAIL_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }
  try {
    return await new Promise((resolve) => {
      execFile(
        process.execPath,
        [COMMAND, 'routes', app, '--import', 'tsx', ...more],
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

test('no program may call more of the notification program than was reviewed', async () => {
  const { code, output } = await routesOf(NOTIFY, '--check', NOTIFY_REVIEWED)
  expect(code, output).toBe(0)
})

test('a program that may more than was reviewed would show', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notify-access-'))
  const narrower = join(folder, 'access.txt')
  // As if the committed file knew nothing of the audit.
  await writeFile(narrower, (await readFile(NOTIFY_REVIEWED, 'utf8')).replace('program:audit', 'nobody'))
  const { code, output } = await routesOf(NOTIFY, '--check', narrower)
  await rm(folder, { recursive: true })
  expect(code, output).toBe(1)
  expect(output).toContain('WIDENED  GET /count  program:audit: no -> yes')
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
