import { BulwarkError } from '../../core/errors.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import type { PlaceLimits } from './places.ts'

/** How many requests may be under way at once. */
export interface Crowd {
  readonly atOnce: number
  /** Requests that may wait for a place. @default as many as `atOnce` */
  readonly queue?: number
  /** How long each of them waits, at most a minute. @default '1s' */
  readonly wait?: string | number
}

/** Shorter than that, and one ordinary request holds the loop for too long. */
const SHORTEST = 50
const LONGEST_WAIT = 60_000

export function checkDelay(value: string | number): number {
  const ms = parseDuration(value)
  if (ms !== undefined && ms >= SHORTEST && ms <= 60_000) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', `"${String(value)}" is no time that requests may hold a process`, {
    at: 'policy.overload.delay',
    fix: "write it like '2s', or as milliseconds, from 50 to 60000",
  })
}

export function checkHeap(value: number): number {
  if (typeof value === 'number' && value >= 0.5 && value < 1) return value
  throw new BulwarkError(
    'BULWARK_LIMIT_INVALID',
    `${String(value)} is no part of the heap that could be kept free of`,
    {
      at: 'policy.overload.heap',
      fix: 'use a number from 0.5 to below 1, such as 0.9',
    },
  )
}

export function checkPaths(paths: readonly string[]): readonly string[] {
  if (!Array.isArray(paths)) throw invalid('paths are a list', 'policy.overload.serve', "write ['/health']")
  paths.forEach((path, i) => {
    const at = `policy.overload.serve[${i}]`
    if (typeof path !== 'string' || !/^\/[^?#*\s]*\*?$/.test(path) || /[^/]\*$/.test(path)) {
      throw invalid('this is no path', at, "write it as it is sent, like '/health', or '/ops/*' for all below it")
    }
    if (path === '/*') {
      throw invalid('this is every path there is', at, "turn the protection off with off('why'), or name fewer paths")
    }
  })
  return paths
}

export function checkRoute(declared: unknown, at: string): void {
  if (declared === 'serve') return
  if (typeof declared === 'object' && declared !== null) toLimits(declared as Crowd, at)
  else
    throw invalid(`"${String(declared)}" is nothing that a route can say here`, at, "write 'serve', or { atOnce: 4 }")
}

export function toLimits(crowd: number | Crowd, at: string): PlaceLimits {
  const given: Crowd = typeof crowd === 'number' ? { atOnce: crowd } : crowd
  const { atOnce, queue = atOnce, wait = '1s' } = given
  if (!Number.isSafeInteger(atOnce) || atOnce < 1 || !Number.isSafeInteger(queue) || queue < 0) {
    throw new BulwarkError('BULWARK_LIMIT_INVALID', 'this is no number of requests', {
      at,
      fix: 'use whole numbers: atOnce from 1, queue from 0',
    })
  }
  const ms = parseDuration(wait)
  if (ms === undefined || ms < 1 || ms > LONGEST_WAIT) {
    throw new BulwarkError(
      'BULWARK_DURATION_INVALID',
      `"${String(wait)}" is no time that a request waits for a place`,
      {
        at,
        fix: "write it like '1s', or as milliseconds, up to a minute",
      },
    )
  }
  return { atOnce, queue, wait: ms }
}

function invalid(what: string, at: string, fix: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', what, { at, fix })
}
