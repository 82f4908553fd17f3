import { setImmediate as turned } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { deny } from '../../core/guard.ts'
import { exchange } from '../../testing/exchange.ts'
import { Gate } from './gate.ts'
import { Line } from './line.ts'
import { LoopWatch } from './loop.ts'

/** Clocks that stand still until somebody moves them. */
function clocks() {
  const at = { time: 1000, rested: 500 }
  return {
    at,
    clock: { now: () => at.time, idle: () => at.rested },
    work: (ms: number) => void (at.time += ms),
    rest(ms: number) {
      at.time += ms
      at.rested += ms
    },
  }
}

describe('the loop is watched', () => {
  test('is busy once it had no pause for so long, and no longer after one', () => {
    const { clock, work, rest } = clocks()
    const loop = new LoopWatch(clock)
    for (let i = 0; i < 20; i++) {
      work(100)
      loop.turn()
    }
    expect([loop.isBusyFor(1999), loop.isBusyFor(2000)]).toEqual([true, false])
    work(1)
    expect(loop.isBusyFor(2000)).toBe(true)
    work(90)
    rest(10)
    loop.turn()
    expect(loop.isBusyFor(100)).toBe(false)
  })

  test('waiting for what is there already is no pause', () => {
    const { clock, work, rest } = clocks()
    const loop = new LoopWatch(clock)
    for (let i = 0; i < 30; i++) {
      work(98)
      rest(2)
      loop.turn()
    }
    expect(loop.isBusyFor(2000)).toBe(true)
  })

  test('a timer that stands still makes nobody busy', () => {
    const { clock, work, rest } = clocks()
    const loop = new LoopWatch(clock)
    for (let i = 0; i < 100; i++) {
      work(50)
      rest(50)
      expect(loop.isBusyFor(2000)).toBe(false)
    }
  })

  test('what a machine slept through is no work, however the clocks count it', () => {
    for (const way of ['work', 'rest'] as const) {
      const all = clocks()
      const loop = new LoopWatch(all.clock)
      all[way](3_600_000)
      loop.turn()
      all.rest(100)
      loop.turn()
      expect(loop.isBusyFor(200)).toBe(false)
    }
  })

  test('tells how late it was, once', () => {
    const { clock, work } = clocks()
    const loop = new LoopWatch(clock)
    work(350)
    loop.turn()
    work(100)
    loop.turn()
    expect([loop.takeWorst(), loop.takeWorst()]).toEqual([250, 0])
  })
})

const LATE = deny('overload', 'late', 503)

/** A gate in front of an app whose requests take so long each, over a limit of 100 ms. */
function busy(each: number) {
  const { at, clock, work, rest } = clocks()
  const gate = new Gate({ limit: 100, refuse: () => LATE, clock })
  const done: string[] = []
  const send = (name: string, ip = '203.0.113.7') => {
    const x = exchange({ ip })
    work(0.1)
    if (!gate.isBusy()) {
      done.push(`${name} at once`)
      work(each)
      return x
    }
    void Promise.resolve(gate.enter(x)).then((denial) => {
      done.push(denial === undefined ? name : `${name} ${denial === LATE ? 'refused' : 'gone'}`)
      if (denial !== undefined) return
      work(each)
      x.close()
    })
    return x
  }
  return { at, gate, send, done, work, rest }
}

const rounds = async (): Promise<void> => {
  for (let i = 0; i < 60; i++) await turned()
}

describe('the gate', () => {
  test('lets everybody in at once while there are pauses', async () => {
    const { send, done, rest } = busy(10)
    for (const name of ['a', 'b', 'c']) {
      rest(100)
      send(name)
    }
    expect(done).toEqual(['a at once', 'b at once', 'c at once'])
  })

  test('after one long pause all who came meanwhile are served', async () => {
    const { send, done, work, gate } = busy(1)
    work(5000)
    for (let i = 0; i < 40; i++) send(`${i}`)
    await rounds()
    expect(done).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`))
    expect(gate.waiting).toBe(0)
  })

  test.each([1.2, 3, 10])(
    'under %d times what it bears it works nearly all the time, and nobody waits much longer than half of the limit',
    async (times) => {
      const { at, send, done, work, gate } = busy(10)
      work(101)
      const from = at.time
      let [sent, longest] = [0, 0]
      const perSecond: number[] = []
      while (at.time - from < 5000) {
        while (sent < (at.time - from) * 0.1 * times) send(`${sent++}`)
        work(0.05)
        await turned()
        const served = done.filter((name) => !name.endsWith('refused')).length
        perSecond[Math.floor((at.time - from) / 1000)] ??= served
        if (at.time - from > 500) longest = Math.max(longest, gate.waiting)
      }
      const each = perSecond.slice(1, 5).map((served, i) => served - (perSecond[i] ?? 0))
      expect(Math.min(...each), each.join()).toBeGreaterThan(85)
      expect(longest).toBeLessThanOrEqual(8)
    },
  )

  test('opens again when there are pauses', async () => {
    const { send, done, work, rest, gate } = busy(10)
    work(101)
    send('a')
    await rounds()
    expect(gate.isNarrow).toBe(true)
    for (let i = 0; i < 3; i++) {
      rest(100)
      gate.turn()
    }
    expect(gate.isNarrow).toBe(false)
    send('b')
    expect(done).toEqual(['a', 'b at once'])
  })

  test('whoever has gone is not served, and keeps nobody waiting', async () => {
    const { send, done, work, gate } = busy(10)
    work(101)
    const first = send('a')
    send('b')
    first.close()
    expect(gate.waiting).toBe(1)
    await rounds()
    expect(done).toEqual(['a gone', 'b'])
  })

  test('makes room for others in place of the newest of whoever has most waiting', async () => {
    const { send, done, work } = busy(20)
    work(101)
    for (let i = 0; i < 4; i++) send(`warm ${i}`)
    await rounds()
    done.length = 0
    for (let i = 0; i < 5; i++) send(`many ${i}`)
    send('other', '198.51.100.1')
    await rounds()
    expect(done.slice(0, 2).sort()).toEqual(['many 3 refused', 'many 4 refused'].sort())
    expect(done.at(-1)).not.toBe('other')
    expect(done).toContain('other')
  })
})

describe('a line', () => {
  test('gives each client its turn', () => {
    const line = new Line<string>()
    for (const one of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) line.add(one[0]!, one)
    expect(Array.from({ length: 7 }, () => line.next())).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined])
    expect(line.size).toBe(0)
  })

  test('makes no room where nobody has much more than another', () => {
    const line = new Line<string>()
    for (const one of ['a1', 'b1', 'b2', 'c1']) line.add(one[0]!, one)
    expect(line.makeRoom('d')).toBeUndefined()
    for (const one of ['b3', 'b4', 'b5']) line.add('b', one)
    expect(line.makeRoom('b')).toBeUndefined()
    expect(line.makeRoom('d')).toBe('b5')
    expect(line.delete('b', 'b5')).toBe(false)
    expect(line.size).toBe(6)
  })
})
