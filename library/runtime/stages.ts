import type { Awaitable } from '../core/exchange.ts'
import type { Guard, Verdict } from '../core/guard.ts'
import type { ActiveGuard } from './policy.ts'

/** One stage of the policy as flat arrays: who speaks, and whether it only observes. */
export interface Stage {
  readonly guards: readonly Guard[]
  readonly observe: readonly boolean[]
}

/** The guards that have this stage, in the order of the policy. */
export function stageOf(all: readonly ActiveGuard[], method: keyof Guard): Stage {
  const active = all.filter(({ guard }) => guard[method] !== undefined)
  return { guards: active.map(({ guard }) => guard), observe: active.map(({ observe }) => observe) }
}

/** Of the guards that wait, those that need not. */
export interface Rest {
  readonly due: ReadonlySet<string>
  readonly stage: Stage
}

/** Finds who is to judge at once where a request can only come to a route with certain exemptions: the same for all requests to that route. */
export class Rests {
  readonly #stage: Stage
  readonly #known = new WeakMap<ReadonlySet<string>, WeakMap<ReadonlySet<string>, Rest>>()

  /** @param stage Those that judge what comes to no route. */
  constructor(stage: Stage) {
    this.#stage = stage
  }

  of(deferrals: ReadonlySet<string>, exemptions: ReadonlySet<string>): Rest {
    let known = this.#known.get(deferrals)
    if (known === undefined) this.#known.set(deferrals, (known = new WeakMap()))
    let rest = known.get(exemptions)
    if (rest === undefined) known.set(exemptions, (rest = this.#find(deferrals, exemptions)))
    return rest
  }

  #find(deferrals: ReadonlySet<string>, exemptions: ReadonlySet<string>): Rest {
    const due = new Set([...deferrals].filter((name) => !exemptions.has(name)))
    const { guards, observe } = this.#stage
    const isDue = (_: unknown, i: number): boolean => due.has(guards[i]?.name ?? '')
    return { due, stage: { guards: guards.filter(isDue), observe: observe.filter(isDue) } }
  }
}

export function isPending(verdict: Awaitable<Verdict>): verdict is PromiseLike<Verdict> {
  return typeof (verdict as PromiseLike<Verdict>).then === 'function'
}
