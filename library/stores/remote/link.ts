import { BulwarkError } from '../../core/errors.ts'
import { parseDuration } from '../../toolbox/duration.ts'

export interface LinkOptions {
  /** How the app names this store, for errors: `redisStore(client)`. */
  readonly at: string
  /** What each command may take. @default '500ms' */
  readonly deadline?: string | number | undefined
  /** Whether the error is the server's own answer to this command, so that the server itself is well. */
  isAnswer(error: unknown): boolean
}

/** So many commands in a row without an answer, and the server counts as away. */
const PATIENCE = 5
/** Milliseconds for which a server that is away is asked nothing; then one command tries. */
const PAUSE = 1000

/**
 * The way to a server in another process: each command has a deadline, and a server that is away is left alone, so that its store fails at
 * once instead of keeping every request waiting, and everybody's queue filling. It closes again by itself, when a command gets through.
 *
 * **Security**: only silence opens it. An error that the server answers does not: somebody who finds one request that the database refuses
 * could otherwise shut the store for everybody.
 */
export class Link {
  readonly #at: string
  readonly #deadline: number
  readonly #isAnswer: (error: unknown) => boolean
  #silences = 0
  #retryAt = 0
  #isTrying = false
  #closed = false

  constructor({ at, deadline = '500ms', isAnswer }: LinkOptions) {
    const ms = parseDuration(deadline)
    if (ms === undefined || ms < 1 || ms > 2 ** 31 - 1) {
      throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no time to wait for an answer', {
        at: at.replace(/\)$/, ', { deadline })'),
        fix: "write it like '500ms' or '2s'",
      })
    }
    this.#at = at
    this.#deadline = ms
    this.#isAnswer = isAnswer
  }

  /** Runs one command. Rejects with `BulwarkError` `BULWARK_STORE_UNAVAILABLE` whenever it does not succeed, at the latest at the deadline. */
  async run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#unavailable('the store was closed', 'close it only when nothing uses it any more')
    const isTrial = this.#silences >= PATIENCE
    if (isTrial) {
      if (this.#isTrying || performance.now() < this.#retryAt) {
        throw this.#unavailable(
          `the server did not answer ${this.#silences} times in a row, and is asked again in a moment`,
          'see why the server is away; nothing has to be restarted when it is back',
        )
      }
      this.#isTrying = true
    }
    try {
      const answer = await within(this.#deadline, command)
      this.#silences = 0
      return answer
    } catch (error) {
      if (this.#isAnswer(error)) this.#silences = 0
      else {
        this.#silences++
        this.#retryAt = performance.now() + PAUSE
      }
      throw this.#failed(error)
    } finally {
      if (isTrial) this.#isTrying = false
    }
  }

  /** From now on every command is refused. The client stays as it is: it is the app's own. */
  close(): void {
    this.#closed = true
  }

  #failed(cause: unknown): BulwarkError {
    if (cause === LATE) {
      return this.#unavailable(
        `there was no answer within ${this.#deadline} ms`,
        'see whether the server runs, is near, and is not overloaded; the command may still have been carried out',
      )
    }
    const what = cause instanceof Error && cause.message !== '' ? cause.message : String(cause)
    return this.#unavailable(
      what,
      'see that the server runs, and that the client may connect and is allowed to do this',
      cause,
    )
  }

  #unavailable(what: string, fix: string, cause?: unknown): BulwarkError {
    return new BulwarkError('BULWARK_STORE_UNAVAILABLE', what, { at: this.#at, fix, cause })
  }
}

const LATE: unique symbol = Symbol('late')

function within<T>(ms: number, command: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const running = command()
    // After this process itself was busy for long, timers come first. The answer may be here already: it is read before `setImmediate`.
    const timer = setTimeout(() => setImmediate(reject, LATE), ms)
    running.then(
      (answer) => {
        clearTimeout(timer)
        resolve(answer)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
