import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { secure, securityOf } from '../../adapters/node.ts'
import { off } from '../../core/policy.ts'
import { formatCookie, parseSetCookie } from '../../toolbox/cookies.ts'

const folder = mkdtempSync(join(tmpdir(), 'writers-'))
const agents: Agent[] = []
afterAll(() => {
  for (const agent of agents) agent.destroy()
  rmSync(folder, { recursive: true })
})

const WRITERS = 1000

test('of a thousand parallel writers over HTTP none is lost', async () => {
  const server = createServer(async (req, res) => {
    const { session } = securityOf(req)
    if (req.url === '/sign-in') await session.signIn({ id: '1' })
    else if (req.url === '/count') return void res.end(JSON.stringify(await session.get()))
    else await session.update(({ k0 = 0 }) => ({ k0: k0 + 1, [`k${req.url?.slice(1)}`]: 1 }))
    res.end()
  })
  secure(server, {
    onEvent: () => {},
    rateLimit: off('a thousand requests from here are the point'),
    overload: off('a busy machine may need longer for them than people wait'),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await writeFrom([port])
  } finally {
    server.closeAllConnections()
    server.close()
  }
}, 60_000)

test('nor of a thousand over two processes on SQLite', async () => {
  const path = join(folder, 'shared.db')
  const children = [serveElsewhere(path), serveElsewhere(path)]
  try {
    await writeFrom(await Promise.all(children.map(portOf)))
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}, 90_000)

async function writeFrom(ports: readonly number[]): Promise<void> {
  // As many connections as one client may have.
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  agents.push(agent)
  const { cookies } = await post(agent, ports[0] ?? 0, '/sign-in', '')
  const { name, value } = parseSetCookie(cookies[0] ?? '')
  const cookie = formatCookie(name, value, { path: '/', secure: true }).split(';')[0] ?? ''
  const answers = await Promise.all(
    Array.from({ length: WRITERS }, (_, i) => post(agent, ports[i % ports.length] ?? 0, `/${i + 1}`, cookie)),
  )
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  for (const port of ports) {
    const data = JSON.parse((await post(agent, port, '/count', cookie)).text) as Record<string, number>
    expect(data['k0']).toBe(WRITERS)
    expect(Object.keys(data)).toHaveLength(WRITERS + 1)
  }
}

interface Posted {
  readonly status: number
  readonly text: string
  readonly cookies: readonly string[]
}

function post(agent: Agent, port: number, path: string, cookie: string): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': 0, ...(cookie !== '' && { cookie }) }
    const asked = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text, cookies: res.headers['set-cookie'] ?? [] }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

function serveElsewhere(path: string): ChildProcess {
  const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
  const source = `
    import { createServer } from 'node:http'
    import { secure, securityOf } from ${at('../../adapters/node.ts')}
    import { sqliteStore } from ${at('../../stores/sqlite.ts')}
    const server = createServer(async (req, res) => {
      const { session } = securityOf(req)
      if (req.url === '/sign-in') await session.signIn({ id: '1' })
      else if (req.url === '/count') return void res.end(JSON.stringify(await session.get()))
      else await session.update(({ k0 = 0 }) => ({ k0: k0 + 1, ['k' + req.url.slice(1)]: 1 }))
      res.end()
    })
    const store = sqliteStore(${JSON.stringify(path)}, { busyTimeout: '20s' })
    secure(server, { store, onEvent: (event) => event.error && console.error(event.error), rateLimit: { off: 'a thousand requests are the point' },
      overload: { off: 'a busy machine may need longer for them than people wait' } })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the process has no output')
  const [line] = await once(child.stdout, 'data')
  return Number(String(line))
}
