import { setImmediate as onceTurned } from 'node:timers'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny } from '../../core/guard.ts'
import { Line } from './line.ts'
import { CLOCK, type LoopClock, LoopWatch } from './loop.ts'

/** Nobody reads it: the client has gone. It keeps the app from doing the work. */
export const GONE: Denial = deny('overload', 'the client has gone while it waited', 503, { quiet: true })

/** Milliseconds of work between two looks at who has come meanwhile. */
const SLICE = 10
/** Milliseconds that these looks may take even where the work took less. */
const LOOK = 2
/** Requests that wait at once, whatever they cost. */
const MOST = 10_000
/** How many may be under way at first, of those that waited. */
const FIRST = 4
/** Milliseconds after which one more may be, while there is time. */
const GROWTH = 5

type Ticket = (denial: Denial | undefined) => void

export interface GateOptions {
  /** Milliseconds without a pause after which requests have to wait for their turn. */
  readonly limit: number
  readonly refuse: () => Denial
  readonly clock?: LoopClock
}

/**
 * Lets requests in one after the other while the event loop has no pause; before that it costs them nothing.
 *
 * While a process is busy its queue is where nobody can see it: in the kernel, in front of the door. So once there was no pause for `limit`, all
 * who wait are let into a line of our own, which takes next to no time, and from there a few at once run between two looks at the door. Now it
 * is known how many there are and how long each one takes, and those who would wait longer than half of `limit` are refused at once.
 *
 * As the line is never empty before everybody was served, nothing of the process's power is lost; as it is never longer than that, nobody waits
 * longer; and as both are so all the time, nothing swings. A pause of any length by itself refuses nobody.
 */
export class Gate {
  readonly loop: LoopWatch
  readonly #options: GateOptions
  readonly #clock: LoopClock
  readonly #line: Line<Ticket> = new Line()
  #isNarrow = false
  #isRunning = false
  /** Somebody has come since the loop last turned. */
  #arrived = false
  /** Of those that waited: how many are under way, and how many may be. */
  #underWay = 0
  #window = FIRST
  #grewAt = 0
  /** How many were let in at the last step, and when. */
  #letIn = 0
  #letInAt = 0
  /** What the last turn with work took, and when it was over. */
  #worked = 0
  #workedUntil = 0
  /** Milliseconds that each request takes, all in all. */
  #pace = 0

  constructor(options: GateOptions) {
    this.#options = options
    this.#clock = options.clock ?? CLOCK
    this.loop = new LoopWatch(this.#clock)
  }

  /** Whether requests wait for their turn. */
  get isNarrow(): boolean {
    return this.#isNarrow
  }

  get waiting(): number {
    return this.#line.size
  }

  /** Somebody is at the door: a connection that has sent nothing yet. */
  noteArrival(): void {
    this.#arrived = true
  }

  /** To be called by a timer. */
  turn(): void {
    this.loop.turn()
    if (this.#isNarrow && !this.#isRunning && !this.loop.isBusyFor(LoopWatch.period * 2)) this.#isNarrow = false
  }

  /** Whether requests have to wait in the line. */
  isBusy(): boolean {
    if (!this.#isNarrow && this.loop.isBusyFor(this.#options.limit)) this.#isNarrow = true
    return this.#isNarrow
  }

  enter(x: Exchange): Awaitable<Denial | undefined> {
    this.#arrived = true
    const { client } = x.request
    const { limit, refuse } = this.#options
    if (this.#line.size >= MOST || this.#line.size * this.#pace > limit / 2) {
      const other = this.#line.makeRoom(client)
      if (other === undefined) return refuse()
      other(refuse())
    }
    return new Promise((resolve) => {
      const ticket: Ticket = (denial) => {
        if (denial === undefined) this.#underWay++
        isIn = denial === undefined
        resolve(denial)
      }
      let isIn = false
      this.#line.add(client, ticket)
      x.onClose(() => {
        if (isIn) this.#underWay--
        else if (this.#line.delete(client, ticket)) resolve(GONE)
      })
      this.#run()
    })
  }

  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#letIn = 0
    this.#letInAt = this.#workedUntil = this.#clock.now()
    this.#worked = 0
    onceTurned(this.#step)
  }

  /** Once in each turn of the loop, while somebody waits. */
  readonly #step = (): void => {
    const now = this.#clock.now()
    if (this.#letIn > 0) this.#learn(now)
    const hasTime = now - this.#workedUntil < Math.max(LOOK, this.#worked)
    if (this.#arrived && hasTime) {
      this.#arrived = false
      onceTurned(this.#step)
      return
    }
    this.#arrived = false
    this.#letSomeIn(now)
    if (this.#line.size === 0 && this.#letIn === 0) this.#isRunning = false
    else onceTurned(this.#step)
  }

  #letSomeIn(now: number): void {
    // At least one in each turn, whatever the others do: some never end, such as streams of events.
    const count = Math.max(1, this.#window - this.#underWay)
    if (this.#line.size > count && now - this.#grewAt > GROWTH && this.#worked < SLICE) {
      this.#window++
      this.#grewAt = now
    }
    this.#letIn = 0
    while (this.#letIn < count) {
      const next = this.#line.next()
      if (next === undefined) break
      next(undefined)
      this.#letIn++
    }
    if (this.#letIn > 0) this.#since = now
  }

  /** The loop has turned since some were let in: what they did meanwhile, and what others did that were let in before, is done. */
  #learn(now: number): void {
    this.#worked = now - this.#since
    this.#workedUntil = now
    const each = (now - this.#letInAt) / this.#letIn
    this.#letInAt = now
    this.#pace = this.#pace === 0 ? each : this.#pace * 0.8 + each * 0.2
    this.#letIn = 0
    if (this.#worked > Math.max(SLICE * 2, this.#pace * 3)) this.#window = Math.max(1, Math.floor(this.#window * 0.75))
  }

  /** When the last ones were let in. */
  #since = 0
}
