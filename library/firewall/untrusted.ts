import type { RequestHead } from '../core/exchange.ts'
import type { Untrusted } from '../core/sink.ts'
import { parseUrl } from '../toolbox/url.ts'
import { readBody } from './body.ts'
import { base64Decoded, jsonValue, jwtPayload, normalized, percentDecoded } from './decode.ts'

/** How much is taken apart for one exchange. What is beyond goes to {@link Untrusted.rest} as it came. */
const MOST_TEXTS = 20_000
const MOST_CHARACTERS = 2 * 1024 * 1024
const DEEPEST = 4
const MOST_PIECES = 32

/** Headers that browsers fill with words of their own; they count only when what they hold is no such word. */
const QUIET = /^(?:sec-|accept|connection$|content-(?:length|type)$|upgrade|te$|priority$|dnt$|cache-control$|pragma$)/
/** What a client, or a proxy, says of the way that the request took. */
const WAY =
  /^(?:host|origin|forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip|fly-client-ip)$/i
const LOUD = /['"`\\;()]/

/** The part of an exchange that texts are collected from. */
export type InputSource = Pick<RequestHead, 'target' | 'rawHeaders' | 'bodyBytes' | 'client' | 'header'> & {
  /** The bytes of the body, up to what is kept of it. */
  readonly bodyForSinks: readonly Uint8Array[]
  /** What a parser of the app made of the body, where it is within reach. */
  readonly parsedBody?: unknown
}

/** Collects what one client sent, when it is first asked for, and again when more of the body has arrived. */
export class ClientTexts implements Untrusted {
  readonly #source: InputSource
  /** Each text with the depth at which it was taken apart. */
  readonly #seen = new Map<string, number>()
  readonly #texts: string[] = []
  readonly #structured: string[] = []
  readonly #values: unknown[] = []
  readonly #names = new Set<string>()
  #parsedBody: unknown
  #characters = 0
  #rest = ''
  #bodyBytes = -1
  /** Whether a plain number counts: it may be an address. */
  readonly #numbers: boolean
  #named: ClientTexts | undefined = undefined

  constructor(source: InputSource, numbers = false) {
    this.#source = source
    this.#numbers = numbers
  }

  get client(): string {
    return this.#source.client
  }

  texts(): readonly string[] {
    this.#collect()
    return this.#texts
  }

  structured(): readonly string[] {
    this.#collect()
    return this.#structured
  }

  values(): readonly unknown[] {
    this.#collect()
    // A parser of the app may know languages that are unknown here, and comes when everything has long arrived.
    const { parsedBody } = this.#source
    if (parsedBody !== this.#parsedBody) this.#keep((this.#parsedBody = parsedBody))
    return this.#values
  }

  names(): ReadonlySet<string> {
    this.#collect()
    return this.#names
  }

  get host(): string {
    return this.#source.header('host') ?? ''
  }

  named(): readonly string[] {
    return (this.#named ??= new ClientTexts(withoutWay(this.#source), true)).texts()
  }

  rest(): string {
    this.#collect()
    return this.#rest
  }

  #collect(): void {
    const source = this.#source
    if (source.bodyBytes === this.#bodyBytes) return
    if (this.#bodyBytes === -1) {
      this.#addTarget(source.target)
      this.#addHeaders(source.rawHeaders)
    }
    this.#bodyBytes = source.bodyBytes
    if (source.bodyBytes === 0) return
    const body = readBody(source)
    for (const [name, value] of body.fields) this.#addField(name, value)
    this.#addLists(body.fields)
    if (body.value !== undefined) this.#addValue(body.value)
    if (body.text !== undefined) this.#add(body.text, 0)
    if (!body.complete) {
      this.#rest += body.raw()
      if (source.parsedBody !== undefined) this.#addValue(source.parsedBody)
    }
  }

  #addTarget(target: string): void {
    const question = target.indexOf('?')
    const path = question === -1 ? target : target.slice(0, question)
    const segments = path.split('/').filter((segment) => segment !== '')
    for (const segment of segments.slice(0, 64)) this.#add(segment, 0)
    // A wildcard of a route takes the rest of the path.
    for (let i = 1; i < Math.min(segments.length, 8); i++) this.#add(segments.slice(-i - 1).join('/'), 0)
    if (question !== -1) this.#addQuery(target.slice(question + 1))
  }

  #addQuery(query: string): void {
    const fields: [string, string][] = []
    for (const part of query.split('&')) {
      const equals = part.indexOf('=')
      const name = equals === -1 ? part : part.slice(0, equals)
      const value = equals === -1 ? '' : part.slice(equals + 1).replaceAll('+', ' ')
      fields.push([percentDecoded(name) ?? name, percentDecoded(value) ?? value])
    }
    for (const [name, value] of fields) this.#addField(name, value)
    this.#addLists(fields)
  }

  #addField(name: string, value: string): void {
    // `a[b][c]`: each piece is a key that the app may use.
    if (/[[.]/.test(name)) {
      const pieces = name.split(/[[\].]+/)
      for (const piece of pieces) this.#names.add(piece)
      for (const piece of pieces.slice(0, MOST_PIECES)) this.#add(piece, 1)
    }
    this.#add(name, 1)
    this.#add(value, 0)
  }

  /** A name that comes several times is a list, and a list that is written into text has commas. */
  #addLists(fields: readonly (readonly [string, string])[]): void {
    if (fields.length < 2) return
    const lists = new Map<string, string[]>()
    for (const [name, value] of fields) {
      const key = name.endsWith('[]') ? name.slice(0, -2) : name
      const list = lists.get(key)
      if (list === undefined) lists.set(key, [value])
      else if (list.length < 200) list.push(value)
    }
    for (const list of lists.values()) if (list.length > 1) this.#add(list.join(','), 1)
  }

  #addHeaders(raw: readonly string[]): void {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = (raw[i] as string).toLowerCase()
      const value = raw[i + 1] as string
      if (QUIET.test(name) && (value.length <= 8 || !LOUD.test(value))) continue
      if (name === 'cookie') {
        this.#addCookies(value)
        continue
      }
      this.#add(value, 0)
      if (name === 'referer' && value.includes('?')) this.#addQuery(value.slice(value.indexOf('?') + 1))
      if (name === 'authorization') this.#addCredentials(value)
      else if (value.includes(','))
        for (const piece of value.split(',').slice(0, MOST_PIECES)) this.#add(piece.trim(), 1)
    }
  }

  #addCookies(header: string): void {
    for (const pair of header.split(';')) {
      const equals = pair.indexOf('=')
      this.#add(pair.slice(0, Math.max(equals, 0)).trim(), 1)
      const value = pair.slice(equals + 1).trim()
      this.#add(value, 0)
      const plain = percentDecoded(value) ?? value
      // `s:value.signature` and `j:{json}` are how Express writes them.
      if (plain.startsWith('s:')) this.#add(plain.slice(2, Math.max(plain.lastIndexOf('.'), 2)), 1)
      else if (plain.startsWith('j:')) this.#add(plain.slice(2), 1)
      else if (plain.startsWith('"') && plain.endsWith('"')) this.#add(plain.slice(1, -1), 1)
    }
  }

  #addCredentials(value: string): void {
    const blank = value.indexOf(' ')
    const token = value.slice(blank + 1)
    this.#add(token, 0)
    const pair = base64Decoded(token)
    const colon = pair?.indexOf(':') ?? -1
    if (pair === undefined || colon === -1) return
    this.#add(pair.slice(0, colon), 1)
    this.#add(pair.slice(colon + 1), 1)
  }

  #keep(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.#values.push(value)
  }

  /** Walks a parsed value without recursion, so that no depth hides anything. */
  #addValue(value: unknown): void {
    this.#keep(value)
    const open: unknown[] = [value]
    for (let next = open.pop(); next !== undefined || open.length > 0; next = open.pop()) {
      if (typeof next === 'string') this.#add(next, 1)
      else if (typeof next === 'number') this.#addNumber(next)
      else if (Array.isArray(next)) {
        if (next.length > 1 && next.length < 200 && next.every((item) => typeof item !== 'object')) {
          this.#add(next.join(','), 1)
        }
        for (const item of next) if (item !== null && item !== undefined) open.push(item)
      } else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next)) {
        for (const key in next) {
          this.#add(key, DEEPEST)
          const item = (next as Record<string, unknown>)[key]
          if (item !== null && item !== undefined) open.push(item)
        }
      }
      if (this.#isFull()) {
        this.#addRest(next)
        return
      }
    }
  }

  #add(text: string, depth: number): void {
    if (text.length < 2 && (text === '' || /[\w\s]/.test(text)) && !(this.#numbers && text === '0')) return
    const before = this.#seen.get(text)
    // What was a key first, and was not taken apart for that, may come again as a value.
    if (before !== undefined && before <= depth) return
    if (this.#isFull()) {
      this.#addRest(text)
      return
    }
    this.#seen.set(text, depth)
    if (before === undefined) this.#list(text)
    if (depth >= DEEPEST) return
    const plain = percentDecoded(text)
    if (plain !== undefined) this.#add(plain, depth + 1)
    const packed = jwtPayload(text) ?? base64Decoded(text)
    if (packed !== undefined) this.#add(packed, depth + 1)
    const form = normalized(text)
    if (form !== undefined) this.#add(form, depth + 1)
    const value = jsonValue(text)
    if (value !== undefined) this.#addValue(value)
  }

  #list(text: string): void {
    this.#characters += text.length
    if (!this.#numbers && !/[^0-9]/.test(text)) return
    this.#texts.push(text)
    if (/\W/.test(text)) this.#structured.push(text)
  }

  /** `2130706433` is an address, too. */
  #addNumber(value: number): void {
    if (this.#numbers && Number.isInteger(value) && value >= 0 && value < 2 ** 32) this.#add(String(value), DEEPEST)
  }

  #isFull(): boolean {
    return this.#seen.size >= MOST_TEXTS || this.#characters >= MOST_CHARACTERS
  }

  #addRest(value: unknown): void {
    if (this.#rest !== '') return
    const { bodyBytes } = this.#source
    this.#rest = bodyBytes > 0 ? readBody(this.#source).raw() : typeof value === 'string' ? value : this.#source.target
  }
}

/** The same without the headers that name the app itself and its proxies. */
function withoutWay(source: InputSource): InputSource {
  const { rawHeaders } = source
  const kept: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] as string, rawHeaders[i + 1] as string]
    if (!WAY.test(name) && !(/^referer$/i.test(name) && isOwn(value, source.header('host')))) kept.push(name, value)
  }
  return {
    target: source.target,
    rawHeaders: kept,
    get bodyBytes() {
      return source.bodyBytes
    },
    client: source.client,
    header: (name) => source.header(name),
    get bodyForSinks() {
      return source.bodyForSinks
    },
    get parsedBody() {
      return source.parsedBody
    },
  }
}

/** Whether a link leads from a page of the app itself. */
function isOwn(link: string, host: string | undefined): boolean {
  return host !== undefined && parseUrl(link)?.host === host.toLowerCase()
}
