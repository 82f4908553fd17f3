/** `npm run bench -- --sessions`: what reading a session costs, and how soon one that another process ends is refused. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Store } from 'bulwark'
import { redisStore } from 'bulwark/stores/redis'
import { Redis } from 'ioredis'
import { median, percentile } from './numbers.ts'

const PREFIX = `bench${process.pid}:`
const READS = 20_000
const ENDINGS = 300
/** As much as a user, a few ids and a basket take. */
const VALUE = JSON.stringify({ created: 1, seen: 2, signedIn: 3, user: { id: '7' }, data: { cart: 'x'.repeat(300) } })
const AN_HOUR = 3_600_000

const [order, url = '', prefix = ''] = process.argv.slice(2)
if (order === 'watch') await watch(url, prefix)
else await compare()

interface Reader {
  readonly store: Store
  /** How many commands the server has had from it. */
  commands(): number
  end(): Promise<void>
}

async function open(address: string, begin: string, cache: boolean): Promise<Reader> {
  const client = new Redis(address)
  let commands = 0
  const native = client.evalsha.bind(client)
  client.evalsha = ((...args: Parameters<typeof native>) => {
    commands++
    return native(...args)
  }) as typeof client.evalsha
  let on: () => void = () => {}
  const isOn = new Promise<void>((resolve) => {
    on = resolve
  })
  const store = redisStore(client, { prefix: begin, cache: cache ? { onChange: (now) => now && on() } : false })
  if (cache) await isOn
  return {
    store,
    commands: () => commands,
    end: async () => {
      await store.close?.()
      client.disconnect()
    },
  }
}

async function compare(): Promise<void> {
  const server = process.env['BULWARK_TEST_REDIS_URL'] ? undefined : await startRedis()
  const address = process.env['BULWARK_TEST_REDIS_URL'] ?? server?.url ?? ''
  try {
    for (const cache of [false, true]) {
      const reader = await open(address, PREFIX, cache)
      for (let i = 0; i < 100; i++) await reader.store.put(`session:${i}`, VALUE, { ttl: AN_HOUR })
      // The first ones compile, and fill the memory.
      for (let i = 0; i < 2000; i++) await reader.store.get(`session:${i % 100}`)
      const before = reader.commands()
      const start = performance.now()
      for (let i = 0; i < READS; i++) await reader.store.get(`session:${i % 100}`)
      const alone = ((performance.now() - start) * 1000) / READS
      const startMany = performance.now()
      for (let i = 0; i < READS; i += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, k) => reader.store.get(`session:${(i + k) % 100}`)))
      }
      const many = ((performance.now() - startMany) * 1000) / READS
      const trips = (reader.commands() - before) / (READS * 2)
      process.stdout.write(
        `${cache ? 'kept in memory' : 'asked each time'}: ${alone.toFixed(1)} us a read one after the other, ` +
          `${many.toFixed(1)} us with 50 at once, ${trips.toFixed(3)} round trips a read\n`,
      )
      await reader.end()
    }
    const delays = await measureEndings(address)
    process.stdout.write(
      `ended in one process, refused in another: median ${median(delays).toFixed(2)} ms, ` +
        `99 of 100 within ${percentile(delays, 0.99).toFixed(2)} ms, all within ${Math.max(...delays).toFixed(2)} ms after the answer (${ENDINGS} times)\n` +
        `Node.js ${process.versions.node}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}\n`,
    )
  } finally {
    server?.process.kill('SIGKILL')
  }
}

/** Milliseconds from the answer to a deletion until another process no longer believes in the value; 0 where it was faster. */
async function measureEndings(address: string): Promise<number[]> {
  const child = fork(fileURLToPath(import.meta.url), ['watch', address, PREFIX])
  try {
    await once(child, 'message')
    const writer = await open(address, PREFIX, false)
    const delays: number[] = []
    for (let i = 0; i < ENDINGS; i++) {
      await writer.store.put('session:x', VALUE, { ttl: AN_HOUR })
      await tell(child, 'look')
      const gone = once(child, 'message') as Promise<[number]>
      await writer.store.delete('session:x')
      const answered = performance.timeOrigin + performance.now()
      const [at] = await gone
      delays.push(Math.max(0, at - answered))
    }
    await writer.end()
    return delays
  } finally {
    child.kill()
  }
}

async function tell(child: ChildProcess, word: string): Promise<void> {
  const answer = once(child, 'message')
  child.send(word)
  await answer
}

/** The other process: reads until the value is kept, says so, and says when it is gone. */
async function watch(address: string, begin: string): Promise<void> {
  const { store } = await open(address, begin, true)
  process.on('disconnect', () => process.exit())
  process.on('message', async () => {
    while ((await store.get('session:x')) === undefined);
    process.send?.('seen')
    while ((await store.get('session:x')) !== undefined) await new Promise(setImmediate)
    process.send?.(performance.timeOrigin + performance.now())
  })
  process.send?.('ready')
}

async function startRedis(): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const port = await freePort()
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break
  return { url: `redis://127.0.0.1:${port}`, process: server }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port')
  return address.port
}
