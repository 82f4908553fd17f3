import type { Exchange } from '../../../core/exchange.ts'
import { type BodyJudge, type Denial, deny } from '../../../core/guard.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { Glance } from './glance.ts'
import { spellingsOf } from './spellings.ts'
import { type Danger, dangerIn, MARKS } from './texts.ts'
import { isXmlType, judgeProlog } from './xml.ts'

const DENIALS: Readonly<Record<Danger | 'unreadable', Denial>> = {
  function: deny('unsafe-deserialization', 'data that a deserializer would make functions of', 400),
  entities: deny('xml-entities', 'XML that declares entities, or a document type that has to be fetched', 400),
  unreadable: deny('xml-entities', 'XML in an encoding, or with a beginning, that parsers read differently', 400),
}
const SUSPECT = spellingsOf(MARKS)
/** As much as sinks look at. */
const MOST = 1024 * 1024
/** The longest spelling of a mark, but for one sign, may stand before the border of two chunks. */
const OVERLAP = Math.max(...MARKS.map(({ length }) => length)) * 6

/** Judges what has come with the head. Honest requests cost a search in the target and the cookies. */
export function judgeHead(x: Exchange): Denial | undefined {
  const { target } = x.request
  const cookie = x.request.header('cookie')
  if (!SUSPECT.test(target) && (cookie === undefined || !SUSPECT.test(cookie))) return undefined
  return judgeTexts(x, [], 0)
}

/** Judges one body: only one that holds a mark, in whatever spelling, is taken apart. */
export class Door implements BodyJudge {
  readonly #x: Exchange
  readonly #isXml: boolean
  /** What is compressed shows nothing before it is whole. */
  readonly #isPacked: boolean
  readonly #settle: (denial: Denial) => Denial | undefined
  readonly #kept: Uint8Array[] = []
  #bytes = 0
  #tail = ''
  #isSuspect = false
  #glance: Glance | undefined = undefined
  #isWorthALook = false
  #prolog: 'more' | 'done' = 'more'

  /** `settle` answers whether a denial counts for the route, as far as it is known. */
  constructor(x: Exchange, settle: (denial: Denial) => Denial | undefined) {
    const encoding = x.request.header('content-encoding')?.trim().toLowerCase()
    this.#x = x
    this.#settle = settle
    this.#isXml = isXmlType(x.request.header('content-type'))
    this.#isPacked = encoding !== undefined && encoding !== '' && encoding !== 'identity'
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    const room = MOST - this.#bytes
    if (room <= 0) return undefined
    const bytes = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.#bytes += bytes.length
    this.#kept.push(bytes)
    if (this.#isPacked) return undefined
    if (!this.#isSuspect) this.#search(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    return this.#followXml(false)
  }

  onEnd(): Denial | undefined {
    const late = this.#isPacked ? undefined : this.#followXml(true)
    if (late !== undefined) return late
    if (!this.#isSuspect && !this.#isPacked) return undefined
    const denial = judgeTexts(this.#x, this.#kept, this.#bytes, this.#isXml)
    return denial && this.#settle(denial)
  }

  #search(bytes: Buffer): void {
    this.#glance ??= new Glance()
    if (this.#isWorthALook || this.#glance.isWorthALook(bytes)) {
      this.#isWorthALook = true
      this.#isSuspect = SUSPECT.test(this.#tail + bytes.toString('latin1'))
    }
    const kept = this.#tail + bytes.toString('latin1', Math.max(0, bytes.length - OVERLAP))
    this.#tail = kept.slice(-OVERLAP)
  }

  #followXml(isEnd: boolean): Denial | undefined {
    if (!this.#isXml || this.#prolog === 'done' || this.#bytes === 0) return undefined
    const found = judgeProlog(Buffer.concat(this.#kept), isEnd)
    if (found === 'more') return undefined
    this.#prolog = 'done'
    if (found === 'plain') return undefined
    return this.#settle(found === 'declares' ? DENIALS.entities : DENIALS.unreadable)
  }
}

function judgeTexts(
  { request }: Exchange,
  body: readonly Uint8Array[],
  bytes: number,
  isXml = false,
): Denial | undefined {
  const texts = new ClientTexts({
    target: request.target,
    rawHeaders: request.rawHeaders,
    client: request.client,
    header: (name) => request.header(name),
    bodyBytes: bytes,
    bodyForSinks: body,
  })
  const danger = dangerIn(texts, isXml)
  return danger && DENIALS[danger]
}
