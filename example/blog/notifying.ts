import { type CallTarget, createCalls, type PublishedKeys } from 'bulwark'
import type { KeyRing } from 'bulwark/keys'
import type { Database } from '../shared/database.ts'
import { claimNotices, dropNotice, type Pending, postponeNotice } from '../shared/notices.ts'

/** The program that tells authors of comments, and where it is. */
export interface NotifyingOptions {
  readonly target: CallTarget
  readonly keys: string | KeyRing
}

/** Hands notices on, behind the backs of those who caused them. */
export interface Notifying {
  readonly keySet: () => PublishedKeys
  /** There is something new: do not wait for the next look. */
  wake(): void
  close(): Promise<void>
}

const AT_ONCE = 20
/** A call may take that long; nobody but the queue waits for it. */
const DEADLINE = 2000
/** Between two looks at what is due, and after a first failure; it doubles with each further one, up to the last. */
const [LOOK_EVERY, LEAST_PAUSE, LONGEST_PAUSE] = [500, 500, 4000]
/** Longer than a round of calls takes: whoever has not finished by then is dead. */
const CLAIM = 6000

/** Empties the table of notices into the other program: each arrives, however often that program or this one goes away meanwhile. */
export function startNotifying(db: Database, { target, keys }: NotifyingOptions): Notifying {
  const calls = createCalls({ self: 'blog', keys, targets: { notify: target } })
  let running: Promise<void> | undefined
  let isWanted = false
  let isOver = false

  const deliver = async ({ number, recipient, sender, text, tries }: Pending): Promise<void> => {
    const isTaken = await calls
      .callService('notify', {
        path: '/notices',
        json: { number, to: recipient, text },
        onBehalfOf: sender,
        timeout: DEADLINE,
      })
      // Why it did not work is the same to us: there was no answer that says that it was taken.
      .then(({ status }) => status === 201 || status === 422)
      .catch(() => false)
    if (isTaken) await dropNotice(db, number)
    else
      await postponeNotice(db, number, Date.now() + Math.min(LONGEST_PAUSE, LEAST_PAUSE * 2 ** Math.min(tries - 1, 10)))
  }
  const round = async (): Promise<void> => {
    do {
      isWanted = false
      const due = await claimNotices(db, AT_ONCE, Date.now() + CLAIM)
      await Promise.all(due.map(deliver))
      if (due.length === AT_ONCE) isWanted = true
    } while (isWanted && !isOver)
  }
  const wake = (): void => {
    isWanted = true
    if (isOver || running !== undefined) return
    running = round()
      .catch((error: unknown) => process.emitWarning(`Notices wait: ${error instanceof Error ? error.message : error}`))
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(wake, LOOK_EVERY)
  timer.unref()
  return {
    keySet: () => calls.keySet(),
    wake,
    async close() {
      isOver = true
      clearInterval(timer)
      await running
    },
  }
}
