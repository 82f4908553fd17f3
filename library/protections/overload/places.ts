import type { Awaitable, Exchange } from '../../core/exchange.ts'
import type { Denial } from '../../core/guard.ts'
import { GONE } from './gate.ts'

export interface PlaceLimits {
  /** Requests under way at once. */
  readonly atOnce: number
  /** Requests that wait for a place. */
  readonly queue: number
  /** Milliseconds that each of them waits. */
  readonly wait: number
}

type Ticket = (denial: Denial | undefined) => void

/** So many requests at once, and a short queue in front of them. A place is given back when the answer has ended or the client has gone. */
export class Places {
  underWay = 0
  readonly #limits: PlaceLimits
  readonly #refuse: () => Denial
  /** In the order in which they came: a Set keeps it, and lets go of one in the middle. */
  readonly #waiting: Set<Ticket> = new Set()

  constructor(limits: PlaceLimits, refuse: () => Denial) {
    this.#limits = limits
    this.#refuse = refuse
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** @param observe Nobody is made to wait, and whoever would have been refused gets in. */
  enter(x: Exchange, observe: boolean): Awaitable<Denial | undefined> {
    const { atOnce, queue } = this.#limits
    if (this.underWay < atOnce) {
      this.#take(x)
      return undefined
    }
    if (observe) {
      this.#take(x)
      return this.underWay > atOnce + queue ? this.#refuse() : undefined
    }
    return this.#waiting.size < queue ? this.#wait(x) : this.#refuse()
  }

  #take(x: Exchange): void {
    this.underWay++
    x.onClose(this.#leave)
  }

  readonly #leave = (): void => {
    this.underWay--
    const [next] = this.#waiting
    if (next !== undefined && this.underWay < this.#limits.atOnce) next(undefined)
  }

  #wait(x: Exchange): Promise<Denial | undefined> {
    return new Promise((resolve) => {
      const ticket: Ticket = (denial) => {
        if (!this.#waiting.delete(ticket)) return
        clearTimeout(timer)
        if (denial === undefined) this.#take(x)
        resolve(denial)
      }
      const timer = setTimeout(() => ticket(this.#refuse()), this.#limits.wait)
      this.#waiting.add(ticket)
      // Whoever has gone holds no place in the queue either.
      x.onClose(() => ticket(GONE))
    })
  }
}
