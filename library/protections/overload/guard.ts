import { performance } from 'node:perf_hooks'
import type { Contract, KnownRoute } from '../../core/contract.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { Burst } from './burst.ts'
import { Gate } from './gate.ts'
import { HeapWatch } from './heap.ts'
import type { Load } from './load.ts'
import { LoopWatch } from './loop.ts'
import { type Crowd, checkDelay, checkHeap, checkPaths, checkRoute, toLimits } from './options.ts'
import { Places } from './places.ts'
import { Serving } from './serving.ts'

export type { Load } from './load.ts'
export type { Crowd } from './options.ts'

export interface OverloadOptions extends CommonOptions {
  /**
   * How long requests may hold the event loop before those behind them are refused. Whoever is refused has waited that long already.
   *
   * Two seconds are far more than a slow machine needs for all that a browser asks for at once, and less than what people wait for.
   * @default '2s'
   */
  readonly delay?: string | number | Off
  /**
   * Which part of the heap may be in use right after garbage was collected, from 0 to 1. A process of which more is left is about to die.
   * @default 0.9
   */
  readonly heap?: number | Off
  /**
   * How many requests of the whole app may be under way at once; only the app knows what its database bears.
   * @default any number
   */
  readonly atOnce?: number | Crowd
  /**
   * Paths that are always served, as they are sent, such as `['/health']`; `'/ops/*'` is all below it. Routes can say so themselves, except
   * under plain `node:http`, where no route is known beforehand.
   *
   * **Security**: whoever floods these is not stopped here. They should cost next to nothing.
   * @default []
   */
  readonly serve?: readonly string[]
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * `'serve'`: the route is served also while others are refused, as health checks and the way to sign in for those on duty should be.
     * `{ atOnce: 4 }`: so many requests to this route at once, a few more wait for a second, and the rest is refused with 503.
     *
     * **Security**: a route that is always served should cost next to nothing.
     */
    readonly overload?: 'serve' | Crowd
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /** What this process has to bear right now, for health checks and metrics. */
    readonly load: Load
  }
}

const FIX =
  'if honest people come that often, add processes; else find what takes so long, and give it overload: { atOnce }'
/** Clients that were refused together should not come back together. */
const AFTER = ['1', '2', '3', '4'] as const
/** Firings of the timer without a look at the connections, after which no server is up any more. */
const ABANDONED = 30_000

/**
 * Refuses new requests while the process cannot keep up, so that those under way are finished and it recovers by itself: with 503 and
 * `Retry-After`, before anything else is done for them.
 *
 * It cannot keep up when requests hold the event loop longer than `delay`, when the heap is nearly full after garbage was collected, or when
 * more requests are under way than were allowed. One long pause is none of these.
 *
 * **Security**: denial of service by work that costs the client less than the server (CWE-400, CWE-770); ASVS 13.1.2, 15.1.3, 15.2.2.
 * @throws BulwarkError `BULWARK_DURATION_INVALID`, `BULWARK_LIMIT_INVALID`, `BULWARK_POLICY_INVALID`
 */
export function overload(options: OverloadOptions, setup: Setup): Guard {
  const observe = (options.mode ?? setup.mode) === 'observe'
  const heap = isOff(options.heap) ? undefined : new HeapWatch(checkHeap(options.heap ?? 0.9))
  const serving = new Serving(checkPaths(options.serve ?? []))
  const burst = new Burst(setup, observe)
  const refusals = (reason: string): (() => Denial) => {
    const denials = AFTER.map((after) =>
      deny('overload', reason, 503, { headers: { 'Retry-After': after }, quiet: true }),
    )
    let next = 0
    return () => {
      burst.add(reason, FIX, performance.now())
      next = (next + 1) % denials.length
      return denials[next] as Denial
    }
  }
  const lateRefusal = refusals('requests wait too long before the app gets to see them')
  const fullRefusal = refusals('the heap is nearly full, also after garbage was collected')
  const crowdRefusal = refusals('as many requests are under way as may be at once')
  const gate = isOff(options.delay)
    ? undefined
    : new Gate({ limit: checkDelay(options.delay ?? '2s'), refuse: lateRefusal })
  const whole = options.atOnce === undefined ? undefined : placesOf(options.atOnce, 'policy.overload.atOnce')
  const byContract = new WeakMap<Contract, Places>()
  /** Those that may turn out to be always served: their routes know. */
  const undecided = new WeakSet<Exchange>()
  let timer: NodeJS.Timeout | undefined
  let firings = 0
  let utilisation = performance.eventLoopUtilization()
  let seen = { delay: 0, utilisation: 0 }

  function placesOf(crowd: number | Crowd, at: string): Places {
    return new Places(toLimits(crowd, at), crowdRefusal)
  }

  const watch = (): void => {
    firings = 0
    if (gate === undefined || timer !== undefined) return
    gate.loop.begin()
    timer = setInterval(() => {
      gate.turn()
      // Servers do not say that they have closed; a policy must not keep a timer for ever.
      if (++firings * LoopWatch.period < ABANDONED) return
      clearInterval(timer)
      timer = undefined
      heap?.stop()
    }, LoopWatch.period)
    timer.unref()
  }

  /** Lets a request in, makes it wait for its turn, or refuses it. */
  const judge = (x: Exchange): Awaitable<Denial | undefined> => {
    if (heap?.isFull() === true) return fullRefusal()
    if (gate === undefined || !gate.isBusy()) return undefined
    // Nobody waits where the policy only looks on; then this is all that can be told.
    return observe ? lateRefusal() : gate.enter(x)
  }

  /** The same, and then counts it among all that are under way. */
  const admit = (x: Exchange): Awaitable<Denial | undefined> => {
    const denial = judge(x)
    if (whole === undefined) return denial
    if (denial === undefined) return whole.enter(x, observe)
    return 'then' in denial ? denial.then((settled) => settled ?? whole.enter(x, observe)) : denial
  }

  const placesFor = (contract: Contract, route: KnownRoute | undefined): Places | undefined => {
    const { overload: declared } = contract
    let places = byContract.get(contract)
    if (places !== undefined || declared === undefined || declared === 'serve') return places
    const at = `the overload of ${route ? `${route.method} ${route.path}` : 'a route'}`
    checkRoute(declared, at)
    places = placesOf(declared, at)
    byContract.set(contract, places)
    return places
  }

  return {
    name: 'overload',
    phase: 'flood',
    onServer: watch,
    onRoutes(routes) {
      for (const { contract, path, ...route } of routes) {
        if (contract?.overload === undefined) continue
        checkRoute(contract.overload, `the overload of ${route.method} ${path}`)
        if (contract.overload === 'serve') for (const one of path.split(' | ')) serving.add(one)
      }
    },
    onTick() {
      watch()
      heap?.look()
      burst.look(performance.now())
      const now = performance.eventLoopUtilization()
      seen = {
        delay: gate?.loop.takeWorst() ?? 0,
        utilisation: performance.eventLoopUtilization(now, utilisation).utilization,
      }
      utilisation = now
    },
    onConnection() {
      gate?.noteArrival()
      return undefined
    },
    onRequest(x) {
      const { path } = x.request
      if (serving.is(path)) return undefined
      if (serving.mayBe(path)) {
        if (whole !== undefined || heap?.isFull() === true || gate?.isBusy() === true) undecided.add(x)
        return undefined
      }
      return admit(x)
    },
    onRoute(x) {
      const { contract } = x
      const declared = contract?.overload
      if (declared === 'serve') return undefined
      // Behind a contract for many paths there may yet be a route that is always served.
      const late = x.decided && undecided.delete(x) ? admit(x) : undefined
      if (declared === undefined || contract === undefined) return late
      const enter = (): Awaitable<Denial | undefined> => placesFor(contract, x.route)?.enter(x, observe)
      if (late === undefined) return enter()
      return 'then' in late ? late.then((settled) => settled ?? enter()) : late
    },
    onUnrouted: (x) => (undecided.delete(x) ? admit(x) : undefined),
    offers: {
      load: (): Load => ({
        ...seen,
        heap: heap?.used ?? 0,
        underWay: whole?.underWay,
        waiting: whole?.waiting,
        refusing: gate?.isNarrow === true || heap?.isFull() === true,
        refused: burst.refused,
      }),
    },
  }
}
