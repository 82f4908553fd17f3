import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Read, ReadCache } from './cache.ts'
import type { Invalidations } from './tracking.ts'

/** A server that tells what has changed when the test says so. */
function server(more: { ping?: () => Promise<unknown>; tells?: boolean; entries?: number } = {}) {
  const connections: { to: Invalidations; closed: boolean }[] = []
  const news: string[] = []
  let refuses = ''
  const cache = new ReadCache({
    open: async (_prefix, to) => {
      if (refuses !== '') throw new Error(refuses)
      const connection = { to, closed: false }
      connections.push(connection)
      return {
        ping: more.ping ?? (async () => 'PONG'),
        close: () => {
          connection.closed = true
        },
      }
    },
    keys: 's:',
    serverKeys: 'x:s:',
    textOf: (key) => (key.startsWith('x:') ? key.slice(2) : undefined),
    entries: more.entries ?? 100,
    now: () => performance.now(),
    write: async (text) => {
      if (more.tells !== false) connections.at(-1)?.to.onChanged([`x:${text}`])
    },
    pace: { beat: 30, trust: 200, patience: 500 },
    onChange: (isOn, reason) => news.push(`${isOn ? 'on' : 'off'}: ${reason}`),
  })
  caches.push(cache)
  return {
    cache,
    connections,
    news,
    refuse: (reason: string) => {
      refuses = reason
    },
    tell: (...keys: string[]) => connections.at(-1)?.to.onChanged(keys),
    lose: () => connections.at(-1)?.to.onLost('it broke'),
  }
}

const caches: ReadCache[] = []
afterEach(() => {
  for (const cache of caches.splice(0)) cache.close()
})

const on = (cache: ReadCache): Promise<void> => vi.waitFor(() => expect(cache.isOn).toBe(true))
const value = (text: string, left = 60_000): Read => ({ entry: { value: text, version: 1 }, left })

async function keep(cache: ReadCache, key: string, text = 'v'): Promise<void> {
  await cache.read(key, async () => value(text))
}

describe('what was read is kept', () => {
  test('until the server tells that it has changed', async () => {
    const { cache, tell } = server()
    await on(cache)
    await keep(cache, 's:a')
    await keep(cache, 's:b')
    expect(cache.get('s:a')?.value).toBe('v')
    tell('x:s:a', 'y:s:b')
    expect(cache.get('s:a')).toBeUndefined()
    expect(cache.get('s:b')?.value).toBe('v')
  })

  test('until everything has changed', async () => {
    const { cache, connections } = server()
    await on(cache)
    await keep(cache, 's:a')
    connections.at(-1)?.to.onChanged(undefined)
    expect(cache.get('s:a')).toBeUndefined()
    expect(cache.isOn).toBe(true)
  })

  test('until its time is over', async () => {
    const { cache } = server()
    await on(cache)
    await cache.read('s:a', async () => value('v', 20))
    expect(cache.get('s:a')?.value).toBe('v')
    await pause(25)
    expect(cache.get('s:a')).toBeUndefined()
  })

  test('until this process writes it itself', async () => {
    const { cache } = server()
    await on(cache)
    await keep(cache, 's:a')
    cache.forget('s:a')
    expect(cache.get('s:a')).toBeUndefined()
  })

  test('and no more than so many, of no more than so much', async () => {
    const { cache } = server({ entries: 10 })
    await on(cache)
    for (let i = 0; i < 100; i++) await keep(cache, `s:${i}`)
    const kept = Array.from({ length: 100 }, (_, i) => cache.get(`s:${i}`)).filter((entry) => entry !== undefined)
    expect(kept.length).toBeLessThanOrEqual(10)
    expect(cache.get('s:99')).toBeDefined()
    await keep(cache, 's:long', 'v'.repeat(4097))
    expect(cache.get('s:long')).toBeUndefined()
  })

  test('but not what was not there', async () => {
    const { cache } = server()
    await on(cache)
    let asked = 0
    const ask = async (): Promise<undefined> => void asked++
    await cache.read('s:a', ask)
    expect(cache.get('s:a')).toBeUndefined()
    await cache.read('s:a', ask)
    expect(asked).toBe(2)
  })
})

describe('an answer that was on its way is not kept', () => {
  test.each([
    ['the key changes', ({ tell }: ReturnType<typeof server>) => tell('x:s:a')],
    ['everything changes', ({ connections }: ReturnType<typeof server>) => connections.at(-1)?.to.onChanged(undefined)],
    ['this process writes it', ({ cache }: ReturnType<typeof server>) => cache.forget('s:a')],
    ['the connection breaks', ({ lose }: ReturnType<typeof server>) => lose()],
  ])('when %s', async (_, happen) => {
    const it = server()
    await on(it.cache)
    let answer: (read: Read) => void = () => {}
    const reading = it.cache.read('s:a', () => new Promise((resolve) => (answer = resolve)))
    // A second one that began before, and one that begins after it.
    const along = it.cache.read('s:a', async () => value('old'))
    happen(it)
    answer(value('old'))
    expect((await reading)?.value).toBe('old')
    await along
    await on(it.cache)
    expect(it.cache.get('s:a')).toBeUndefined()
    await keep(it.cache, 's:a', 'new')
    expect(it.cache.get('s:a')?.value).toBe('new')
  })

  test('but one that was asked for after the change is', async () => {
    const { cache, tell } = server()
    await on(cache)
    let first: (read: Read) => void = () => {}
    const old = cache.read('s:a', () => new Promise((resolve) => (first = resolve)))
    tell('x:s:a')
    await keep(cache, 's:a', 'new')
    first(value('old'))
    await old
    expect(cache.get('s:a')?.value).toBe('new')
  })

  test('nor does one that failed leave anything behind', async () => {
    const { cache } = server()
    await on(cache)
    await expect(cache.read('s:a', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await keep(cache, 's:a')
    expect(cache.get('s:a')?.value).toBe('v')
  })
})

describe('nothing is answered from memory', () => {
  test('before the server has promised to tell', async () => {
    const { cache } = server()
    expect(cache.isOn).toBe(false)
    await keep(cache, 's:a')
    await on(cache)
    expect(cache.get('s:a')).toBeUndefined()
  })

  test('from the moment that the connection breaks, and afterwards what was read before is forgotten', async () => {
    const { cache, lose, connections, news } = server()
    await on(cache)
    await keep(cache, 's:a')
    lose()
    expect(cache.isOn).toBe(false)
    expect(cache.get('s:a')).toBeUndefined()
    await on(cache)
    expect(cache.get('s:a')).toBeUndefined()
    expect(connections.map(({ closed }) => closed)).toEqual([true, false])
    connections[0]?.to.onLost('what the old connection says late')
    expect(cache.isOn).toBe(true)
    expect(news).toEqual(['on: the server tells of changes', 'off: it broke', 'on: the server tells of changes'])
  })

  test('while the connection cannot be made; each reason is said once', async () => {
    const { cache, lose, refuse, news } = server()
    await on(cache)
    refuse('NOPERM')
    lose()
    await pause(400)
    expect(cache.isOn).toBe(false)
    expect(news.filter((line) => line.includes('NOPERM'))).toEqual(['off: NOPERM'])
    refuse('')
    await on(cache)
  })

  test('where the server only claims to tell', async () => {
    const { cache, news } = server({ tells: false })
    await vi.waitFor(() => expect(news).toEqual(['off: the server does not tell when a key is written']), 4000)
    expect(cache.isOn).toBe(false)
  })

  test('when the server has not answered for a while, and after a longer one the connection is given up', async () => {
    let answers = true
    const { cache, connections, news } = server({ ping: () => (answers ? Promise.resolve() : new Promise(() => {})) })
    await on(cache)
    await keep(cache, 's:a')
    answers = false
    await vi.waitFor(() => expect(cache.isOn).toBe(false))
    expect([cache.get('s:a'), connections.length]).toEqual([undefined, 1])
    answers = true
    await vi.waitFor(() => expect(connections.map(({ closed }) => closed)).toEqual([true, false]), 5000)
    await on(cache)
    expect(cache.get('s:a')).toBeUndefined()
    expect(news[1]).toBe('off: the server did not answer')
  })

  test('while this process itself was too busy to hear; what was read is good again when the server has answered', async () => {
    const { cache } = server()
    await on(cache)
    await keep(cache, 's:a')
    const until = performance.now() + 250
    while (performance.now() < until);
    expect(cache.get('s:a')).toBeUndefined()
    await on(cache)
    expect(cache.get('s:a')?.value).toBe('v')
  })

  test('after it was closed', async () => {
    const { cache, connections } = server()
    await on(cache)
    await keep(cache, 's:a')
    cache.close()
    expect(cache.get('s:a')).toBeUndefined()
    await vi.waitFor(() => expect(connections[0]?.closed).toBe(true))
    await pause(80)
    expect(connections.length).toBe(1)
  })
})
