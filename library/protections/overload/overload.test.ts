import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { bulwark, secure as declared } from '../../adapters/express.ts'
import { secure } from '../../adapters/node.ts'
import type { SecurityEvent } from '../../core/event.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { Burst } from './burst.ts'
import { type OverloadOptions, overload } from './guard.ts'
import { HeapWatch } from './heap.ts'
import { Places } from './places.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { Serving } from './serving.ts'
import { victim } from './victim.ts'

prove('overload', {
  victim,
  probes,
  rules,
  policy: { overload: { delay: '60ms' } },
  holdFor: 2400,
})

describe('options', () => {
  const bad: readonly [OverloadOptions, string, string][] = [
    [{ delay: '10ms' }, 'BULWARK_DURATION_INVALID', 'policy.overload.delay'],
    [{ delay: 'soon' }, 'BULWARK_DURATION_INVALID', 'policy.overload.delay'],
    [{ heap: 90 }, 'BULWARK_LIMIT_INVALID', 'policy.overload.heap'],
    [{ heap: 0.1 }, 'BULWARK_LIMIT_INVALID', 'policy.overload.heap'],
    [{ atOnce: 0 }, 'BULWARK_LIMIT_INVALID', 'policy.overload.atOnce'],
    [{ atOnce: { atOnce: 2, queue: -1 } }, 'BULWARK_LIMIT_INVALID', 'policy.overload.atOnce'],
    [{ atOnce: { atOnce: 2, wait: '2h' } }, 'BULWARK_DURATION_INVALID', 'policy.overload.atOnce'],
    [{ serve: ['health'] }, 'BULWARK_POLICY_INVALID', 'policy.overload.serve[0]'],
    [{ serve: ['/a', '/b*'] }, 'BULWARK_POLICY_INVALID', 'policy.overload.serve[1]'],
    [{ serve: ['/*'] }, 'BULWARK_POLICY_INVALID', 'policy.overload.serve[0]'],
    [{ serve: ['/a?b'] }, 'BULWARK_POLICY_INVALID', 'policy.overload.serve[0]'],
  ]
  test.each(bad)('%j keeps the app from starting', (options, code, at) => {
    expect(() => overload(options, setup())).toThrow(expect.objectContaining({ code, at }))
  })

  test.each(['Serve', true, { atOnce: 1.5 }, { queue: 3 }])('a route cannot say %j', (said) => {
    const route = { method: 'GET', path: '/', at: undefined, contract: { overload: said as never } }
    expect(() => overload({}, setup()).onRoutes?.([route])).toThrow(
      expect.objectContaining({ at: 'the overload of GET /' }),
    )
  })

  test('any part can be turned off', () => {
    const guard = overload({ delay: off('measured elsewhere'), heap: off('measured elsewhere') }, setup())
    expect(guard.onRequest?.(exchange())).toBeUndefined()
  })
})

describe('the heap', () => {
  const at = (used: number, most = 0.9) => {
    const size = { used, limit: 100 }
    return { size, heap: new HeapWatch(most, () => size) }
  }

  test('is full only by what is left after a collection', () => {
    const { heap, size } = at(99)
    heap.look()
    expect([heap.used, heap.isFull(0)]).toEqual([0.99, false])
    heap.collected(1000)
    expect([heap.isFull(1000), heap.isFull(2999), heap.isFull(3000)]).toEqual([true, true, false])
    size.used = 50
    heap.collected(1001)
    expect(heap.isFull(1002)).toBe(false)
    heap.stop()
  })

  test('is asked for its limit without what only young objects may have', () => {
    const heap = new HeapWatch(0.9)
    heap.look()
    expect(heap.used).toBeGreaterThan(0)
    expect(heap.used).toBeLessThan(1)
  })
})

describe('places', () => {
  const refuse = () => ({ risk: 'overload', reason: 'full', status: 503 })

  test('are given in the order of coming, and given back when the answer has ended', async () => {
    const places = new Places({ atOnce: 1, queue: 2, wait: 5000 }, refuse)
    const [a, b, c, d] = [exchange(), exchange(), exchange(), exchange()] as const
    const order: string[] = []
    expect(places.enter(a, false)).toBeUndefined()
    void Promise.resolve(places.enter(b, false)).then((denial) => order.push(`b ${denial?.status}`))
    void Promise.resolve(places.enter(c, false)).then((denial) => order.push(`c ${denial?.status}`))
    expect(places.enter(d, false)).toMatchObject({ status: 503 })
    expect([places.underWay, places.waiting]).toEqual([1, 2])
    a.close()
    await pause(0)
    expect(order).toEqual(['b undefined'])
    b.close()
    await pause(0)
    expect(order).toEqual(['b undefined', 'c undefined'])
    c.close()
    expect([places.underWay, places.waiting]).toEqual([0, 0])
  })

  test('nobody waits longer than was said, and who has gone holds none', async () => {
    const places = new Places({ atOnce: 1, queue: 5, wait: 20 }, refuse)
    const [a, b, c] = [exchange(), exchange(), exchange()] as const
    void places.enter(a, false)
    const late = places.enter(b, false)
    const gone = places.enter(c, false)
    c.close()
    expect(places.waiting).toBe(1)
    await expect(late).resolves.toMatchObject({ reason: 'full' })
    await expect(gone).resolves.toMatchObject({ quiet: true })
    expect([places.underWay, places.waiting]).toEqual([1, 0])
    a.close()
    expect(places.underWay).toBe(0)
  })

  test('a policy that looks on makes nobody wait', () => {
    const places = new Places({ atOnce: 1, queue: 1, wait: 1000 }, refuse)
    const all = [exchange(), exchange(), exchange()]
    expect(all.map((x) => places.enter(x, true) !== undefined)).toEqual([false, false, true])
    for (const x of all) x.close()
    expect(places.underWay).toBe(0)
  })
})

test('what is always served is known by its path, or may turn out to be', () => {
  const serving = new Serving(['/health', '/ops/*'])
  expect(['/health', '/ops/', '/ops/a', '/ops', '/health/', '/Health', '/'].map((path) => serving.is(path))).toEqual([
    ...[true, true, true, false, false, false, false],
  ])
  expect(serving.mayBe('/health')).toBe(false)
  serving.add('/status/:part')
  serving.add('/Ready')
  expect(['/status/x', '/STATUS/', '/ready', '/status', '/'].map((path) => serving.mayBe(path))).toEqual([
    ...[true, true, true, false, false],
  ])
})

test('a flood of refusals is a few events', () => {
  const facts = setup()
  const burst = new Burst(facts, false)
  for (let i = 0; i < 1000; i++) burst.add('too late', 'do less', i * 65)
  burst.look(65_000)
  for (let i = 0; i < 10; i++) burst.add('too late', 'do less', 65_000)
  burst.look(70_000)
  burst.look(75_001)
  burst.look(90_000)
  expect(facts.reports.map(({ reason, outcome }) => [outcome, reason])).toEqual([
    ['denied', 'too late; refusals that follow are counted'],
    ['denied', '999 more requests refused, and it goes on: too late'],
    ['denied', '10 more requests refused until it was over, after 65 s'],
  ])
  expect(burst.refused).toBe(1010)
})

interface Served {
  readonly origin: string
  readonly events: SecurityEvent[]
}

async function serve(
  server: http.Server,
  events: SecurityEvent[],
  run: (served: Served) => Promise<void>,
): Promise<void> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  try {
    await run({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, events })
  } finally {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

function onNode(options: OverloadOptions, listener: http.RequestListener, run: (served: Served) => Promise<void>) {
  const events: SecurityEvent[] = []
  const server = http.createServer(listener)
  secure(server, { overload: options, onEvent: (event) => void events.push(event) })
  return serve(server, events, run)
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status
const hold = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end);
}
const told = (events: readonly SecurityEvent[]) => events.filter(({ guard }) => guard === 'overload')

describe('over real connections', () => {
  test('a loop of a second refuses nobody, neither those who came meanwhile nor those after it', async () => {
    await onNode(
      { delay: '1s' },
      (_req, res) => void res.end('here'),
      async ({ origin, events }) => {
        expect(await statusOf(origin)).toBe(200)
        const meanwhile = Promise.all(Array.from({ length: 20 }, () => statusOf(origin)))
        hold(1200)
        expect(new Set(await meanwhile)).toEqual(new Set([200]))
        expect(await statusOf(origin)).toBe(200)
        expect(told(events)).toEqual([])
      },
    )
  })

  test('a flood is refused at once with 503 and Retry-After, in one event, and the app recovers', async () => {
    const answer: http.RequestListener = (_req, res) => {
      hold(20)
      res.end('here')
    }
    await onNode({ delay: '50ms' }, answer, async ({ origin, events }) => {
      // How many depends on when they come: both ends of each connection are in this process.
      const answers = await Promise.all(Array.from({ length: 80 }, () => fetch(origin)))
      const refused = answers.filter(({ status }) => status === 503)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]))
      expect(['1', '2', '3', '4']).toContain(refused[0]?.headers.get('retry-after'))
      expect(await refused[0]?.json()).toMatchObject({ status: 503 })
      expect(told(events)).toMatchObject([{ outcome: 'denied', risk: 'overload' }])
      await vi.waitFor(async () => expect(await statusOf(origin)).toBe(200), { timeout: 5000 })
    })
  })

  test('a policy that looks on refuses nobody, and tells', async () => {
    const answer: http.RequestListener = (_req, res) => {
      hold(20)
      res.end('here')
    }
    await onNode({ delay: '50ms', mode: 'observe' }, answer, async ({ origin, events }) => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => statusOf(origin)))
      expect(new Set(answers)).toEqual(new Set([200]))
      expect(told(events)).toMatchObject([{ outcome: 'observed' }])
    })
  })

  test('routes that say so are served whatever happens', async () => {
    const { default: express } = await import('express')
    const events: SecurityEvent[] = []
    const app = express()
    app.use(bulwark({ overload: { delay: '50ms' }, onEvent: (event) => void events.push(event) }))
    app.get('/health/:part', declared({ overload: 'serve' }), (req, res) => {
      res.json({ refused: req.security.load.refused })
    })
    app.use('/ops', declared({ limit: '1000/min' }))
    app.get('/ops/health', declared({ overload: 'serve' }), (_req, res) => void res.send('ok'))
    app.get('/health/', (_req, res) => void res.send('not this one'))
    app.get('/heavy', (_req, res) => {
      hold(20)
      res.send('done')
    })
    await serve(http.createServer(app), events, async ({ origin }) => {
      const flood = Promise.all(Array.from({ length: 80 }, () => statusOf(`${origin}/heavy`)))
      const paths = Array.from({ length: 10 }, () => ['/health/db', '/ops/health']).flat()
      const health = await Promise.all(paths.map((path) => statusOf(`${origin}${path}`)))
      expect(new Set(health)).toEqual(new Set([200]))
      expect(new Set(await flood)).toEqual(new Set([200, 503]))
      const { refused } = (await (await fetch(`${origin}/health/db`)).json()) as { refused: number }
      expect(refused).toBeGreaterThan(0)
    })
  })

  test('a route has so many at once, a few who wait, and refuses the rest', async () => {
    const { default: express } = await import('express')
    const app = express()
    app.use(bulwark({ onEvent: () => {} }))
    let atOnce = 0
    let most = 0
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    app.get('/report', declared({ overload: { atOnce: 2, queue: 2, wait: '30s' } }), async (_req, res) => {
      most = Math.max(most, ++atOnce)
      await opened
      atOnce--
      res.send('done')
    })
    await serve(http.createServer(app), [], async ({ origin }) => {
      let refused = 0
      const ask = async (): Promise<number> => {
        const status = await statusOf(`${origin}/report`)
        if (status === 503 && ++refused === 3) open()
        return status
      }
      const statuses = await Promise.all(Array.from({ length: 7 }, ask))
      expect([most, statuses.sort()]).toEqual([2, [200, 200, 200, 200, 503, 503, 503]])
    })
  })
})
