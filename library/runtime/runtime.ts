import type { Contract, KnownRoute } from '../core/contract.ts'
import type { ReportedEvent } from '../core/event.ts'
import type { Awaitable } from '../core/exchange.ts'
import type { Denial, Guard, Verdict } from '../core/guard.ts'
import type { Security } from '../core/security.ts'
import type { Stance } from '../core/sink.ts'
import { clientKey } from '../toolbox/ip.ts'
import { clientAddress, forwardedProto, isTrustedProxy } from '../toolbox/proxies.ts'
import { announce, type ProtectedApp, toProtectedApp } from './announce.ts'
import { headersOf, statusOf } from './app-error.ts'
import { watchBody } from './body.ts'
import { publish } from './events.ts'
import { type HttpExchange, NO_DEFERRALS } from './exchange.ts'
import { outHeadersOf } from './out-headers.ts'
import { type CompiledPolicy, compilePolicy, type Policy } from './policy.ts'
import { writeProblem, writeRawProblem, writeReply } from './problem.ts'
import { securityClass } from './security.ts'
import { isPending, Rests, type Stage, stageOf } from './stages.ts'

type StageMethod = 'onRequest' | 'onRoute' | 'onUnrouted'

const CARELESS_EVENTS = 100

/** A compiled policy at work: takes exchanges through the stages and acts on what guards decide. */
export class Runtime {
  readonly policy: CompiledPolicy
  /** What others may know of it. */
  readonly app: ProtectedApp
  readonly connectionGuards: Stage
  readonly disconnectGuards: Stage
  readonly tickGuards: Stage
  readonly serverGuards: Stage
  readonly #request: Stage
  readonly #route: Stage
  readonly #unrouted: Stage
  readonly #rests: Rests
  /** The guards that may wait for a route. */
  readonly waiting: ReadonlySet<string>
  readonly #body: Stage
  readonly #response: Stage
  readonly #error: Stage
  readonly #uncovered: Stage
  readonly #routes: Stage
  readonly #httpsOrigin: boolean
  readonly #stances: ReadonlyMap<string, Stance>
  readonly #Security: new (
    x: HttpExchange,
  ) => Security
  /** Whether the adapter knows routes at all; only then is an answer outside of them worth an event. */
  coversRoutes = false
  /**
   * The guards from which a route is exempt that a request whose head has just arrived may come to: see `exemptionsOf`. Where it is known to come to
   * no route that was declared beforehand, this notes so (`x.decided`).
   * **Security**: an adapter that names any must enter a route, or none, before code of the app runs that is not on the way to such a route.
   */
  deferralsOf: (x: HttpExchange) => ReadonlySet<string> = () => NO_DEFERRALS
  /** The function of a route that the adapter knows without the app's own listeners, which then do not see the request. */
  ownListener: ((x: HttpExchange) => (() => unknown) | undefined) | undefined = undefined
  /** How the adapter finds the routes that are known by now. */
  routesOf: ProtectedApp['routes'] = () => undefined
  #forwardedSeen = false
  #uncoveredPaths = new Set<string>()

  constructor(policy: Policy, now?: () => number) {
    this.policy = compilePolicy(policy, now)
    this.connectionGuards = stageOf(this.policy.guards, 'onConnection')
    this.disconnectGuards = stageOf(this.policy.guards, 'onDisconnect')
    this.tickGuards = stageOf(this.policy.guards, 'onTick')
    this.serverGuards = stageOf(this.policy.guards, 'onServer')
    this.#request = stageOf(this.policy.guards, 'onRequest')
    this.#route = stageOf(this.policy.guards, 'onRoute')
    this.#unrouted = stageOf(this.policy.guards, 'onUnrouted')
    this.#rests = new Rests(this.#unrouted)
    this.waiting = new Set(this.#unrouted.guards.map(({ name }) => name))
    this.#body = stageOf(this.policy.guards, 'judgeBody')
    this.#response = stageOf(this.policy.guards, 'onResponse')
    this.#error = stageOf(this.policy.guards, 'onError')
    this.#uncovered = stageOf(this.policy.guards, 'onUncovered')
    this.#routes = stageOf(this.policy.guards, 'onRoutes')
    this.#stances = new Map(
      this.policy.guards.map(({ guard, observe }) => [guard.name, observe ? 'observe' : 'enforce']),
    )
    this.#httpsOrigin = this.policy.setup.origins.some((origin) => origin.startsWith('https:'))
    this.#Security = securityClass(this.policy.guards.map(({ guard }) => guard))
    this.app = toProtectedApp(this.policy, (own) => this.routesOf(own))
    announce(this.app)
  }

  /** The head has arrived: asks every guard, and sees to the body. Afterwards `x.denied` or `x.pending` tell how it went. */
  begin(x: HttpExchange): void {
    if (!this.policy.proxiesSet && !this.#forwardedSeen) this.#lookForProxy(x)
    if (!x.upgrade) x.deferrals = this.deferralsOf(x)
    this.#run('onRequest', this.#request, x, 0)
    if (x.hasBody && !x.denied) this.#judgeBody(x)
  }

  /** The framework has matched a route. Afterwards `x.denied` or `x.pending` tell how it went. */
  enterRoute(x: HttpExchange, contract: Contract | undefined, route: KnownRoute | undefined): void {
    x.decided = true
    x.due = x.deferrals
    this.enterFront(x, contract, route)
  }

  /** The same for a contract in front of many paths: which route is behind it is not known yet, so what waits for that goes on waiting. */
  enterFront(x: HttpExchange, contract: Contract | undefined, route: KnownRoute | undefined): void {
    x.contract = contract
    x.route = route
    x.routed = true
    this.#run('onRoute', this.#route, x, 0)
  }

  /** The request comes to no route. Afterwards `x.denied` or `x.pending` tell how it went. */
  enterNone(x: HttpExchange): void {
    if (x.decided) return
    x.decided = true
    x.due = x.deferrals
    this.#run('onUnrouted', this.#unrouted, x, 0)
  }

  /**
   * The same while it can still come to a route that is exempt from these guards: what else waited is judged, before code that is not on the way
   * to such a route.
   */
  narrow(x: HttpExchange, exemptions: ReadonlySet<string>): void {
    const rest = this.#rests.of(x.deferrals, exemptions)
    if (rest.due.size === 0) return
    x.deferrals = exemptions
    x.due = rest.due
    this.#run('onUnrouted', rest.stage, x, 0)
  }

  #run(method: StageMethod, stage: Stage, x: HttpExchange, from: number): void {
    const { guards, observe } = stage
    for (let i = from; i < guards.length; i++) {
      const guard = guards[i]!
      let verdict: Awaitable<Verdict>
      try {
        verdict = guard[method]!(x)
      } catch (error) {
        if (this.broke(x, guard.name, error)) return
        continue
      }
      if (verdict === undefined) continue
      if (isPending(verdict)) {
        x.pending = this.#wait(verdict, method, stage, x, i)
        return
      }
      if (this.#act(x, guard, verdict, observe[i]!)) return
    }
  }

  async #wait(
    verdict: PromiseLike<Verdict>,
    method: StageMethod,
    stage: Stage,
    x: HttpExchange,
    i: number,
  ): Promise<void> {
    const guard = stage.guards[i]!
    let stopped: boolean
    try {
      const settled = await verdict
      // The body may have been refused meanwhile.
      stopped = x.denied || (settled !== undefined && this.#act(x, guard, settled, stage.observe[i]!))
    } catch (error) {
      stopped = this.broke(x, guard.name, error)
    }
    x.pending = undefined
    if (stopped) return
    this.#run(method, stage, x, i + 1)
    // The rest of the stage may have become asynchronous again; whoever waits for us waits for it too.
    const rest = x.pending as Promise<void> | undefined
    if (rest !== undefined) await rest
  }

  /** Answers whether the exchange is over. */
  #act(x: HttpExchange, guard: Guard, verdict: NonNullable<Verdict>, observe: boolean): boolean {
    if ('reply' in verdict) {
      x.denied = true
      writeReply(x.res, verdict.reply, verdict.headers)
      return true
    }
    if (observe) {
      if (verdict.quiet !== true) {
        this.publish({ guard: guard.name, risk: verdict.risk, reason: verdict.reason, outcome: 'observed' }, x)
      }
      return false
    }
    this.refuse(x, verdict, guard.name)
    return true
  }

  /** A guard threw: answers whether that ends the exchange, as the policy's `onFailure` says. */
  broke(x: HttpExchange, guard: string, error: unknown): boolean {
    const allow = this.policy.onFailure === 'allow'
    this.publish(
      {
        guard,
        risk: guard,
        reason: allow ? 'the guard failed, and the policy lets pass' : 'the guard failed, and the policy denies',
        outcome: 'failed',
        error,
      },
      x,
    )
    if (allow) return false
    x.denied = true
    if (x.upgrade) writeRawProblem(x.req.socket, 503, x.id)
    else if (!x.res.headersSent) writeProblem(x, 503, undefined, x.hasBody)
    return true
  }

  /** Ends the exchange with a problem document and an event. */
  refuse(x: HttpExchange, denial: Denial, guard: string): void {
    x.denied = true
    if (denial.quiet !== true) {
      this.publish({ guard, risk: denial.risk, reason: denial.reason, outcome: 'denied' }, x)
    }
    if (x.upgrade) {
      writeRawProblem(x.req.socket, denial.status, x.id)
      return
    }
    if (x.res.headersSent) {
      // Half of an answer is out: only the connection can still be refused.
      x.req.socket.destroy()
      return
    }
    writeProblem(x, denial.status, denial.headers, denial.close === true || (x.hasBody && !x.bodyEnded), denial.errors)
  }

  #judgeBody(x: HttpExchange): void {
    const judges: { guard: string; observe: boolean; judge: { onChunk(chunk: Uint8Array): Denial | undefined } }[] = []
    const { guards, observe } = this.#body
    for (let i = 0; i < guards.length; i++) {
      const guard = guards[i]!
      try {
        const judge = guard.judgeBody!(x)
        if (judge === undefined) continue
        if ('onChunk' in judge) judges.push({ guard: guard.name, observe: observe[i]!, judge })
        else if (this.#act(x, guard, judge, observe[i]!)) return
      } catch (error) {
        if (this.broke(x, guard.name, error)) return
      }
    }
    watchBody(x, judges)
  }

  /** The head of the answer is about to leave. Answers the denial that replaces it, if any. */
  finish(x: HttpExchange): { readonly guard: string; readonly denial: Denial } | undefined {
    const { guards, observe } = this.#response
    x.out = outHeadersOf(x.res)
    let refused: { guard: string; denial: Denial } | undefined
    for (let i = 0; i < guards.length; i++) {
      const guard = guards[i]!
      try {
        const denial = guard.onResponse!(x)
        if (denial === undefined || refused !== undefined || x.denied) continue
        if (observe[i]!) {
          this.publish({ guard: guard.name, risk: denial.risk, reason: denial.reason, outcome: 'observed' }, x)
        } else if (x.lateRefusal || (x.status >= 300 && x.status < 400)) {
          refused = { guard: guard.name, denial }
        }
      } catch (error) {
        this.publish(
          { guard: guard.name, risk: guard.name, reason: 'the guard failed on the response', outcome: 'failed', error },
          x,
        )
      }
    }
    x.out = undefined
    if (this.coversRoutes && !x.routed && !x.denied && x.status < 400 && x.status !== 304) this.#tellUncovered(x)
    return refused
  }

  #tellUncovered(x: HttpExchange): void {
    const seen = this.#uncoveredPaths
    if (seen.size >= CARELESS_EVENTS || seen.has(x.path)) return
    seen.add(x.path)
    for (const guard of this.#uncovered.guards) guard.onUncovered!(x)
  }

  /** A handler threw, or the framework refused the request: tells the guards and answers with a problem document. */
  fail(x: HttpExchange, error: unknown): void {
    const status = statusOf(error, x.res.statusCode)
    if (this.#error.guards.length === 0 && status >= 500) {
      // With the protection that reports failures off, they must not vanish.
      this.publish(
        { guard: 'runtime', risk: 'unhandled-failure', reason: 'a handler failed', outcome: 'failed', error },
        x,
      )
    }
    for (const guard of this.#error.guards) {
      try {
        guard.onError!(x, error, status)
      } catch (broken) {
        this.publish(
          {
            guard: guard.name,
            risk: guard.name,
            reason: 'the guard failed on an error',
            outcome: 'failed',
            error: broken,
          },
          x,
        )
      }
    }
    if (x.upgrade) {
      writeRawProblem(x.req.socket, status, x.id)
      return
    }
    if (x.denied) return
    if (x.res.headersSent) {
      if (!x.res.writableEnded) x.req.socket.destroy()
      return
    }
    x.denied = true
    writeProblem(x, status, headersOf(error), false)
  }

  /** No route matched. */
  miss(x: HttpExchange): void {
    if (x.denied || x.res.headersSent) return
    x.denied = true
    writeProblem(x, 404, undefined, false)
  }

  /** Shows the routes to the guards, or to those of these names. Throws what they throw: it keeps the app from starting. */
  checkRoutes(routes: readonly KnownRoute[], names?: readonly string[]): void {
    for (const guard of this.#routes.guards) if (names?.includes(guard.name) !== false) guard.onRoutes!(routes)
  }

  publish(event: ReportedEvent, x?: HttpExchange): void {
    const { setup, onEvent } = this.policy
    publish(
      {
        at: setup.now(),
        outcome: 'reported',
        ...event,
        ...(x && { request: { id: x.id, method: x.method, path: x.path.slice(0, 200), ip: x.ip } }),
        ...(x?.route && { route: x.route }),
        ...(x?.user !== undefined && { user: x.user }),
      },
      onEvent,
    )
  }

  /** What the policy wants of a sink: a sink goes by the name of its protection. */
  stanceOf(sink: string): Stance {
    return this.#stances.get(sink) ?? 'off'
  }

  securityOf(x: HttpExchange): Security {
    return new this.#Security(x)
  }

  addressOf(x: HttpExchange): string {
    const { connection } = x
    if (!connection.trusted) return connection.ip
    return clientAddress(connection.ip, x.header('x-forwarded-for'), this.policy.trusted)
  }

  clientOf(ip: string): string {
    return clientKey(ip)
  }

  isTrusted(ip: string): boolean {
    return isTrustedProxy(ip, this.policy.trusted)
  }

  isSecure(x: HttpExchange): boolean {
    if ((x.req.socket as { encrypted?: boolean }).encrypted === true) return true
    if (!x.connection.trusted) return false
    return forwardedProto(x.header('x-forwarded-proto'), x.connection.ip, this.policy.trusted) === 'https'
  }

  /** Whether the app's public address is HTTPS, whatever this hop speaks. */
  get isPublicHttps(): boolean {
    return this.#httpsOrigin
  }

  /**
   * A proxy that the policy does not know makes every client look like one.
   * Said once, with the fix: a hop count or "trust all" would let clients choose their own address (CWE-348).
   */
  #lookForProxy(x: HttpExchange): void {
    const headers = x.req.headers
    if (headers['x-forwarded-for'] === undefined && headers.forwarded === undefined) return
    this.#forwardedSeen = true
    this.publish(
      {
        guard: 'proxies',
        risk: 'client-address-spoofing',
        reason: 'a request carries a forwarded address, but the policy does not say who may set one, so it was ignored',
        fix: `if a proxy of yours stands in front, name it: proxies: ['${x.connection.ip}/32'] or a preset; otherwise say proxies: 'none'`,
      },
      x,
    )
  }
}
