import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openFeed } from './feed.ts'
import { createMemory } from './memory.ts'

/** An answer whose client reads or does not. */
class Answer extends EventEmitter {
  readonly texts: string[] = []
  isRead = true
  isGone = false
  isEnded = false
  writeHead(): void {}
  write(text: string): boolean {
    this.texts.push(text)
    return this.isRead
  }
  end(): void {
    this.isEnded = true
  }
  destroy(): void {
    this.isGone = true
    this.emit('close')
  }
}

const memory = () => createMemory(1000)
const event = { at: 1, guard: 'csrf', risk: 'csrf', reason: 'r', outcome: 'denied' } as const
let now = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  now = 1_000_000
})
afterEach(() => {
  vi.useRealTimers()
})

function pass(ms: number): void {
  for (let i = 0; i < ms; i += 250) {
    now += 250
    vi.advanceTimersByTime(250)
  }
}

function opened(kept = memory()) {
  const feed = openFeed(kept, 'boot', () => now)
  const look = (): Answer => {
    const answer = new Answer()
    feed.open({ method: 'GET', headers: {} } as IncomingMessage, answer as unknown as ServerResponse, {}, kept.seen)
    return answer
  }
  return { kept, feed, look }
}

test('a browser that takes nothing is sent nothing more, and is cut off after ten seconds', () => {
  const { kept, look } = opened()
  const stuck = look()
  const other = look()
  stuck.isRead = false
  for (let i = 0; i < 36; i++) {
    kept.add(event)
    pass(250)
  }
  expect(stuck.texts).toHaveLength(2)
  expect(stuck.isGone).toBe(false)
  expect(other.texts).toHaveLength(37)
  for (let i = 0; i < 8; i++) {
    kept.add(event)
    pass(250)
  }
  expect(stuck.isGone).toBe(true)
  expect(other.isGone).toBe(false)
})

test('one that reads on gets what it missed in one frame', () => {
  const { kept, look } = opened()
  const slow = look()
  slow.isRead = false
  kept.add(event)
  pass(250)
  for (let i = 0; i < 30; i++) kept.add(event)
  pass(2000)
  expect(slow.texts).toHaveLength(2)
  slow.isRead = true
  slow.emit('drain')
  pass(250)
  expect(JSON.parse(slow.texts.at(-1)?.split('data: ')[1] ?? '').entries).toHaveLength(30)
})

test('a stream ends each minute, so that the app asks again who is looking', () => {
  const { look } = opened()
  const answer = look()
  pass(59_000)
  expect(answer.isEnded).toBe(false)
  // Meanwhile it is told that somebody is there.
  expect(answer.texts.filter((text) => text === ':\n\n')).toHaveLength(3)
  pass(1000)
  expect(answer.isEnded).toBe(true)
})

test('nothing runs while nobody looks on', () => {
  const { feed, look } = opened()
  expect(vi.getTimerCount()).toBe(0)
  const answer = look()
  expect(vi.getTimerCount()).toBe(1)
  answer.emit('close')
  expect(vi.getTimerCount()).toBe(0)
  const last = look()
  feed.close()
  expect([last.isEnded, vi.getTimerCount()]).toEqual([true, 0])
})
