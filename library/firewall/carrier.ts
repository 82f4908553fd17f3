import { AsyncLocalStorage } from 'node:async_hooks'
import type { SinkExchange } from '../core/sink.ts'
import { together } from './together.ts'

/** More than are under way in one process at the moment of its first call to a sink. */
const RECENT = 256

/** Carries the exchange that code belongs to, from the moment on at which somebody wants to know. */
export class Carrier {
  readonly #storage: AsyncLocalStorage<SinkExchange | undefined> = new AsyncLocalStorage()
  /** Sinks that ask about every call, or have been asked about one. */
  #sinks = 0
  /** Sinks in place that nothing has asked yet. */
  #waiting = 0
  /** The exchanges that were opened last, for the first call that a sink is asked about. */
  readonly #recent: (SinkExchange | undefined)[] = []
  #opened = 0
  /** Those that were under way when carrying began: their code has nothing to carry. */
  #early: readonly SinkExchange[] = []

  get hasSinks(): boolean {
    return this.#sinks > 0 || this.#waiting > 0
  }

  start(): void {
    this.#sinks++
  }

  startWhenAsked(): void {
    this.#waiting++
  }

  enter(exchange: SinkExchange): void {
    if (this.#sinks > 0) this.#storage.enterWith(exchange)
    else if (this.#waiting > 0) this.#recent[this.#opened++ % RECENT] = exchange
  }

  current(): SinkExchange | undefined {
    if (this.#sinks > 0) return this.#storage.getStore() ?? (this.#early.length > 0 ? this.#earlier() : undefined)
    return this.#waiting > 0 && this.#opened > 0 ? this.#begin() : undefined
  }

  runIn<T>(exchange: SinkExchange | undefined, run: () => T): T {
    if (this.#sinks === 0 && exchange !== undefined) this.#sinks++
    return this.#storage.run(exchange, run)
  }

  #begin(): SinkExchange | undefined {
    const open = [...new Set(this.#recent)].filter((exchange) => exchange !== undefined).filter(isUnderWay)
    if (open.length === 0) return undefined
    this.#recent.length = 0
    this.#opened = 0
    this.#early = open
    this.#sinks++
    return this.#earlier()
  }

  #earlier(): SinkExchange | undefined {
    const open = this.#early.filter(isUnderWay)
    this.#early = open
    return open.length > 1 ? together(open) : open[0]
  }
}

function isUnderWay(exchange: SinkExchange): boolean {
  return exchange.isOver !== true
}
