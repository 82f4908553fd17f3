import { readFile } from 'node:fs/promises'
import type { Route, RouteBody } from '../library/core/probe.ts'
import type { Account, SignIn } from './account.ts'
import { ProberError } from './errors.ts'
import { toFields } from './shapes.ts'

/** What `bulwark.probe.json` may say. */
export interface ProbeConfig {
  readonly url?: string
  readonly account?: Account
  /** A second account: somebody else, best with more rights than the first. */
  readonly other?: Account
  readonly routes?: readonly Route[]
  readonly crawl?: boolean
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly budget?: { readonly ms?: number; readonly requests?: number }
  /** The port of the same host that is asked without encryption. */
  readonly plainPort?: number
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads a configuration file.
 * @throws ProberError `CONFIG_INVALID`, naming the file and the key, when it cannot be read or says something unknown.
 */
export async function readConfig(file: string): Promise<ProbeConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new ProberError(
      'CONFIG_INVALID',
      `${file} cannot be read.`,
      'Check the path, or leave the option out.',
      cause,
    )
  }
  return parseConfig(text, file)
}

/**
 * Takes the text of a configuration apart.
 * @throws ProberError `CONFIG_INVALID`, naming the key.
 */
export function parseConfig(text: string, file = 'bulwark.probe.json'): ProbeConfig {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new ProberError(
      'CONFIG_INVALID',
      `${file} is no JSON: ${cause instanceof Error ? cause.message : cause}`,
      'Correct the file.',
    )
  }
  const reader = new Reader(file)
  const top = reader.object(parsed, '', [
    'url',
    'account',
    'other',
    'routes',
    'crawl',
    'only',
    'skip',
    'budget',
    'plainPort',
  ])
  return {
    ...(top['url'] !== undefined && { url: reader.text(top['url'], 'url') }),
    ...(top['account'] !== undefined && { account: account(reader, top['account'], 'account') }),
    ...(top['other'] !== undefined && { other: account(reader, top['other'], 'other') }),
    ...(top['routes'] !== undefined && {
      routes: reader.list(top['routes'], 'routes', (item, at) => route(reader, item, at)),
    }),
    ...(top['budget'] !== undefined && { budget: budget(reader, top['budget']) }),
    ...(top['plainPort'] !== undefined && { plainPort: reader.port(top['plainPort'], 'plainPort') }),
    ...(top['crawl'] !== undefined && { crawl: reader.flag(top['crawl'], 'crawl') }),
    ...(top['only'] !== undefined && { only: reader.list(top['only'], 'only', (item, at) => reader.text(item, at)) }),
    ...(top['skip'] !== undefined && { skip: reader.list(top['skip'], 'skip', (item, at) => reader.text(item, at)) }),
  }
}

function account(reader: Reader, value: unknown, at: string): Account {
  const about = reader.object(value, at, ['signIn', 'ok'])
  const raw = reader.object(about['signIn'], `${at}.signIn`, ['method', 'path', 'type', 'fields'])
  const signIn: SignIn = {
    ...(raw['method'] !== undefined && { method: reader.text(raw['method'], `${at}.signIn.method`) }),
    path: reader.path(raw['path'], `${at}.signIn.path`),
    type: reader.oneOf(raw['type'], `${at}.signIn.type`, ['form', 'json']),
    fields: reader.texts(raw['fields'], `${at}.signIn.fields`),
  }
  if (about['ok'] === undefined) return { signIn }
  const ok = reader.object(about['ok'], `${at}.ok`, ['status', 'cookie'])
  return {
    signIn,
    ok: {
      ...(ok['status'] !== undefined && {
        status: reader.list(ok['status'], `${at}.ok.status`, (item, at) => reader.status(item, at)),
      }),
      ...(ok['cookie'] !== undefined && { cookie: reader.flag(ok['cookie'], `${at}.ok.cookie`) }),
    },
  }
}

function route(reader: Reader, value: unknown, at: string): Route {
  const flags = ['signedIn', 'html', 'signIn', 'own'] as const
  const raw = reader.object(value, at, ['method', 'path', 'query', 'headers', 'body', 'readBack', ...flags])
  const set: Record<string, boolean> = {}
  for (const flag of flags) if (raw[flag] !== undefined) set[flag] = reader.flag(raw[flag], `${at}.${flag}`)
  return {
    method: raw['method'] === undefined ? 'GET' : reader.text(raw['method'], `${at}.method`).toUpperCase(),
    path: reader.path(raw['path'], `${at}.path`),
    ...(raw['query'] !== undefined && { query: reader.texts(raw['query'], `${at}.query`) }),
    ...(raw['headers'] !== undefined && { headers: reader.texts(raw['headers'], `${at}.headers`) }),
    ...(raw['body'] !== undefined && { body: body(reader, raw['body'], `${at}.body`) }),
    ...(raw['readBack'] !== undefined && { readBack: reader.path(raw['readBack'], `${at}.readBack`) }),
    ...set,
  }
}

function body(reader: Reader, value: unknown, at: string): RouteBody {
  const raw = reader.object(value, at, ['type', 'fields'])
  const type = reader.oneOf(raw['type'], `${at}.type`, ['form', 'json', 'text'])
  const given = raw['fields']
  // JSON has types and depth, forms have neither.
  const isPlain = !isFields(given) || Object.values(given).every((item) => typeof item === 'string')
  if (type !== 'json' || isPlain) return { type, fields: reader.texts(given, `${at}.fields`) }
  return { type, fields: toFields(given), nested: given }
}

/** People count seconds; the prober counts milliseconds. */
function budget(reader: Reader, value: unknown): NonNullable<ProbeConfig['budget']> {
  const raw = reader.object(value, 'budget', ['seconds', 'requests'])
  const { seconds, requests } = raw
  return {
    ...(seconds !== undefined && { ms: Math.round(reader.amount(seconds, 'budget.seconds') * 1000) }),
    ...(requests !== undefined && { requests: reader.amount(requests, 'budget.requests', true) }),
  }
}

/** Checks one value after the other and names the key that is wrong. */
class Reader {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  object(value: unknown, at: string, keys: readonly string[]): Fields {
    if (!isFields(value)) this.#refuse(at, 'must be an object')
    const unknown = Object.keys(value).find((key) => !keys.includes(key))
    if (unknown !== undefined)
      this.#refuse(at === '' ? unknown : `${at}.${unknown}`, `is not known; known are ${keys.join(', ')}`)
    return value
  }

  text(value: unknown, at: string): string {
    if (typeof value !== 'string' || value === '') this.#refuse(at, 'must be a text')
    return value
  }

  path(value: unknown, at: string): string {
    const path = this.text(value, at)
    if (!path.startsWith('/')) this.#refuse(at, 'must begin with /')
    return path
  }

  flag(value: unknown, at: string): boolean {
    if (typeof value !== 'boolean') this.#refuse(at, 'must be true or false')
    return value
  }

  status(value: unknown, at: string): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 100 || value > 599)
      this.#refuse(at, 'must be an HTTP status')
    return value
  }

  amount(value: unknown, at: string, isWhole = false): number {
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || (isWhole && !Number.isInteger(value)))
      this.#refuse(at, `must be a ${isWhole ? 'whole ' : ''}number above 0`)
    return value
  }

  port(value: unknown, at: string): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535)
      this.#refuse(at, 'must be a port')
    return value
  }

  oneOf<T extends string>(value: unknown, at: string, choices: readonly T[]): T {
    const found = choices.find((choice) => choice === value)
    if (found === undefined) this.#refuse(at, `must be ${choices.join(' or ')}`)
    return found
  }

  list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T): T[] {
    if (!Array.isArray(value)) this.#refuse(at, 'must be a list')
    return value.map((item, i) => read(item, `${at}[${i}]`))
  }

  texts(value: unknown, at: string): Record<string, string> {
    if (!isFields(value)) this.#refuse(at, 'must be an object')
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        if (typeof item !== 'string') this.#refuse(`${at}.${name}`, 'must be a text')
        return [name, item]
      }),
    )
  }

  #refuse(at: string, why: string): never {
    throw new ProberError(
      'CONFIG_INVALID',
      `${this.#file}: ${at === '' ? 'the file' : at} ${why}.`,
      'Correct the file.',
    )
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
