import type { RequestHead } from '../core/exchange.ts'
import type { Untrusted } from '../core/sink.ts'
import { isPart } from '../toolbox/presence.ts'
import { TwoGenerations } from '../toolbox/two-generations.ts'
import { parseUrl } from '../toolbox/url.ts'
import { readBody } from './body.ts'
import {
  base64Decoded,
  fieldReadings,
  hexDecoded,
  isLikeJson,
  jsonValue,
  jwtPayload,
  normalized,
  percentDecoded,
  readAnyhow,
} from './decode.ts'
import { nameOf } from './header-names.ts'
import { BEYOND_ASCII, HAS_MORE_THAN_DIGITS, HAS_OTHER, HAS_PERCENT, HAS_SIGN, isWordOrBlank, kindOf } from './kinds.ts'

/** How much is taken apart for one exchange. What is beyond goes to {@link Untrusted.rest} as it came. */
const MOST_TEXTS = 6_000
const MOST_CHARACTERS = 2 * 1024 * 1024
const DEEPEST = 4
const MOST_PIECES = 32
/** To find that a text is no JSON costs as much as to read twenty that are. */
const MOST_NO_JSON = 200

const LOUD = /['"`\\;()]/

/** What is remembered of a text: the depth at which it was taken apart, and whether only headers of the way here have held it. */
const DEPTH = 7
const ONLY_WAY = 8

/** What a browser says it is comes with every request, and is taken apart once. */
const MOST_AGENTS = 256
const SHORTEST_AGENT = 24
const LONGEST_AGENT = 1024

/** What is in one header: its texts, and the depth at which each was taken apart. */
interface HeaderTexts {
  readonly texts: readonly string[]
  readonly characters: number
  readonly depths: readonly number[]
  readonly kinds: readonly number[]
}

const agents = new TwoGenerations<HeaderTexts>(MOST_AGENTS)

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
  /** Where they stand among the texts. */
  readonly #places: number[] = []
  readonly #values: unknown[] = []
  #names: Set<string> | undefined = undefined
  #parsedBody: unknown
  #characters = 0
  #rest = ''
  #bodyBytes = -1
  #raw: (() => string) | undefined = undefined
  /** Texts that began and ended like JSON, and were none. */
  #noJson = 0
  /** What may name another machine, with plain numbers of its own: `2130706433` is an address, too. */
  readonly #named: string[] = []
  #numbers: Set<string> | undefined = undefined
  /** How many of the values have been looked through for numbers. */
  #counted = 0
  /** Whether what is read now only tells of the way here. */
  #isWay = false

  #isPart = false

  constructor(source: InputSource) {
    this.#source = source
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
    if (!this.#isPart) {
      this.#isPart = true
      isPart(this.#structured, this.#texts, this.#places)
    }
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
    return (this.#names ??= new Set())
  }

  get host(): string {
    return this.#source.header('host') ?? ''
  }

  named(): readonly string[] {
    this.#collect()
    for (; this.#counted < this.#values.length; this.#counted++) this.#addNumbers(this.#values[this.#counted])
    return this.#named
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
    this.#raw = body.raw
    for (const [name, value] of body.fields) this.#addField(name, value)
    this.#addLists(body.fields)
    if (body.value !== undefined) this.#addValue(body.value)
    if (body.text !== undefined) this.#add(body.text, 0)
    if (!body.complete) {
      this.#rest += readAnyhow(body.raw())
      if (source.parsedBody !== undefined) this.#addValue(source.parsedBody)
    }
  }

  #addTarget(target: string): void {
    const question = target.indexOf('?')
    const path = question === -1 ? target : target.slice(0, question)
    const segments: string[] = []
    for (let from = 0, end = 0; end !== -1; from = end + 1) {
      end = path.indexOf('/', from)
      const segment = end === -1 ? path.slice(from) : path.slice(from, end)
      if (segment !== '') segments.push(segment)
    }
    for (let i = 0; i < segments.length && i < 64; i++) this.#add(segments[i] as string, 0)
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
      if (name.includes('%') || value.includes('%')) fields.push(...fieldReadings(name, value))
      else fields.push([name, value])
    }
    for (const [name, value] of fields) this.#addField(name, value)
    this.#addLists(fields)
  }

  #addField(name: string, value: string): void {
    // `a[b][c]`: each piece is a key that the app may use.
    if (/[[.]/.test(name)) {
      const pieces = name.split(/[[\].]+/)
      const names = (this.#names ??= new Set())
      for (const piece of pieces) names.add(piece)
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
      const { lower: name, isQuiet, isWay } = nameOf(raw[i] as string)
      const value = raw[i + 1] as string
      if (isQuiet && (value.length <= 8 || !LOUD.test(value))) continue
      this.#isWay = isWay || (name === 'referer' && isOwn(value, this.#source.header('host')))
      if (this.#isWay || !isRepeated(name, value) || !this.#addKnown(name, value)) this.#addHeader(name, value)
      this.#isWay = false
    }
  }

  /** Answers `false` where this header has to be taken apart for this exchange. */
  #addKnown(name: string, value: string): boolean {
    let known = agents.get(value)
    if (known === undefined) {
      const alone = new ClientTexts(this.#source)
      alone.#addHeader(name, value)
      // What else there is in it is found again each time.
      const isWhole = alone.#values.length === 0 && alone.#noJson === 0 && alone.#rest === ''
      const texts = isWhole ? [...alone.#seen.keys()] : []
      const depths = texts.map((text) => alone.#seen.get(text) ?? 0)
      known = { texts, characters: alone.#characters, depths, kinds: texts.map(kindOf) }
      agents.set(value, known)
    }
    const { texts, characters, depths, kinds } = known
    if (texts.length === 0 || this.#seen.size + texts.length >= MOST_TEXTS) return false
    if (this.#characters + characters >= MOST_CHARACTERS) return false
    for (let i = 0; i < texts.length; i++) if (this.#seen.has(texts[i] as string)) return false
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i] as string
      const kind = kinds[i] as number
      this.#seen.set(text, depths[i] as number)
      this.#list(text, kind)
      this.#addNamed(text, kind)
    }
    return true
  }

  #addHeader(name: string, value: string): void {
    if (name === 'cookie') {
      this.#addCookies(value)
      return
    }
    this.#add(value, 0)
    if (name === 'referer' && value.includes('?')) this.#addQuery(value.slice(value.indexOf('?') + 1))
    if (name === 'authorization') this.#addCredentials(value)
    else if (value.includes(',')) for (const piece of value.split(',').slice(0, MOST_PIECES)) this.#add(piece.trim(), 1)
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
      if (typeof next === 'string') this.#add(next, 0)
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
    const { length } = text
    if (length < 2 && (length === 0 || (isWordOrBlank(text.charCodeAt(0)) && text !== '0'))) return
    const before = this.#seen.get(text)
    // What was a key first, and was not taken apart for that, may come again as a value; what told of the way, as something else.
    if (before !== undefined && (before & DEPTH) <= depth && (this.#isWay || (before & ONLY_WAY) === 0)) return
    if (this.#isFull()) {
      this.#addRest(text)
      return
    }
    this.#seen.set(text, this.#isWay ? depth | ONLY_WAY : depth)
    const kind = kindOf(text)
    if (before === undefined) this.#list(text, kind)
    if (!this.#isWay && (before === undefined || (before & ONLY_WAY) !== 0)) this.#addNamed(text, kind)
    if (depth >= DEEPEST) return
    if ((kind & HAS_PERCENT) !== 0) {
      const plain = percentDecoded(text)
      if (plain !== undefined) this.#add(plain, depth + 1)
    }
    if (length >= 8 && (kind & HAS_OTHER) === 0) {
      const payload = jwtPayload(text)
      const packed = payload ?? base64Decoded(text)
      // A token and the JSON in it are one layer.
      if (packed !== undefined) this.#add(packed, payload === undefined ? depth + 1 : depth)
    }
    if (length >= 6 && (kind & (HAS_OTHER | HAS_SIGN)) === 0) {
      const plain = hexDecoded(text)
      if (plain !== undefined) this.#add(plain, depth + 1)
    }
    if ((kind & BEYOND_ASCII) !== 0) {
      const form = normalized(text)
      if (form !== undefined) this.#add(form, depth + 1)
    }
    if ((kind & HAS_OTHER) !== 0 && isLikeJson(text)) {
      const value = this.#noJson < MOST_NO_JSON ? jsonValue(text) : undefined
      if (value !== undefined) this.#addValue(value)
      else if (++this.#noJson > MOST_NO_JSON) this.#addRest(text)
    }
  }

  #list(text: string, kind: number): void {
    this.#characters += text.length
    if ((kind & HAS_MORE_THAN_DIGITS) === 0) return
    const place = this.#texts.push(text) - 1
    if ((kind & HAS_SIGN) === 0) return
    this.#structured.push(text)
    this.#places.push(place)
  }

  #addNamed(text: string, kind: number): void {
    if ((kind & HAS_MORE_THAN_DIGITS) !== 0) this.#named.push(text)
    else this.#addNumber(text)
  }

  #addNumber(text: string): void {
    const numbers = (this.#numbers ??= new Set())
    if (numbers.size >= MOST_TEXTS || numbers.has(text)) return
    numbers.add(text)
    this.#named.push(text)
  }

  /** Numbers of JSON, which are no texts to anybody else. */
  #addNumbers(value: unknown): void {
    const open: unknown[] = [value]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (typeof next === 'number') {
        if (Number.isInteger(next) && next >= 0 && next < 2 ** 32) this.#addNumber(String(next))
      } else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next)) {
        for (const key in next) open.push((next as Record<string, unknown>)[key] ?? undefined)
      }
    }
  }

  #isFull(): boolean {
    return this.#seen.size >= MOST_TEXTS || this.#characters >= MOST_CHARACTERS
  }

  #addRest(value: unknown): void {
    if (this.#rest !== '') return
    this.#rest = readAnyhow(this.#raw?.() ?? (typeof value === 'string' ? value : this.#source.target))
  }
}

/** Whether a header is most likely the same in the next request. What tells who a client is stays in no memory but that of its request. */
function isRepeated(name: string, { length }: string): boolean {
  return name === 'user-agent' && length >= SHORTEST_AGENT && length <= LONGEST_AGENT
}

/** Whether a link leads from a page of the app itself. */
function isOwn(link: string, host: string | undefined): boolean {
  return host !== undefined && parseUrl(link)?.host === host.toLowerCase()
}
