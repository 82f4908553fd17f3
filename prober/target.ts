import { randomInt } from 'node:crypto'
import type { Answer, Ask, RawAnswer, Route, Target, TlsAnswer } from '../library/core/probe.ts'
import type { Visitor } from './account.ts'
import { type FormTokens, isForeign } from './form-tokens.ts'
import { Jar } from './jar.ts'
import { openLetter } from './letters.ts'
import { answerOf, type Message, messageOf, type Received, type Sent } from './message.ts'
import type { Shapes } from './shapes.ts'
import { holdIdle, sendRaw, shakeHands } from './sockets.ts'
import { VERSION } from './version.ts'
import type { Wire } from './wire.ts'

/** What one run shares between its probes. */
export interface Run {
  readonly id: string
  readonly wire: Wire
  /** To the same host without encryption, where somebody listens there. */
  readonly plain?: Wire
  /** Milliseconds since the start of the process after which nothing is sent. */
  readonly deadline: number
  readonly maxRequests: number
  /** Requests sent so far, of whomever. */
  requests: number
  readonly holdFor: number
  readonly burst: number
  readonly visitor: Visitor | undefined
  /** The second account: whom the first one attacks. */
  readonly other: Visitor | undefined
  /** Whether this machine can send from any address of 127.0.0.0/8. */
  readonly manyAddresses: boolean
  /** The status of the first page at the beginning. */
  firstStatus: number
  /** What was really sent for an answer: the record that evidence is written from. */
  readonly record: WeakMap<Answer | RawAnswer, Sent>
  readonly tokens: FormTokens
  readonly shapes: Shapes
  /** Health checks so far: each comes from an address of its own. */
  checks: number
}

/** What one probe may use. */
export interface Allowance {
  readonly requests: number
  readonly signal: AbortSignal
  /** The address that this probe's requests come from unless it says otherwise. */
  readonly from: string | undefined
}

/** A target with one probe's allowance, and what that probe made of it. */
export interface ProbedTarget extends Target {
  readonly used: number
  /** The words that the probe was given to recognise its own input by. */
  readonly nonces: readonly string[]
  /** The loopback addresses that were sent from, where they were not left to the system. */
  readonly addresses: ReadonlySet<string>
  /** The answer that the target did not finish, if it has answered nothing since. */
  readonly brokenOff: Answer | undefined
  /** As `alive`, but tells a target that limits its visitors from one that is gone. */
  health(): Promise<'alive' | 'limited' | 'gone'>
}

/** Thrown at a probe that goes on after its allowance, the budget or the caller's patience is used up. */
export class Exhausted extends Error {
  readonly why: 'probe' | 'budget' | 'signal'

  constructor(why: 'probe' | 'budget' | 'signal', message: string) {
    super(message)
    this.why = why
  }
}

/**
 * The target as one probe sees it. Each probe has an address of its own where the machine has more than one, because an app that limits
 * requests per client would otherwise answer the probes that come late with 429 and look safe.
 */
export function openTarget(run: Run, routes: readonly Route[], allowance: Allowance): ProbedTarget {
  const { wire } = run
  const visitorOf = (ask: Ask): Visitor | undefined => (ask.other ? run.other : ask.signedIn ? run.visitor : undefined)
  const { signal } = allowance
  const nonces: string[] = []
  const stubborn = new Set<string>()
  const addresses = new Set<string>()
  /** Cookies that a visitor got from the form's page right before the form was sent. */
  const onTheWay = new WeakMap<Ask, readonly string[]>()
  let brokenOff: Answer | undefined
  let used = 0
  const spend = (): void => {
    if (signal.aborted) throw new Exhausted('signal', 'The run was ended early.')
    if (used >= allowance.requests)
      throw new Exhausted('probe', `The ${allowance.requests} requests of one probe are used up.`)
    if (run.requests >= run.maxRequests) {
      throw new Exhausted('budget', `The budget of ${run.maxRequests} requests is used up.`)
    }
    if (performance.now() >= run.deadline) throw new Exhausted('budget', 'The time of this run is used up.')
    used++
    run.requests++
  }
  const sendMessage = async (ask: Ask, message: Message, from: string | undefined, way = wire): Promise<Answer> => {
    spend()
    const received = await way.send(message, { timeout: ask.timeout ?? 5000, from, signal })
    const answer = answerOf(ask, withCookies(received, onTheWay.get(ask) ?? []))
    run.record.set(answer, { ground: way.ground, from, message, received })
    if (answer.status !== 0) brokenOff = undefined
    else if (answer.failure === 'reset') brokenOff ??= answer
    return answer
  }
  const extra = [
    ['User-Agent', `bulwark-probe/${VERSION}`],
    ['X-Bulwark-Probe', run.id],
    ['Accept', '*/*'],
  ] as const
  const fromOf = (asked: string | undefined): string | undefined => {
    if (asked !== undefined && !asked.startsWith('127.')) throw new TypeError(`${asked} is no loopback address`)
    // A loopback address reaches loopback only; towards other targets and over IPv6 the system chooses.
    const from = wire.address.startsWith('127.') ? (asked ?? allowance.from) : undefined
    if (from !== undefined) addresses.add(from)
    return from
  }
  /** As a browser would be: the form's page is read right before the form is sent, by the same visitor. */
  const renewed = async (ask: Ask, from: string | undefined, jar: Jar | undefined): Promise<Ask> => {
    const page = run.tokens.pageFor(ask)
    if (page === undefined) return ask
    if (isForeign(ask, wire.ground.origin)) return run.tokens.renew(ask, undefined, wire.ground.origin)
    const own = Object.entries(ask.headers ?? {}).filter(([name]) => name.toLowerCase() === 'cookie')
    const reading: Ask = { path: page, headers: { ...Object.fromEntries(own), Accept: 'text/html' } }
    const read = await sendMessage(reading, messageOf(reading, wire.ground, extra, jar?.headerFor(page)), from)
    // What reads along with a request is no attempt of the probe.
    used--
    jar?.take(read.all('set-cookie'), page)
    const next = run.tokens.renew(ask, read, wire.ground.origin)
    if (jar !== undefined) return next
    const given = new Jar(true)
    for (const [, value] of own) given.take(String(value).split(/; */), '/')
    given.take(read.all('set-cookie'), page)
    const cookie = given.headerFor(ask.path)
    if (cookie === undefined) return next
    const others = Object.entries(ask.headers ?? {}).filter(([name]) => name.toLowerCase() !== 'cookie')
    const complete: Ask = { ...next, headers: { ...Object.fromEntries(others), cookie } }
    onTheWay.set(complete, read.all('set-cookie'))
    return complete
  }
  const once = async (asked: Ask): Promise<Answer> => {
    const from = fromOf(asked.from)
    if (asked.plain === true) {
      if (run.plain === undefined) throw new TypeError('nobody listens without encryption')
      return sendMessage(asked, messageOf(asked, run.plain.ground, extra, undefined), from, run.plain)
    }
    const visitor = visitorOf(asked)
    if (!visitor) {
      const ask = await renewed(asked, from, undefined)
      return sendMessage(ask, messageOf(run.shapes.shaped(ask), wire.ground, extra, undefined), from)
    }
    await visitor.ready((request) => {
      const { cookies, ...rest } = request
      return sendMessage(rest, messageOf(rest, wire.ground, extra, cookies), from)
    })
    const ask = await renewed(asked, from, visitor.jar)
    const cookies = visitor.jar.headerFor(ask.path)
    const token = visitor.authorizationFor(ask)
    const own = token === undefined ? [] : [['Authorization', token] as const]
    const more = [...extra, ...own, ...visitor.scriptHeadersFor(ask)]
    const answer = await sendMessage(ask, messageOf(run.shapes.shaped(ask), wire.ground, more, cookies), from)
    visitor.jar.take(answer.all('set-cookie'), ask.path)
    return answer
  }
  const target: ProbedTarget = {
    origin: wire.ground.origin,
    plainOrigin: run.plain?.ground.origin,
    routes,
    hasOther: run.other !== undefined,
    holdFor: run.holdFor,
    burst: run.burst,
    nonces,
    addresses,
    get used() {
      return used
    },
    get brokenOff() {
      return brokenOff
    },
    nonce(): string {
      const nonce = `bw${Array.from({ length: 10 }, () => 'abcdefghijkmnpqrstuvwxyz'[randomInt(24)]).join('')}`
      nonces.push(nonce)
      return nonce
    },
    async send(ask): Promise<Answer> {
      const answer = await once(ask)
      const visitor = ask.plain === true ? undefined : visitorOf(ask)
      if (!visitor?.isForgotten(answer)) return answer
      const place = `${ask.other === true} ${ask.method ?? 'GET'} ${ask.path}`
      // An app may answer 401 to a signed-in visitor too; signing in a second time will not change its mind.
      if (stubborn.has(place)) return answer
      visitor.forget()
      const second = await once(ask)
      if (visitor.isForgotten(second)) stubborn.add(place)
      return second
    },
    async raw(ask): Promise<RawAnswer> {
      spend()
      const from = fromOf(ask.from)
      const answer = await sendRaw(wire, ask, from, signal)
      run.record.set(answer, { ground: wire.ground, from })
      return answer
    },
    async handshake(ask = {}): Promise<TlsAnswer> {
      if (!wire.ground.tls) throw new TypeError(`${wire.ground.origin} speaks no TLS`)
      spend()
      return shakeHands(wire, ask, fromOf(undefined))
    },
    async connect(count, { hold, from }): Promise<number> {
      spend()
      return holdIdle(wire, count, hold, fromOf(from), signal)
    },
    openLetter: (to, password) => openLetter(target, to, password),
    async alive(): Promise<boolean> {
      return (await target.health()) === 'alive'
    },
    async health(): Promise<'alive' | 'limited' | 'gone'> {
      const from = run.manyAddresses ? healthAddress(run.checks++) : undefined
      const { status } = await once({ path: wire.ground.firstPage, ...(from !== undefined && { from }) })
      if (status === run.firstStatus) return 'alive'
      return status === 429 || status === 503 ? 'limited' : 'gone'
    },
  }
  return target
}

/** A visitor has both the cookies of the page before and those of the answer, of which the last one of a name counts. */
function withCookies(received: Received, before: readonly string[]): Received {
  if (before.length === 0 || received.status === 0) return received
  return { ...received, rawHeaders: [...before.flatMap((line) => ['Set-Cookie', line]), ...received.rawHeaders] }
}

/** An address that no probe sends from, so that a limit which a probe has used up does not look like an outage. */
function healthAddress(check: number): string {
  return `127.84.${Math.floor(check / 250) % 250}.${(check % 250) + 1}`
}

/** The address of the n-th probe of a run. */
export function probeAddress(n: number): string {
  return `127.83.${Math.floor(n / 250) % 250}.${(n % 250) + 1}`
}
