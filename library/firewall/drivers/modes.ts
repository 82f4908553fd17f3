import { shared } from '../shared.ts'

/** How the server of a connection reads text, where that is not the same for every server of its kind. */
export interface Reading {
  /** A backslash escapes the next character inside of `'...'`. */
  readonly backslash: boolean
  /** `"..."` is an identifier for MySQL. */
  readonly ansiQuotes: boolean
}

/** What is known of how a statement will be read. */
export interface Known {
  readonly reading: Reading
  /** Whether no connection of this server has been seen to read otherwise. */
  readonly isSure: boolean
}

const MOST_SERVERS = 256
/** For how long one answer speaks for new connections of the same server. */
const LASTS_MS = 60_000

interface Answer extends Known {
  readonly until: number
}

/** What several connections have in common: the pool that they are of, or the name of what they connect to. */
export type Origin = object | string

const { servers, pools, connections } = shared('firewall.modes', () => ({
  /** An app may make a connection for each request, so what one has answered speaks for the next. */
  servers: new Map<string, Answer>(),
  pools: new WeakMap<object, Answer>(),
  /** Connections that have said how they read. */
  connections: new WeakMap<object, Known>(),
}))

export function knownOf(connection: object, origin?: Origin): Known | undefined {
  return connections.get(connection) ?? (origin === undefined ? undefined : answerOf(origin))
}

/** Whether a new connection is to be asked. */
export function isDue(origin: Origin, now: number): boolean {
  const answer = answerOf(origin)
  return answer === undefined || answer.until <= now
}

/** A connection has said how it reads. */
export function note(connection: object, reading: Reading): void {
  connections.set(connection, { reading, isSure: true })
}

/** One connection has said how it reads, which is most likely how others of the same origin do. */
export function noteFor(origin: Origin, reading: Reading, now = 0): void {
  const before = answerOf(origin)
  const isSure = before === undefined || (before.isSure && isSame(before.reading, reading))
  const answer = { reading, isSure, until: now + LASTS_MS }
  if (typeof origin === 'object') {
    pools.set(origin, answer)
    return
  }
  if (before === undefined && servers.size >= MOST_SERVERS) servers.delete(servers.keys().next().value as string)
  servers.set(origin, answer)
}

function answerOf(origin: Origin): Answer | undefined {
  return typeof origin === 'object' ? pools.get(origin) : servers.get(origin)
}

/** The app changes how this connection reads: until it has answered, nothing is sure. */
export function forget(connection: object): void {
  const known = connections.get(connection)
  if (known !== undefined) connections.set(connection, { ...known, isSure: false })
}

/** The modes of MySQL and MariaDB as `@@sql_mode` lists them. */
export function toReading(modes: string): Reading {
  const list = modes.toUpperCase().split(',')
  return { backslash: !list.includes('NO_BACKSLASH_ESCAPES'), ansiQuotes: list.includes('ANSI_QUOTES') }
}

/** Whether a statement sets what decides how the next ones are read. */
export function setsModes(sql: string): boolean {
  return SETS.test(sql) && /\bsql_mode\b/i.test(sql)
}

function isSame(a: Reading, b: Reading): boolean {
  return a.backslash === b.backslash && a.ansiQuotes === b.ansiQuotes
}

const SETS = /^(?:\s|\/\*[^*]*\*\/)*set\b/i
