import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entry } from './entry.ts'
import { type Filter, isMatch } from './filter.ts'
import type { Memory } from './memory.ts'

/** Streams of new events, for browsers that look on (Server-Sent Events, HTML 9.2). */
export interface Feed {
  /** Answers with a stream of what comes after the event `after`. */
  open(req: IncomingMessage, res: ServerResponse, filter: Filter, after: number): void
  close(): void
}

/** What one frame carries. */
export interface Frame {
  /** The oldest first. */
  readonly entries: readonly Entry[]
  /** Events that came too fast to be looked at. They are in the counts, and the newest of them in the list. */
  readonly missed: number
}

interface Stream {
  readonly res: ServerResponse
  readonly filter: Filter
  readonly ends: number
  last: number
  said: number
  /** When it took no more. */
  fullSince: number | undefined
}

const TICK = 250
const MOST_STREAMS = 20
const MOST_ENTRIES = 50
/** Events that are looked at for one frame. */
const MOST_LOOKS = 500
/** Whoever watches is asked for again who they are, by the reconnect of the browser: rights end within this. */
const LIFETIME = 60_000
const PING = 15_000
/** A client that takes nothing for so long is cut off. Until then it gets nothing more, so nothing piles up. */
const PATIENCE = 10_000

export function openFeed(memory: Memory, boot: string, now: () => number): Feed {
  const streams = new Set<Stream>()
  let timer: NodeJS.Timeout | undefined

  function tick(): void {
    const at = now()
    for (const stream of streams) advance(stream, at)
    if (streams.size === 0) stop()
  }

  function advance(stream: Stream, at: number): void {
    const { res } = stream
    if (stream.fullSince !== undefined) {
      if (at - stream.fullSince >= PATIENCE) res.destroy()
      return
    }
    if (at >= stream.ends) {
      drop(stream)
      res.end()
      return
    }
    const frame = frameSince(stream)
    if (frame.entries.length > 0 || frame.missed > 0) {
      say(stream, `id: ${boot}-${stream.last}\ndata: ${JSON.stringify(frame)}\n\n`, at)
    } else if (at - stream.said >= PING) say(stream, ':\n\n', at)
  }

  function say(stream: Stream, text: string, at: number): void {
    stream.said = at
    if (!stream.res.write(text)) stream.fullSince = at
  }

  function frameSince(stream: Stream): Frame {
    const since = memory.seen - stream.last
    if (since <= 0) return { entries: [], missed: 0 }
    const entries: Entry[] = []
    let looks = 0
    for (const entry of memory.newest()) {
      if (entry.n <= stream.last || looks >= MOST_LOOKS || entries.length >= MOST_ENTRIES) break
      looks++
      if (isMatch(entry, stream.filter)) entries.push(entry)
    }
    stream.last = memory.seen
    return { entries: entries.reverse(), missed: since - looks }
  }

  function drop(stream: Stream): void {
    streams.delete(stream)
    if (streams.size === 0) stop()
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    open(req, res, filter, after) {
      if (streams.size >= MOST_STREAMS) {
        res.writeHead(503, {
          'Content-Type': 'text/plain; charset=utf-8',
          'Retry-After': '60',
          'Cache-Control': 'no-store',
        })
        res.end('Too many are looking on already.\n')
        return
      }
      res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' })
      if (req.method === 'HEAD') {
        res.end()
        return
      }
      const at = now()
      const last = resumedAt(req.headers['last-event-id'], boot) ?? after
      const stream: Stream = {
        res,
        filter,
        ends: at + LIFETIME,
        last: Math.min(last, memory.seen),
        said: at,
        fullSince: undefined,
      }
      streams.add(stream)
      res.on('close', () => drop(stream))
      res.on('error', () => drop(stream))
      res.on('drain', () => (stream.fullSince = undefined))
      say(stream, 'retry: 1000\n\n', at)
      timer ??= setInterval(tick, TICK).unref()
    },
    close() {
      for (const { res } of streams) res.end()
      streams.clear()
      stop()
    },
  }
}

/** Where the browser left off, if that was in this process. */
function resumedAt(id: string | string[] | undefined, boot: string): number | undefined {
  const [from, n = ''] = String(id ?? '').split('-')
  return from === boot && /^\d{1,15}$/.test(n) ? Number(n) : undefined
}
