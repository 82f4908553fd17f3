import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Contract, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'

/** What a plain server calls. */
export type PlainListener = (req: IncomingMessage, res: ServerResponse) => unknown

/** A function of the app together with the requests that it is for: made by `route()`, and handed to `secure(server, policy, [...])`. */
export interface PlacedRoute extends KnownRoute {
  readonly contract: Contract
  readonly listener: PlainListener
}

export interface Found {
  readonly route: PlacedRoute
  readonly params: Readonly<Record<string, string>>
}

interface Pattern {
  readonly route: PlacedRoute
  /** The path in front of the first part that is not the same for all. */
  readonly start: string
  readonly shape: RegExp
  readonly names: readonly string[]
}

const PLACE = /^(?:([A-Z]+) )?(\/\S*)$/
const SEGMENT = /^(?:[^:*\s]*|:[A-Za-z_]\w*|\*)$/
const NONE: Readonly<Record<string, string>> = Object.freeze({})

/** Reads `'POST /hooks/:sender'`: a method or none for all, and a path whose last part may be `*`. */
export function readPlace(place: string, at: string | undefined): { readonly method: string; readonly path: string } {
  const [, method = 'ALL', path] = PLACE.exec(place) ?? []
  const segments = path?.split('/') ?? []
  const isPlain = segments.every(
    (segment, i) => SEGMENT.test(segment) && (segment !== '*' || i === segments.length - 1),
  )
  if (path !== undefined && isPlain) return { method, path }
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', `${JSON.stringify(place)} names no requests`, {
    at: `route()${at === undefined ? '' : ` (${at})`}`,
    fix: "write it like 'POST /hooks/stripe', 'GET /people/:id' or '/files/*': a method or none for all, a path, names for parts of it",
  })
}

/** Finds the route of a request. Paths without names come first, whatever the order; then the first that fits. Paths are compared as they were sent. */
export class RouteTable {
  readonly #exact = new Map<string, PlacedRoute[]>()
  readonly #patterns: Pattern[] = []

  constructor(routes: readonly PlacedRoute[]) {
    const seen = new Set<string>()
    for (const route of routes) {
      const key = `${route.method} ${route.path}`
      if (seen.has(key)) {
        throw new BulwarkError('BULWARK_ADAPTER_MISUSED', `two routes are for ${key}`, {
          ...(route.at !== undefined && { at: route.at }),
          fix: 'leave one of them out: the other one would never be called',
        })
      }
      seen.add(key)
      if (/[:*]/.test(route.path)) this.#patterns.push(toPattern(route))
      else this.#exact.set(route.path, [...(this.#exact.get(route.path) ?? []), route])
    }
  }

  find(method: string, path: string): Found | undefined {
    const exact = this.#exact.get(path)?.find((route) => isFor(route, method))
    if (exact !== undefined) return { route: exact, params: NONE }
    for (const { route, start, shape, names } of this.#patterns) {
      if (!isFor(route, method) || !path.startsWith(start)) continue
      const parts = shape.exec(path)
      const params = parts && decoded(names, parts)
      if (params) return { route, params }
    }
    return undefined
  }
}

function isFor({ method: own }: PlacedRoute, method: string): boolean {
  return own === method || own === 'ALL' || (own === 'GET' && method === 'HEAD')
}

function toPattern(route: PlacedRoute): Pattern {
  const names: string[] = []
  const source = route.path.split('/').map((segment) => {
    if (segment === '*') return '.*'
    if (!segment.startsWith(':')) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    names.push(segment.slice(1))
    return '([^/]+)'
  })
  return {
    route,
    start: route.path.slice(0, route.path.search(/[:*]/)),
    shape: new RegExp(`^${source.join('/')}$`),
    names,
  }
}

function decoded(names: readonly string[], parts: readonly string[]): Readonly<Record<string, string>> | undefined {
  try {
    return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(parts[i + 1] ?? '')]))
  } catch {
    // What is no encoding names no part of a path, and so no route.
    return undefined
  }
}
