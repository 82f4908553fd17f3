import type { Exchange } from '../../core/exchange.ts'
import { type BodyJudge, type Denial, deny } from '../../core/guard.ts'
import { inflate } from './compressed.ts'
import { FormShape } from './form.ts'
import { JsonShape } from './json.ts'
import type { Limits } from './limits.ts'
import { MultipartShape } from './multipart.ts'
import type { Shape } from './shape.ts'
import { type BodyType, readType } from './types.ts'

export const TOO_LARGE: Denial = deny('oversized-body', 'the body is larger than this route takes', 413)
const NO_TYPE: Denial = deny('unexpected-content-type', 'a body without a content type', 415)
const WRONG_TYPE: Denial = deny('unexpected-content-type', 'a body of a type that this route does not take', 415)
const WRONG_CHARSET: Denial = deny(
  'unexpected-content-type',
  'a body in an encoding of text that cannot be judged',
  415,
)
const NO_BOUNDARY: Denial = deny('ambiguous-body', 'a multipart form without one clear boundary', 400)
const COMPRESSED: Denial = deny('compression-bomb', 'a compressed body', 415)

/** Answers the limits that hold for an exchange as far as its route is known. */
export type LimitsOf = (x: Exchange) => Limits

/** Judges one body: its type, its size, and by its type its shape. Nothing is decided before there is a byte to decide about. */
export class Body implements BodyJudge {
  /** The bytes reach the app only when all of them have been judged: an app that inflates must not be handed half a bomb. */
  readonly holdsBack: boolean
  readonly #x: Exchange
  readonly #limitsOf: LimitsOf
  readonly #type: BodyType | undefined
  readonly #encoding: string | undefined
  #limits: Limits | undefined = undefined
  #decided = false
  #most = 0
  #bytes = 0
  #shape: Shape | undefined = undefined
  #held: Uint8Array[] | undefined = undefined

  constructor(x: Exchange, limitsOf: LimitsOf) {
    const type = x.request.header('content-type')
    const encoding = x.request.header('content-encoding')?.trim().toLowerCase()
    this.#x = x
    this.#limitsOf = limitsOf
    this.#type = type === undefined ? undefined : readType(type)
    this.#encoding = encoding === 'identity' || encoding === '' ? undefined : encoding
    this.holdsBack = this.#encoding !== undefined
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    if (chunk.length === 0) return undefined
    if (this.#limits === undefined || (!this.#decided && this.#x.decided)) {
      const denial = this.#settle()
      if (denial !== undefined) return denial
    }
    this.#bytes += chunk.length
    if (this.#bytes > this.#most) return TOO_LARGE
    if (this.#encoding !== undefined) {
      // Node may use the memory of a chunk again only after it was passed on, so keeping it is safe.
      if (this.#held === undefined) this.#held = [chunk]
      else this.#held.push(chunk)
      return undefined
    }
    return this.#follow(chunk)
  }

  onEnd(): Denial | undefined {
    if (this.#limits === undefined) return undefined
    if (this.#held !== undefined) {
      const bytes = inflate(Buffer.concat(this.#held), this.#encoding ?? '', this.#most, this.#limits.ratio)
      if (!(bytes instanceof Uint8Array)) return bytes
      this.#held = undefined
      this.#bytes = Math.max(this.#bytes, bytes.length)
      const denial = this.#follow(bytes)
      if (denial !== undefined) return denial
    }
    return this.#shape?.onEnd()
  }

  /** The route is known: what has arrived, and what is announced, must be within its limits. */
  enterRoute(): Denial | undefined {
    // A chunked body may turn out to be empty, and then it needs no type.
    if (this.#bytes === 0 && this.#x.request.header('content-length') === undefined) return undefined
    return this.#settle()
  }

  /** Takes the limits as they are known by now. */
  #settle(): Denial | undefined {
    const limits = this.#limitsOf(this.#x)
    this.#limits = limits
    this.#decided = this.#x.decided
    const type = this.#type
    if (type === undefined) return NO_TYPE
    const most = sizeOf(type, limits)
    if (most === undefined) return WRONG_TYPE
    if (!type.readable) return WRONG_CHARSET
    if (type.kind === 'multipart' && type.boundary === undefined) return NO_BOUNDARY
    const encoding = this.#encoding
    if (encoding !== undefined && (type.kind === 'multipart' || !limits.compressed.has(encoding))) return COMPRESSED
    this.#most = most
    if (this.#bytes > most || Number(this.#x.request.header('content-length') ?? 0) > most) return TOO_LARGE
    if (this.#shape === undefined) return undefined
    this.#shape.limits = limits
    return this.#shape.exceeded()
  }

  #follow(chunk: Uint8Array): Denial | undefined {
    if (this.#shape === undefined) {
      const shape = this.#shapeFor(chunk)
      if (shape === undefined) return undefined
      this.#shape = shape
    }
    return this.#shape.onChunk(chunk)
  }

  #shapeFor(chunk: Uint8Array): Shape | undefined {
    const limits = this.#limits
    const type = this.#type
    if (limits === undefined || type === undefined) return undefined
    if (type.kind === 'multipart')
      return type.boundary === undefined ? undefined : new MultipartShape(limits, type.boundary)
    if (type.kind === 'json') return new JsonShape(limits)
    if (type.kind === 'other') return undefined
    // Apps that parse every text as JSON are common: what begins like JSON is judged as JSON, whatever it is called.
    const first = firstByte(chunk)
    if (first === undefined) return undefined
    if (first === 0x7b || first === 0x5b) return new JsonShape(limits)
    return type.kind === 'form' ? new FormShape(limits) : undefined
  }
}

function sizeOf(type: BodyType, limits: Limits): number | undefined {
  const named = limits.other.get(type.name)
  if (type.kind === 'other') return named ?? limits.other.get('*')
  return named ?? limits[type.kind]
}

/** The first byte that is neither white space nor part of a byte order mark. Browsers percent-encode a bracket at the start of a form. */
function firstByte(chunk: Uint8Array): number | undefined {
  for (const byte of chunk) {
    const isBlank = byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
    if (!isBlank && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return byte
  }
  return undefined
}
