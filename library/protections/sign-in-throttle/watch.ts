import { TwoGenerations } from '../../toolbox/two-generations.ts'

/** What a crowd of failed sign-ins looks like: lists of leaked passwords being tried, or one password on everybody. */
export type Pattern = 'stuffing' | 'spraying'

export interface Watch {
  /** Answers the pattern that this failure completes, once for each window of time and source. */
  failed(client: string, account: string): Pattern | undefined
  succeeded(): void
}

const WINDOW = 10 * 60_000
const MOST_CLIENTS = 5000
/** One address that fails at so many accounts is no family and hardly an office. */
const STUFFED = 10
const SPRAYED = { clients: 20, accounts: 50, triesEach: 3, failuresPerSuccess: 4 } as const
/** Enough to see the pattern. */
const MOST_SEEN = 500

interface Client {
  since: number
  readonly accounts: Set<string>
}

/** Looks at failures as a whole, in this process, in bounded memory. */
export function watch(now: () => number): Watch {
  const clients = new TwoGenerations<Client>(MOST_CLIENTS)
  let crowd = newCrowd(now())

  const isStuffing = (client: string, account: string): boolean => {
    let seen = clients.get(client)
    if (seen === undefined || now() - seen.since >= WINDOW) {
      seen = { since: now(), accounts: new Set() }
      clients.set(client, seen)
    }
    const { accounts } = seen
    return accounts.size < STUFFED && accounts.add(account).size === STUFFED
  }

  const isSpraying = (client: string, account: string): boolean => {
    const { failed, succeeded, clients: from, accounts, told } = crowd
    crowd.failed = failed + 1
    if (from.size < MOST_SEEN) from.add(client)
    if (accounts.size < MOST_SEEN) accounts.add(account)
    if (told || from.size < SPRAYED.clients || accounts.size < SPRAYED.accounts) return false
    // Where people sign in all day, some of them mistype; an attack fails nearly always, and a few times for each account.
    if (crowd.failed < SPRAYED.failuresPerSuccess * succeeded || crowd.failed > SPRAYED.triesEach * accounts.size)
      return false
    crowd.told = true
    return true
  }

  const turn = (): void => {
    if (now() - crowd.since >= WINDOW) crowd = newCrowd(now())
  }

  return {
    failed(client, account) {
      turn()
      const sprays = isSpraying(client, account)
      return isStuffing(client, account) ? 'stuffing' : sprays ? 'spraying' : undefined
    },
    succeeded() {
      turn()
      crowd.succeeded++
    },
  }
}

interface Crowd {
  readonly since: number
  readonly clients: Set<string>
  readonly accounts: Set<string>
  failed: number
  succeeded: number
  told: boolean
}

function newCrowd(since: number): Crowd {
  return { since, clients: new Set(), accounts: new Set(), failed: 0, succeeded: 0, told: false }
}
