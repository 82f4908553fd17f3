import type { Answer, Probe } from '../../core/probe.ts'
import {
  type Account,
  cookiesOf,
  type Door,
  doors,
  freshAddress,
  isEntered,
  isLike,
  isSame,
  nobody,
  signIn,
  trial,
} from './probe-doors.ts'
import { enumerationProbes } from './probe-enumeration.ts'

/** More than a person mistypes, and more than an app needs to notice. */
const GUESSES = 15
const ACCOUNTS = 40

/** Many addresses guess the password of one account. */
const guessingOneAccount: Probe = {
  name: 'sign-in-throttle/guessing-one-account',
  risk: 'password-guessing',
  title: 'Many addresses may guess the password of one account for ever',
  kind: 'last',
  async *attack(target) {
    for (const door of doors(target)) {
      // An account that never was is guessed first: where that is refused, no real one has to suffer.
      const madeUp = nobody(target, door)
      yield await trial(door, {
        attack: async (account) => {
          if (door.registration === undefined) {
            const { refused, last } = await guess(door, madeUp)
            if (refused) return { worked: false, answer: last }
          }
          const { refused, last } = await guess(door, account)
          if (refused) return { worked: false, answer: last }
          const answer = await signIn(door, account)
          return { worked: isEntered(answer, last), answer }
        },
        message: `${GUESSES} addresses guessed one password each for the same account, all were tried, and the right one still opens it.`,
      })
    }
  },
}

/** One address tries a list of accounts, one password each. */
const oneAddressManyAccounts: Probe = {
  name: 'sign-in-throttle/one-address-many-accounts',
  risk: 'credential-stuffing',
  title: 'One address may try as many accounts as it likes',
  kind: 'last',
  async *attack(target) {
    for (const door of doors(target)) {
      yield await trial(door, {
        attack: async (account) => {
          const from = freshAddress()
          const first = await signIn(door, nobody(target, door), from)
          for (let i = 1; i < ACCOUNTS; i++) {
            const answer = await signIn(door, nobody(target, door), from)
            if (!isSame(first, answer)) return { worked: false, answer }
          }
          const answer = await signIn(door, account, from)
          return { worked: isEntered(answer, first), answer }
        },
        message: `One address failed at ${ACCOUNTS} accounts in a row, and the next one that it has the password of still opens.`,
      })
    }
  },
}

/** Strangers fail on purpose until the account is locked; then its owner comes, from the browser that was here before. */
const lockedOutOwner: Probe = {
  name: 'sign-in-throttle/locked-out-owner',
  risk: 'account-lockout',
  title: 'Strangers can lock somebody out of the own account',
  kind: 'last',
  async *attack(target) {
    for (const door of doors(target)) {
      // Only accounts made for this are worth locking.
      if (door.registration === undefined) continue
      yield await trial(door, {
        attack: async (account) => {
          const before = await signIn(door, account)
          const { last } = await guess(door, account)
          const answer = await signIn(door, account, freshAddress(), cookiesOf(before))
          return { worked: !isLike(answer, before), answer: isLike(answer, before) ? last : answer }
        },
        message: `After ${GUESSES} wrong passwords from other addresses the owner cannot sign in either, with the cookies of an earlier sign-in and the right password.`,
      })
    }
  },
}

export const probes: readonly Probe[] = [
  ...enumerationProbes,
  oneAddressManyAccounts,
  guessingOneAccount,
  lockedOutOwner,
]

async function guess(door: Door, account: Account): Promise<{ readonly refused: boolean; readonly last: Answer }> {
  const wrong = () => signIn(door, { ...account, password: `Wrong-${door.target.nonce()}` })
  const first = await wrong()
  let last = first
  let refused = false
  // It goes on after the first refusal: an account is locked by whoever does not stop.
  for (let i = 1; i < GUESSES; i++) {
    last = await wrong()
    refused ||= !isSame(first, last)
  }
  return { refused, last }
}
