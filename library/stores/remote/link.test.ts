import { stat } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Link } from './link.ts'

class Refusal extends Error {}

const unavailable: unknown = expect.objectContaining({ code: 'BULWARK_STORE_UNAVAILABLE' })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A link to a server that does what `server.does` says, and counts what reaches it. */
function open(deadline?: string): {
  link: Link
  server: { does: () => Promise<string>; asked: number }
  ask(): Promise<string>
} {
  const link = new Link({ at: 'store()', deadline, isAnswer: (error) => error instanceof Refusal })
  const server = { does: async () => 'well', asked: 0 }
  const ask = (): Promise<string> =>
    link.run(() => {
      server.asked++
      return server.does()
    })
  return { link, server, ask }
}

const silent = (): Promise<string> => new Promise(() => {})
const down = async (): Promise<string> => {
  throw new Error('connect ECONNREFUSED')
}
const refuse = async (): Promise<string> => {
  throw new Refusal('this value is too large')
}

test('an answer passes, and what fails is one typed error with its cause', async () => {
  const { server, ask } = open()
  expect(await ask()).toBe('well')
  server.does = down
  await expect(ask()).rejects.toMatchObject({
    code: 'BULWARK_STORE_UNAVAILABLE',
    at: 'store()',
    message: expect.stringContaining('ECONNREFUSED'),
    cause: new Error('connect ECONNREFUSED'),
  })
  server.does = () => {
    throw new TypeError('not a function')
  }
  await expect(ask()).rejects.toEqual(unavailable)
})

test('a command without an answer ends at the deadline', async () => {
  const { server, ask } = open('200ms')
  server.does = silent
  let ended: unknown
  const asked = ask().catch((error: unknown) => (ended = error))
  await vi.advanceTimersByTimeAsync(199)
  expect(ended).toBeUndefined()
  await vi.advanceTimersByTimeAsync(2)
  await asked
  expect(ended).toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE', message: expect.stringContaining('within 200 ms') })
})

test('an answer that came while this process was busy is not late', async () => {
  vi.useRealTimers()
  const { server, ask } = open('20ms')
  server.does = async () => {
    await stat('.')
    return 'in time'
  }
  const asked = ask()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
  expect(await asked).toBe('in time')
})

test('a server that is silent five times in a row is left alone for a second, then one command tries', async () => {
  const { server, ask } = open()
  server.does = down
  for (let time = 0; time < 5; time++) await expect(ask()).rejects.toEqual(unavailable)
  expect(server.asked).toBe(5)
  for (let time = 0; time < 100; time++) await expect(ask()).rejects.toThrow('5 times in a row')
  expect(server.asked).toBe(5)

  await vi.advanceTimersByTimeAsync(1000)
  const many = await Promise.allSettled([ask(), ask(), ask()])
  expect(many.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(server.asked).toBe(6)
  await expect(ask()).rejects.toEqual(unavailable)
  expect(server.asked).toBe(6)

  await vi.advanceTimersByTimeAsync(1000)
  server.does = async () => 'back'
  expect(await ask()).toBe('back')
  expect(await Promise.all([ask(), ask()])).toEqual(['back', 'back'])
})

test('one answer in between starts the count anew', async () => {
  const { server, ask } = open()
  for (let time = 0; time < 20; time++) {
    server.does = time % 5 === 4 ? async () => 'well' : down
    await ask().catch(() => undefined)
  }
  expect(server.asked).toBe(20)
})

test('what the server itself refuses never closes the store for others', async () => {
  const { server, ask } = open()
  server.does = refuse
  for (let time = 0; time < 50; time++) await expect(ask()).rejects.toEqual(unavailable)
  expect(server.asked).toBe(50)
})

test('a server that is back, and refuses the command that tries, is not away', async () => {
  const { server, ask } = open()
  server.does = down
  for (let time = 0; time < 5; time++) await expect(ask()).rejects.toEqual(unavailable)
  await vi.advanceTimersByTimeAsync(1000)
  server.does = refuse
  await expect(ask()).rejects.toThrow('too large')
  server.does = async () => 'well'
  expect(await ask()).toBe('well')
})

test('a closed link asks nothing any more', async () => {
  const { link, server, ask } = open()
  link.close()
  await expect(ask()).rejects.toThrow('closed')
  expect(server.asked).toBe(0)
})

test.each(['soon', '0ms', '', '100d'])('a deadline of %j is refused', (deadline) => {
  expect(() => open(deadline)).toThrow(expect.objectContaining({ code: 'BULWARK_DURATION_INVALID' }))
})
