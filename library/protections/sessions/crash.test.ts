import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'crash-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

test('a process that is killed while it writes has lost nothing that it had answered, in SQLite', async () => {
  const path = join(folder, 'sessions.db')
  const first = await serve(path)
  const signIn = await first.ask('/sign-in')
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? expect.fail('no session')
  let answered = 0
  let asked = 0
  const load = Array.from({ length: 4 }, async () => {
    for (;;) {
      asked++
      const response = await first.ask('/write', cookie).catch(() => undefined)
      if (response?.status !== 200) return
      await response.text()
      if (++answered === 60) first.kill()
    }
  })
  await Promise.all(load)
  expect(answered).toBeGreaterThanOrEqual(60)
  const second = await serve(path)
  const { user, writes } = (await (await second.ask('/', cookie)).json()) as { user: string; writes: number }
  expect(user).toBe('ann')
  expect(writes).toBeGreaterThanOrEqual(answered)
  expect(writes).toBeLessThanOrEqual(asked)
}, 30_000)

async function serve(path: string): Promise<{ ask(path: string, cookie?: string): Promise<Response>; kill(): void }> {
  const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
  const source = `
    import { createServer } from 'node:http'
    import { secure, securityOf } from ${at('../../adapters/node.ts')}
    import { sqliteStore } from ${at('../../stores/sqlite.ts')}
    const server = createServer(async (req, res) => {
      const { session, user } = securityOf(req)
      if (req.url === '/sign-in') await session.signIn({ id: 'ann' })
      else if (req.url === '/write') await session.update(({ writes = 0 }) => ({ writes: writes + 1 }))
      res.end(JSON.stringify({ user: (await user())?.id, ...(await session.get()) }))
    })
    const store = sqliteStore(${JSON.stringify(path)}, { busyTimeout: '20s' })
    secure(server, { store, onEvent: () => {}, rateLimit: { off: 'many requests are the point' },
      overload: { off: 'the machine may be busy' } })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    ask: (target, cookie = '') => fetch(`http://127.0.0.1:${port}${target}`, { method: 'POST', headers: { cookie } }),
    kill: () => void child.kill('SIGKILL'),
  }
}
