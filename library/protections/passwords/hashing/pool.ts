import * as crypto from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { findArgon2, findBcrypt, type Packages } from './packages.ts'
import { busy, unavailable } from './refusals.ts'
import { type Derived, type Job, PROGRAM, type WorkerData } from './worker.ts'

export interface PoolOptions {
  /** Derivations at once, each in a thread of its own. */
  readonly workers: number
  /** How many may wait for a thread. */
  readonly waiting: number
  /** Milliseconds that one may wait. */
  readonly deadline: number
}

interface Waiting {
  readonly job: Job
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

type Running = Pick<Waiting, 'resolve' | 'reject'>

/** One core stays free for everything else that the app does. */
export const DEFAULT_WORKERS: number = Math.max(1, Math.min(8, availableParallelism() - 1))

const pools = new Map<string, Pool>()
let packages: Packages | undefined

/** The pool with these limits: one per process, however many ask for it, since they share its cores. */
export function poolOf(options: PoolOptions): Pool {
  const key = `${options.workers} ${options.waiting} ${options.deadline}`
  let pool = pools.get(key)
  if (pool === undefined) pools.set(key, (pool = new Pool(options)))
  return pool
}

/** `old argon2` is version 16 of the algorithm. */
export type Need = 'argon2' | 'old argon2' | 'bcrypt'

/** Whether this machine has what such a hash needs. Node's own argon2 came with 24.7, and knows version 19 only. */
export function can(need: Need): boolean {
  if (need === 'bcrypt') return installed().bcrypt !== undefined
  return installed().argon2 !== undefined || (need === 'argon2' && 'argon2Sync' in crypto)
}

/** The optional packages, looked for once, when the first password is hashed. */
function installed(): Packages {
  return (packages ??= { argon2: findArgon2(), bcrypt: findBcrypt() })
}

/**
 * Derives keys in worker threads, a bounded number at once, and lets a bounded number wait for a bounded time.
 *
 * Not on the thread pool that Node itself uses: there, file and DNS lookups would wait behind every sign-in.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: Worker[] = []
  readonly #running = new Map<Worker, Running>()
  readonly #waiting: Waiting[] = []

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** @throws BulwarkError `BULWARK_HASHING_BUSY`, `BULWARK_HASHING_UNAVAILABLE` */
  derive(job: Job): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#running.size < this.#options.workers) {
        this.#start(job, { resolve, reject })
        return
      }
      if (this.#waiting.length >= this.#options.waiting) {
        reject(busy(this.#retryAfter()))
        return
      }
      const entry: Waiting = {
        job,
        resolve,
        reject,
        timer: setTimeout(() => this.#giveUp(entry), this.#options.deadline),
      }
      this.#waiting.push(entry)
    })
  }

  #start(job: Job, running: Running): void {
    let worker: Worker
    try {
      worker = this.#idle.pop() ?? this.#open()
    } catch (cause) {
      running.reject(unavailable('the threads that hash passwords cannot be started', 'allow worker threads', cause))
      return
    }
    this.#running.set(worker, running)
    // A process may end while its threads idle, but not while somebody waits for one.
    worker.ref()
    worker.postMessage(job)
  }

  #open(): Worker {
    const workerData: WorkerData = installed()
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData, name: 'bulwark-passwords' })
    worker.on('message', (derived: Derived) => {
      worker.unref()
      this.#idle.push(worker)
      this.#end(worker, derived)
    })
    worker.on('error', (cause) => {
      this.#end(worker, { problem: cause instanceof Error ? cause.message : String(cause) })
    })
    worker.on('exit', () => {
      const at = this.#idle.indexOf(worker)
      if (at !== -1) this.#idle.splice(at, 1)
      this.#end(worker, { problem: 'the thread ended' })
    })
    return worker
  }

  /** Settles what the thread was at, if anything, and lets the next one begin. */
  #end(worker: Worker, derived: Derived): void {
    const running = this.#running.get(worker)
    if (running === undefined) return
    this.#running.delete(worker)
    if ('bytes' in derived) running.resolve(derived.bytes)
    else {
      running.reject(
        unavailable(`the password could not be hashed: ${derived.problem}`, 'give the process enough memory'),
      )
    }
    const next = this.#waiting.shift()
    if (next === undefined) return
    clearTimeout(next.timer)
    this.#start(next.job, next)
  }

  #giveUp(entry: Waiting): void {
    const at = this.#waiting.indexOf(entry)
    if (at === -1) return
    this.#waiting.splice(at, 1)
    entry.reject(busy(this.#retryAfter()))
  }

  /** Clients that were refused together must not all come back together. */
  #retryAfter(): number {
    return 1 + Math.floor(Math.random() * 4)
  }
}
