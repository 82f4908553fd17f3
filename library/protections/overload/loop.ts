import { performance } from 'node:perf_hooks'

/** The two clocks of a process that no change of the time of day moves. */
export interface LoopClock {
  /** Milliseconds. */
  now(): number
  /** Milliseconds in which the event loop had nothing to do. */
  idle(): number
}

export const CLOCK: LoopClock = {
  now: () => performance.now(),
  idle: () => performance.eventLoopUtilization().idle,
}

/** Which part of a look's time the loop has to be idle to have had a pause: waiting for what is there already takes a moment, too. */
const PAUSE = 0.05
/** Milliseconds between two looks at the least: in less, a moment would be taken for a pause. */
const SHORTEST = 20

/**
 * Tells how long the event loop has had no pause.
 *
 * How late its timers are says little: since connections are accepted one in each turn, turns stay short however many clients wait in front
 * of the door. But whoever keeps up has pauses.
 */
export class LoopWatch {
  /** Milliseconds between two looks. */
  static readonly period: number = 100
  readonly #clock: LoopClock
  #looked = 0
  #idle = 0
  #busySince = 0
  #worst = 0

  constructor(clock: LoopClock = CLOCK) {
    this.#clock = clock
    this.begin()
  }

  /** Forgets the time in which nobody looked. */
  begin(): void {
    this.#looked = this.#busySince = this.#clock.now()
    this.#idle = this.#clock.idle()
  }

  /** To be called by a timer. */
  turn(): void {
    const late = this.#clock.now() - this.#looked - LoopWatch.period
    if (late > this.#worst) this.#worst = late
    this.#look()
  }

  /** Whether there was no pause for so long. On the way of each request: one number is compared. */
  isBusyFor(ms: number): boolean {
    if (this.#clock.now() - this.#busySince <= ms) return false
    // The timer may have had no turn yet, or stand still as it does in tests that replace timers.
    if (this.#clock.now() - this.#looked >= SHORTEST) this.#look()
    return this.#clock.now() - this.#busySince > ms
  }

  /** The longest that the timer has been late since this was last asked, in milliseconds. */
  takeWorst(): number {
    const worst = this.#worst
    this.#worst = 0
    return worst
  }

  #look(): void {
    const now = this.#clock.now()
    const idle = this.#clock.idle()
    const rested = idle - this.#idle
    if (rested > 0 && rested >= Math.min(now - this.#looked, LoopWatch.period) * PAUSE) this.#busySince = now
    this.#looked = now
    this.#idle = idle
  }
}
