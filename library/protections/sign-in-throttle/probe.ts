import { type Answer, type Outcome, type Probe, type Route, type Target, type Trial, tryOut } from '../../core/probe.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'

const PASSWORD = /passw|pwd|passphrase|^pass$|kennwort|contrase/i
const NAME = /mail|name|login|user|ident|account|nick|handle/i
const REGISTERS =
  /regist|sign-?_?up|join|enrol|(?:new|create)-?_?(?:account|user|member)|(?:accounts?|users?|members?)\/?$/i
const MOST_DOORS = 2
/** More than a person mistypes, and more than an app needs to notice. */
const GUESSES = 15
const ACCOUNTS = 40
/** Of each, in turns: that all of one side are slower by chance happens once in three thousand times. */
const SAMPLES = 8
/** Milliseconds that a network does not blur. */
const TELLING = 10
const REMEDY = 'Check passwords inside req.security.trySignIn().'

interface Account {
  readonly name: string
  readonly password: string
}

/** A sign-in, with a way to make accounts that nobody will miss where the app has one. */
interface Door {
  readonly route: Route
  readonly target: Target
  readonly registration: Route | undefined
}

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

/** A wrong password for somebody who exists, and for somebody who does not. */
const userEnumeration: Probe = {
  name: 'sign-in-throttle/user-enumeration',
  risk: 'user-enumeration',
  title: 'The sign-in tells who has an account',
  kind: 'state',
  async *attack(target) {
    for (const door of doors(target)) {
      yield await trial(door, {
        attack: async (account) => {
          const stranger = nobody(target, door)
          const known: Answer[] = []
          const unknown: Answer[] = []
          const wrong = (name: string) => signIn(door, { name, password: `Wrong-${target.nonce()}` })
          for (let i = 0; i < SAMPLES; i++) {
            if (i % 2 === 0) known.push(await wrong(account.name))
            unknown.push(await wrong(stranger.name))
            if (i % 2 === 1) known.push(await wrong(account.name))
          }
          const [one, other] = [known[0], unknown[0]] as [Answer, Answer]
          const words = (answers: readonly Answer[], { name }: Account) =>
            new Set(answers.map((answer) => normal(answer, name)))
          const [told, untold] = [words(known, account), words(unknown, stranger)]
          // An answer that differs from itself tells nothing about anybody.
          const isSteady = told.size === 1 && untold.size === 1
          const tells = isSteady && [...told][0] !== [...untold][0]
          return { worked: tells || isApart(known, unknown), answer: tells ? other : one }
        },
        message:
          'A wrong password is answered differently, or after a different time, when there is no such account: whoever has a list of addresses learns who is here.',
        remedy:
          'Give one answer for both, and hash for unknown accounts as well: verifyPassword(undefined, password) takes as long.',
      })
    }
  },
}

export const probes: readonly Probe[] = [userEnumeration, oneAddressManyAccounts, guessingOneAccount, lockedOutOwner]

interface DoorTrial {
  readonly attack: (account: Account) => ReturnType<Trial['attack']>
  readonly message: string
  readonly remedy?: string
}

/** The control of all of these: right and wrong passwords make a difference, for an account that was just made. */
async function trial(door: Door, { attack, message, remedy = REMEDY }: DoorTrial): Promise<Outcome> {
  const { method, path } = door.route
  const account = await accountFor(door)
  return tryOut(
    {
      control: async () => {
        const right = await signIn(door, account)
        const wrong = await signIn(door, { ...account, password: `Wrong-${door.target.nonce()}` })
        return isEntered(right, wrong)
      },
      attack: () => attack(account),
      // Guesses are repetition enough, and good password hashes are slow.
      times: 1,
    },
    { method, path, message, remedy },
  )
}

function doors(target: Target): Door[] {
  const withPassword = target.routes.filter(({ method, body }) => method === 'POST' && fieldOf(body?.fields, PASSWORD))
  const registration = withPassword.find(
    (route) => route.signIn !== true && route.signedIn !== true && REGISTERS.test(route.path),
  )
  return withPassword
    .filter((route) => route.signIn === true && fieldOf(route.body?.fields, NAME) !== undefined)
    .slice(0, MOST_DOORS)
    .map((route) => ({ route, target, registration }))
}

async function accountFor({ target, registration, route }: Door): Promise<Account> {
  if (registration === undefined) {
    const fields = route.body?.fields ?? {}
    return { name: sampleOf(fields, NAME), password: sampleOf(fields, PASSWORD) }
  }
  const account = { name: target.nonce(), password: `Kw7-${target.nonce()}` }
  const answer = await post(target, registration, account, freshAddress())
  if (answer.status < 400 && answer.status > 0) await target.openLetter(toMail(account.name), account.password)
  // As the sign-in wants it, which may be the address.
  return { ...account, name: nameFor(route, account.name) }
}

function nobody(target: Target, { route }: Door): Account {
  return { name: nameFor(route, target.nonce()), password: `Wrong-${target.nonce()}` }
}

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

function signIn({ target, route }: Door, account: Account, from = freshAddress(), cookie = ''): Promise<Answer> {
  return post(target, route, account, from, cookie)
}

function post(target: Target, route: Route, { name, password }: Account, from: string, cookie = ''): Promise<Answer> {
  const { method, path, body } = route
  const fields: Record<string, string> = { ...body?.fields }
  for (const field of Object.keys(fields)) {
    if (PASSWORD.test(field)) fields[field] = password
    else if (NAME.test(field)) fields[field] = /mail/i.test(field) ? toMail(name) : name
  }
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin', ...(cookie !== '' && { cookie }) }
  const ask = { method, path, headers, from }
  return target.send(body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields })
}

/** One field may take either; an address is a name as well, but a name is no address. */
function nameFor({ body }: Route, name: string): string {
  const sample = sampleOf(body?.fields ?? {}, NAME)
  return sample.includes('@') || /mail/i.test(fieldOf(body?.fields, NAME) ?? '') ? toMail(name) : name
}

function toMail(name: string): string {
  return name.includes('@') ? name : `${name}@example.org`
}

function fieldOf(fields: Readonly<Record<string, string>> | undefined, pattern: RegExp): string | undefined {
  return Object.keys(fields ?? {}).find((name) => pattern.test(name))
}

function sampleOf(fields: Readonly<Record<string, string>>, pattern: RegExp): string {
  return fields[fieldOf(fields, pattern) ?? ''] ?? ''
}

/** By effect: the right password leads elsewhere, or to a cookie, or to a good status, and the wrong one does not. */
function isEntered(right: Answer, wrong: Answer): boolean {
  if (right.status === 0 || right.status >= 400) return false
  return !isLike(right, wrong)
}

/** What tells a sign-in that worked from one that did not. */
function isLike(a: Answer, b: Answer): boolean {
  return signature(a) === signature(b)
}

function signature(answer: Answer): string {
  const names = answer.all('set-cookie').map((line) => parseSetCookie(line).name)
  return `${answer.status} ${answer.headers['location'] ?? ''} ${names.sort().join()}`
}

/** Still the app's own answer to a wrong password. */
function isSame(first: Answer, answer: Answer): boolean {
  return first.status === answer.status && first.headers['location'] === answer.headers['location']
}

/** What a person would see, without what is new in each answer. */
function normal(answer: Answer, name: string): string {
  const text = answer.text
    .replaceAll(name, '')
    .replace(/nonce=(["'])[^"']*\1|value=(["'])[^"']*\2/g, '')
    .replace(/[\w+/=-]{16,}|\d+/g, '')
  return `${answer.status} ${answer.headers['location']?.replaceAll(name, '') ?? ''} ${text}`
}

/** The slowest of one side is quicker than the quickest of the other, and not by chance. The first of each warms up. */
function isApart(known: readonly Answer[], unknown: readonly Answer[]): boolean {
  const [a, b] = [times(known), times(unknown)]
  const [aMedian, bMedian] = [a[a.length >> 1] ?? 0, b[b.length >> 1] ?? 0]
  const apart = (a.at(-1) ?? 0) < (b[0] ?? 0) || (b.at(-1) ?? 0) < (a[0] ?? 0)
  return apart && Math.abs(aMedian - bMedian) > TELLING
}

function times(answers: readonly Answer[]): readonly number[] {
  return answers
    .slice(1)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
}

function cookiesOf(answer: Answer): string {
  return answer
    .all('set-cookie')
    .map((line) => parseSetCookie(line))
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${90 + Math.floor(Math.random() * 100)}.${part()}.${part()}`
}
