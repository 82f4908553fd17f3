import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { find, hydra } from '../scripts/services.ts'
import { startBlog } from './blog/app.ts'
import { openBrowser } from './browser.ts'
import { ada } from './shared/seed.ts'
import { startUnsafe } from './unsafe/app.ts'
import { ask } from './wire.ts'

const program = find(hydra)
const WORDS = 200

// It mostly waits, so both are guessed at at the same time.
describe.skipIf(!program).concurrent('Hydra, guessing the password of an account at the sign-in', () => {
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulwark-hydra-'))
    // The right word is there, where a list would have it: not among the first.
    const words = Array.from({ length: WORDS }, (_, i) => (i === 150 ? ada.password : `password ${i}`))
    await writeFile(join(folder, 'words'), words.join('\n'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** The passwords that it has found, and how often each status was the answer to a guess. */
  async function guess(origin: string): Promise<{ found: string[]; answers: Map<number, number> }> {
    const answers = new Map<number, number>()
    const between = await standBetween(origin, answers)
    const { hostname, port } = new URL(between.origin)
    const form = '/sign-in:email=^USER^&password=^PASS^:S=Signed in as'
    const list = ['-l', ada.email, '-P', join(folder, 'words'), '-t', '4', '-s', port, '-I']
    const { stdout } = await promisify(execFile)(program ?? '', [...list, hostname, 'http-post-form', form], {
      // Where it keeps how far it has come.
      cwd: await mkdtemp(join(folder, 'run-')),
      timeout: 50_000,
    })
    await between.close()
    return { found: [...stdout.matchAll(/password: (.*)/g)].map(([, word = '']) => word), answers }
  }

  test('finds it at the unsafe twin', async () => {
    const blog = await startUnsafe()
    expect((await guess(blog.origin)).found).toContain(ada.password)
    await blog.close()
  }, 60_000)

  test('finds nothing at the blog, while its owner still signs in', async () => {
    const blog = await startBlog({ onEvent: () => {} })
    const own = openBrowser(blog.origin)
    expect((await own.post('/sign-in', ada)).status).toBe(303)
    const { found, answers } = await guess(blog.origin)
    expect(found).toEqual([])
    // It came to the right word as well, and was not let try it.
    expect([...answers.values()].reduce((a, b) => a + b)).toBeGreaterThanOrEqual(WORDS)
    expect(answers.get(401)).toBeLessThan(20)
    expect(answers.get(429)).toBeGreaterThan(WORDS - 20)
    expect((await own.post('/sign-in', ada)).status).toBe(303)
    await blog.close()
  }, 60_000)
})

/** Hydra takes a 401 for Basic authentication and gives up on the form: it gets a 200 in its place, with everything else as it is. */
async function standBetween(
  origin: string,
  answers: Map<number, number>,
): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const { method = 'GET', url: path = '/' } = req
    const headers = Object.fromEntries(
      ['content-type', 'cookie', 'user-agent'].flatMap((name) =>
        req.headers[name] ? [[name, `${req.headers[name]}`]] : [],
      ),
    )
    const { status, headers: sent, text } = await ask(origin, { method, path, headers, body: Buffer.concat(chunks) })
    if (method === 'POST') answers.set(status, (answers.get(status) ?? 0) + 1)
    res.statusCode = status === 401 ? 200 : status
    for (const name of ['content-type', 'set-cookie', 'location']) if (sent[name]) res.setHeader(name, sent[name])
    res.end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
