import type { Contract, KnownRoute } from '../core/contract.ts'
import { joined } from './joined.ts'

/** Where a function made by `secure()` keeps what it declares, and where that was written. */
export const CONTRACT: unique symbol = Symbol.for('bulwark.contract') as never
export const DECLARED_AT: unique symbol = Symbol.for('bulwark.declaredAt') as never

/** One function that an app has registered, as Hono lists it: a route with three functions has three entries. */
export interface HonoEntry {
  readonly method: string
  readonly path: string
  // biome-ignore lint/complexity/noBannedTypes: Hono types it as Function too
  readonly handler: Function
}

interface Declared {
  readonly [CONTRACT]?: Contract
  readonly [DECLARED_AT]?: string | undefined
  readonly __COMPOSED_HANDLER?: unknown
}

/**
 * The next of these entries that ends a route, from an index on; -1 when there is none. An end takes no `next` (Hono itself
 * tells routes from middleware in this way), or is the last function that was registered for a method of its own.
 */
export function nextEnd(entries: readonly HonoEntry[], from: number): number {
  for (let i = from; i < entries.length; i++) {
    if (isEnd(entries, i)) return i
  }
  return -1
}

/** Whether the function takes `next`: the request may go on from here to another route. */
export function passesOn(entries: readonly HonoEntry[], i: number): boolean {
  const entry = entries[i]
  return entry !== undefined && (declarationOf(entry) as { length: number }).length > 1
}

/** Whether one of the route's own functions declares something, in front of its end or behind it. */
export function isDeclared(entries: readonly HonoEntry[], end: number): boolean {
  return entries.some((entry, i) => isSame(entries, i, end) && declarationOf(entry)[CONTRACT] !== undefined)
}

/**
 * The route of one entry, with everything declared on the way to it. For a request the entries are those that Hono itself has
 * matched to it, so there is no second opinion about which path matches what. The same contracts are always the same object.
 */
export function routeAt(matched: readonly HonoEntry[], end: number): KnownRoute | undefined {
  const entry = matched[end]
  return entry && remembered(entry, ...declaredFor(matched, end, always))
}

/**
 * The routes of an app, for a list at start-up: there is no request yet to ask Hono about, so a prefix such as `/admin/*` is
 * compared with the paths below it.
 */
export function knownRoutes(entries: readonly HonoEntry[]): KnownRoute[] {
  const known = new Map<string, KnownRoute>()
  entries.forEach(({ method, path }, i) => {
    const key = `${method} ${path}`
    if (!isEnd(entries, i) || known.has(key)) return
    const leadsTo = (prefix: HonoEntry): boolean =>
      (prefix.method === 'ALL' || prefix.method === method) && isBelow(prefix.path, path)
    const [contract, at] = declaredFor(entries, i, leadsTo)
    known.set(key, { method, path, at, contract })
  })
  return [...known.values()]
}

const remember = new WeakMap<HonoEntry, KnownRoute[]>()

function remembered(end: HonoEntry, contract: Contract | undefined, at: string | undefined): KnownRoute {
  const list = remember.get(end) ?? []
  if (list.length === 0) remember.set(end, list)
  let route = list.find((one) => one.contract === contract)
  if (route === undefined) list.push((route = { method: end.method, path: end.path, at, contract }))
  return route
}

/** What a function declares, also where `app.route()` has put the error function of a part of the app around it. */
function declarationOf({ handler }: HonoEntry): Declared {
  let declared = handler as unknown as Declared
  while (typeof declared.__COMPOSED_HANDLER === 'function')
    declared = declared.__COMPOSED_HANDLER as unknown as Declared
  return declared
}

const always = (): boolean => true

type Declarations = [contract: Contract | undefined, at: string | undefined]

function declaredFor(
  entries: readonly HonoEntry[],
  end: number,
  leadsTo: (prefix: HonoEntry) => boolean,
): Declarations {
  let contract: Contract | undefined
  let at: string | undefined
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as HonoEntry
    const { [CONTRACT]: own, [DECLARED_AT]: line } = declarationOf(entry)
    if (own === undefined) continue
    if (!isSame(entries, i, end) && !(i < end && isPrefix(entries, i) && leadsTo(entry))) continue
    contract = joined(contract, own)
    at = line
  }
  return [contract, at]
}

/** A contract for what is below its path: set with `app.use()`, or on a path where nothing else is registered. */
function isPrefix(entries: readonly HonoEntry[], i: number): boolean {
  if (entries[i]?.method === 'ALL') return true
  return entries.every((entry, j) => !isSame(entries, j, i) || declarationOf(entry)[CONTRACT] !== undefined)
}

function isEnd(entries: readonly HonoEntry[], i: number): boolean {
  const entry = entries[i]
  if (entry === undefined || declarationOf(entry)[CONTRACT] !== undefined) return false
  if (!passesOn(entries, i)) return true
  if (entry.method === 'ALL') return false
  // What is declared behind the last function does not make it one in the middle.
  for (let next = i + 1; isSame(entries, next, i); next++) {
    if (declarationOf(entries[next] as HonoEntry)[CONTRACT] === undefined) return false
  }
  return true
}

function isSame(entries: readonly HonoEntry[], i: number, j: number): boolean {
  const [one, other] = [entries[i], entries[j]]
  return one !== undefined && other !== undefined && one.method === other.method && one.path === other.path
}

function isBelow(pattern: string, path: string): boolean {
  const own = path.split('/')
  return pattern.split('/').every((segment, i, all) => {
    if (segment === '*' && i === all.length - 1) return true
    if (i === all.length - 1 && own.length !== all.length) return false
    return segment === '*' || segment.startsWith(':') || segment === own[i]
  })
}
