import { type Answer, type Outcome, type Route, type Target, type Trial, tryOut } from '../../core/probe.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'

const PASSWORD = /passw|pwd|pass-?_?(?:phrase|code|key)|^pass$|^secret$|^pin$|kennwort|contrase/i
const NAME = /mail|name|login|user|ident|account|nick|handle/i
const MAIL = /mail/i
const REGISTERS =
  /regist|sign-?_?up|join|enrol|(?:new|create)-?_?(?:account|user|member)|(?:accounts?|users?|members?)\/?$/i
const MOST_DOORS = 2
const REMEDY = 'Check passwords inside req.security.trySignIn().'

export interface Account {
  readonly name: string
  readonly password: string
  /** @default made of the name */
  readonly mail?: string
}

/** A sign-in, with a way to make accounts that nobody will miss where the app has one. */
export interface Door {
  readonly route: Route
  readonly target: Target
  readonly registration: Route | undefined
}

export interface DoorTrial {
  readonly attack: (account: Account) => ReturnType<Trial['attack']>
  readonly message: string
  readonly remedy?: string
}

/** The control of all of these: right and wrong passwords make a difference, for an account that was just made. */
export async function trial(door: Door, { attack, message, remedy = REMEDY }: DoorTrial): Promise<Outcome> {
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

export function doors(target: Target): Door[] {
  const withPassword = target.routes.filter(({ method, body }) => method === 'POST' && fieldOf(body?.fields, PASSWORD))
  const registration = withPassword.find(
    (route) => route.signIn !== true && route.signedIn !== true && REGISTERS.test(route.path),
  )
  return withPassword
    .filter((route) => route.signIn === true && fieldOf(route.body?.fields, NAME) !== undefined)
    .slice(0, MOST_DOORS)
    .map((route) => ({ route, target, registration }))
}

export async function accountFor({ target, registration, route }: Door): Promise<Account> {
  if (registration === undefined) {
    const fields = route.body?.fields ?? {}
    return { name: sampleOf(fields, NAME), password: sampleOf(fields, PASSWORD) }
  }
  const account = { name: target.nonce(), password: `Kw7-${target.nonce()}` }
  const answer = await post(target, registration, account)
  if (answer.status < 400 && answer.status > 0) await target.openLetter(toMail(account.name), account.password)
  // As the sign-in wants it, which may be the address.
  return { ...account, name: nameFor(route, account.name) }
}

export function nobody(target: Target, { route }: Door): Account {
  return { name: nameFor(route, target.nonce()), password: `Wrong-${target.nonce()}` }
}

export function signIn(
  { target, route }: Door,
  account: Account,
  from: string = freshAddress(),
  cookie: string = '',
): Promise<Answer> {
  return post(target, route, account, from, cookie)
}

export function post(
  target: Target,
  route: Route,
  account: Account,
  from: string = freshAddress(),
  cookie: string = '',
): Promise<Answer> {
  const { name, password, mail = toMail(name) } = account
  const { method, path, body } = route
  const fields: Record<string, string> = { ...body?.fields }
  for (const field of Object.keys(fields)) {
    if (PASSWORD.test(field)) fields[field] = password
    else if (NAME.test(field)) fields[field] = MAIL.test(field) ? mail : name
  }
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin', ...(cookie !== '' && { cookie }) }
  const ask = { method, path, headers, from }
  return target.send(body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields })
}

/** One field may take either; an address is a name as well, but a name is no address. */
export function nameFor({ body }: Route, name: string): string {
  const sample = sampleOf(body?.fields ?? {}, NAME)
  return sample.includes('@') || MAIL.test(fieldOf(body?.fields, NAME) ?? '') ? toMail(name) : name
}

export function toMail(name: string): string {
  return name.includes('@') ? name : `${name}@example.org`
}

function fieldOf(fields: Readonly<Record<string, string>> | undefined, pattern: RegExp): string | undefined {
  return Object.keys(fields ?? {}).find((name) => pattern.test(name))
}

function sampleOf(fields: Readonly<Record<string, string>>, pattern: RegExp): string {
  return fields[fieldOf(fields, pattern) ?? ''] ?? ''
}

/** By effect: the right password leads elsewhere, or to a cookie, or to a good status, and the wrong one does not. */
export function isEntered(right: Answer, wrong: Answer): boolean {
  if (right.status === 0 || right.status >= 400) return false
  return !isLike(right, wrong)
}

/** What tells a sign-in that worked from one that did not. */
export function isLike(a: Answer, b: Answer): boolean {
  return signature(a) === signature(b)
}

function signature(answer: Answer): string {
  const names = answer.all('set-cookie').map((line) => parseSetCookie(line).name)
  return `${answer.status} ${answer.headers['location'] ?? ''} ${names.sort().join()}`
}

/** Still the app's own answer to a wrong password. */
export function isSame(first: Answer, answer: Answer): boolean {
  return first.status === answer.status && first.headers['location'] === answer.headers['location']
}

/** Whether a form asks for an address, and for a password too. */
export function asksFor({ body }: Route): { readonly mail: boolean; readonly password: boolean } {
  return { mail: fieldOf(body?.fields, MAIL) !== undefined, password: fieldOf(body?.fields, PASSWORD) !== undefined }
}

export function cookiesOf(answer: Answer): string {
  return answer
    .all('set-cookie')
    .map((line) => parseSetCookie(line))
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
}

/** An address that nothing has been counted for yet. */
export function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${90 + Math.floor(Math.random() * 100)}.${part()}.${part()}`
}
