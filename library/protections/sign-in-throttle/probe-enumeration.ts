import type { Answer, Outcome, Probe, Route, Target } from '../../core/probe.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'
import { parseUrl } from '../../toolbox/url.ts'
import {
  type Account,
  accountFor,
  asksFor,
  cookiesOf,
  type Door,
  doors,
  isEntered,
  isSame,
  nobody,
  post,
  signIn,
  toMail,
  trial,
} from './probe-doors.ts'
import { type Comparison, compareTimes } from './probe-timing.ts'

/** Of each, in turns: an account that is limited fairly takes ten. */
const SAMPLES = 8
/** With new accounts each, where there is a registration. */
const MOST_ROUNDS = 4
const RESETS = /(?:forgot|reset|recover|lost|remind)[\w-]*(?:\/[\w-]+)?\/?$/i
const ONE_ANSWER = 'Give one answer for both, such as "The name or the password is wrong."'

/** A wrong password for somebody who exists, and for somebody who does not. */
const byAnswer: Probe = {
  name: 'sign-in-throttle/user-enumeration',
  risk: 'user-enumeration',
  title: 'The sign-in tells who has an account',
  kind: 'state',
  async *attack(target) {
    for (const door of doors(target)) {
      yield await trial(door, {
        attack: async (account) => {
          const stranger = nobody(target, door)
          const wrong = (name: string) => async () => ({
            ...(await arriving(target, await signIn(door, { name, password: `Wrong-${target.nonce()}` }))),
            words: [name],
          })
          return isTold(wrong(account.name), wrong(stranger.name))
        },
        message:
          'A wrong password is answered differently when there is no such account: whoever has a list of addresses learns who is here.',
        remedy: ONE_ANSWER,
      })
    }
  },
}

/** Somebody registers with an address that has an account already. Where people sign in by a name, names are public anyway. */
const byRegistration: Probe = {
  name: 'sign-in-throttle/registration-enumeration',
  risk: 'user-enumeration',
  title: 'The registration tells which addresses have an account',
  kind: 'state',
  async *attack(target) {
    const [door] = doors(target)
    const registration = door?.registration
    if (door === undefined || registration === undefined) return
    if (!asksFor(registration).mail || !asksFor(door.route).mail) return
    const outcome = await trial(door, {
      attack: (account) => {
        const register = (mailOf: () => string) => async () => {
          const [name, mail] = [target.nonce(), mailOf()]
          const answer = await post(target, registration, { name, mail, password: `Kw7-${target.nonce()}` })
          return { answer, words: [mail, name] }
        }
        return isTold(
          register(() => toMail(account.name)),
          register(() => toMail(target.nonce())),
        )
      },
      message:
        'Registering with an address that has an account is answered differently: whoever has a list of addresses learns who is here.',
      remedy: 'Answer as for a new address, and let a mail to the address say the rest.',
    })
    yield { ...outcome, method: registration.method, path: registration.path }
  },
}

/** Somebody has forgotten the password of an account that exists, and of one that does not. */
const byReset: Probe = {
  name: 'sign-in-throttle/reset-enumeration',
  risk: 'user-enumeration',
  title: 'The form for a forgotten password tells which addresses have an account',
  kind: 'state',
  async *attack(target) {
    const [door] = doors(target)
    const reset = resetOf(target)
    if (door === undefined || reset === undefined) return
    // Without an address that is known to be known there is nothing to compare with.
    if (door.registration === undefined && !(await accountFor(door)).name.includes('@')) return
    const outcome = await trial(door, {
      attack: (account) => {
        const ask = (mail: string) => async () => ({
          answer: await post(target, reset, { name: mail, mail, password: '' }),
          words: [mail],
        })
        return isTold(ask(toMail(account.name)), ask(toMail(target.nonce())))
      },
      message:
        'Asking for a new password is answered differently when there is no such account: whoever has a list of addresses learns who is here.',
      remedy: 'Give one answer for both, such as "If there is such an account, a mail is on its way."',
    })
    yield { ...outcome, method: reset.method, path: reset.path }
  },
}

/** Nobody hashes anything for an account that is not there, unless somebody thought of it. */
const byTime: Probe = {
  name: 'sign-in-throttle/user-enumeration-by-time',
  risk: 'user-enumeration',
  title: 'The time of a sign-in tells who has an account',
  kind: 'state',
  async *attack(target) {
    for (const door of doors(target).slice(0, 1)) yield await compare(target, door)
  },
}

export const enumerationProbes: readonly Probe[] = [byAnswer, byTime, byRegistration, byReset]

interface Tried {
  readonly answer: Answer
  /** Where the answer leads. */
  readonly page?: Answer
  /** What was typed, and may come back. */
  readonly words: readonly string[]
}

/** Each side is asked twice, in turns: an answer that differs from itself tells nothing about anybody. */
async function isTold(
  known: () => Promise<Tried>,
  unknown: () => Promise<Tried>,
): Promise<{ worked: boolean; answer: Answer }> {
  const tried = [await known(), await unknown(), await unknown(), await known()]
  const [one, other, second, again] = tried.map(
    ({ answer, page, words }) => seen(answer, words) + (page ? seen(page, words) : ''),
  )
  return { worked: one === again && other === second && one !== other, answer: tried[0]!.answer }
}

/** A refusal often leads back to the form, which then says why. */
async function arriving(target: Target, answer: Answer): Promise<Pick<Tried, 'answer' | 'page'>> {
  const { location } = answer.headers
  const to = location === undefined ? undefined : parseUrl(location, target.origin + answer.ask.path)
  if (to === undefined || to.origin !== target.origin || answer.status < 300 || answer.status >= 400) return { answer }
  const cookie = cookiesOf(answer)
  const page = await target.send({ path: to.pathname + to.search, ...(cookie !== '' && { headers: { cookie } }) })
  return { answer, page }
}

/** What a person would see, without what is new in each answer. */
function seen(answer: Answer, words: readonly string[]): string {
  const { status, headers, text } = answer
  const without = (part: string): string => words.reduce((rest, word) => rest.replaceAll(word, ''), part)
  const page = without(text)
    .replace(/nonce=(["'])[^"']*\1|value=(["'])[^"']*\2/g, '')
    .replace(/[\w+/=-]{16,}|\d+/g, '')
  const cookies = answer.all('set-cookie').map((line) => parseSetCookie(line).name)
  return `${status} ${without(headers['location'] ?? '')} ${cookies.sort().join()} ${page}`
}

function resetOf(target: Target): Route | undefined {
  return target.routes.find((route) => {
    const { mail, password } = asksFor(route)
    return route.method === 'POST' && RESETS.test(route.path) && mail && !password
  })
}

/** Not by `tryOut`: the repetition is in the samples, and noise is neither a proof nor a pass. */
async function compare(target: Target, door: Door): Promise<Outcome> {
  const { method, path } = door.route
  const place = {
    method,
    path,
    remedy: 'Hash for unknown accounts as well: verifyPassword(undefined, password) takes as long.',
  }
  const first = await accountFor(door)
  const right = await signIn(door, first)
  const wrong = await signIn(door, { ...first, password: `Wrong-${target.nonce()}` })
  if (!isEntered(right, wrong)) {
    return { ...place, verdict: 'inconclusive', message: 'Signing in with the right password did not work.' }
  }
  const known: number[] = []
  const unknown: number[] = []
  let said: Comparison = 'unclear'
  let account = first
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (round > 0) account = await accountFor(door)
    const isWhole = await sample(target, door, account, { known, unknown })
    said = compareTimes(known, unknown)
    if (said === 'alike' || !isWhole || door.registration === undefined) break
    // What one account shows by chance, a second one does not.
    if (said === 'apart' && round > 0) break
  }
  const answer = wrong
  if (said === 'apart') {
    const message =
      'A wrong password takes another time when there is no such account: whoever has a list of addresses learns who is here.'
    return { ...place, verdict: 'proven', message, answer, repeats: known.length }
  }
  if (said === 'alike') return { ...place, verdict: 'disproven', message: 'Both take the same time.', answer }
  return {
    ...place,
    verdict: 'inconclusive',
    message: 'The times vary too much to say whether they tell anything.',
    answer,
  }
}

/** Adds the times of wrong passwords for both; answers whether none was refused by a limit, which is quicker than any check. */
async function sample(target: Target, door: Door, account: Account, times: Times): Promise<boolean> {
  const sides = [
    { name: account.name, times: times.known, first: undefined as Answer | undefined },
    { name: nobody(target, door).name, times: times.unknown, first: undefined as Answer | undefined },
  ]
  for (let i = 0; i < SAMPLES; i++) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) {
      const answer = await signIn(door, { name: side.name, password: `Wrong-${target.nonce()}` })
      side.first ??= answer
      // A limit or a lock shows in the status or the way; what else the page says is for the other attack.
      if (answer.status === 0 || answer.status === 429 || !isSame(side.first, answer)) return false
      // The first of each warms up.
      if (i > 0) side.times.push(answer.ms)
    }
  }
  return true
}

interface Times {
  readonly known: number[]
  readonly unknown: number[]
}
