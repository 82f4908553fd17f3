import type { Setup } from '../../core/policy.ts'

/** Milliseconds without a refusal after which a burst is over. */
const QUIET = 10_000
/** While it goes on, one event for all refusals of this time. */
const EVERY = 60_000

/** Tells of refusals once when they begin, once a minute while they go on, and once when they are over: a flood must not fill the log. */
export class Burst {
  /** Since the process began. */
  refused = 0
  readonly #setup: Setup
  readonly #observe: boolean
  #since: number | undefined
  #toldAt = 0
  #untold = 0
  #last = 0
  #reason = ''

  constructor(setup: Setup, observe: boolean) {
    this.#setup = setup
    this.#observe = observe
  }

  /** @param now Milliseconds on a clock that only goes forward. */
  add(reason: string, fix: string, now: number): void {
    this.refused++
    this.#last = now
    this.#untold++
    this.#reason = reason
    if (this.#since !== undefined) return
    this.#since = this.#toldAt = now
    this.#untold = 0
    this.#setup.report({
      guard: 'overload',
      risk: 'overload',
      reason: `${reason}; refusals that follow are counted`,
      fix,
      outcome: this.#observe ? 'observed' : 'denied',
    })
  }

  /** To be called about once a second. */
  look(now: number): void {
    if (this.#since === undefined) return
    const isOver = now - this.#last > QUIET
    if (!isOver && now - this.#toldAt < EVERY) return
    const seconds = Math.max(1, Math.round((this.#last - this.#since) / 1000))
    const more = `${this.#untold} more ${this.#untold === 1 ? 'request' : 'requests'}`
    this.#setup.report({
      guard: 'overload',
      risk: 'overload',
      reason: isOver
        ? `${more} refused until it was over, after ${seconds} s`
        : `${more} refused, and it goes on: ${this.#reason}`,
      outcome: this.#observe ? 'observed' : 'denied',
    })
    this.#untold = 0
    this.#toldAt = now
    if (isOver) this.#since = undefined
  }
}
