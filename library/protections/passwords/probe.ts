import { type Answer, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

/** Short ones, one that satisfies every rule about kinds of characters, and one that is long and worth nothing. */
const WEAK: readonly string[] = ['password1', '12345678', 'Password123!', '123456789012345']
const PASSWORD = /passw|pwd|passphrase|^pass$|kennwort|contrase/i
const REGISTERS =
  /regist|sign-?_?up|join|enrol|(?:new|create)-?_?(?:account|user|member)|(?:accounts?|users?|members?)\/?$/i
const SIGNS_IN = /log-?_?in|sign-?_?in|sessions?\/?$|auth/i
const MOST_ROUTES = 2

/** An account as the probe made it. */
interface Account {
  readonly name: string
  readonly password: string
}

/** Registering and signing in, as somebody who has never been here. */
interface Door {
  readonly route: Route
  /** Answers once the app has had its chance to make the account, or to refuse. */
  register(password: string): Promise<{ readonly account: Account; readonly answer: Answer }>
  signIn(account: Account): Promise<Answer>
}

const weakAccepted: Probe = {
  name: 'passwords/weak-accepted',
  risk: 'weak-password',
  title: 'An account may have a password that everybody tries first',
  kind: 'state',
  async *attack(target) {
    for (const door of doors(target)) {
      let hit: string | undefined
      yield await tryOut(
        {
          control: () => isDoor(target, door),
          attack: async () => {
            let refused: Answer | undefined
            for (const password of hit === undefined ? WEAK : [hit]) {
              const { account, answer } = await door.register(password)
              const { worked, answer: entered } = await enter(target, door, account, password)
              if (worked) {
                hit = password
                return { worked, answer: entered }
              }
              refused ??= answer
            }
            return { worked: false, answer: refused! }
          },
        },
        {
          method: door.route.method,
          path: door.route.path,
          message: 'An account was made with one of the passwords that are tried first, and it signs in.',
          remedy: 'Ask checkPassword() before hashing a new password, and show its message.',
        },
      )
    }
  },
}

/** bcrypt reads 72 bytes and says nothing about the rest. */
const truncated: Probe = {
  name: 'passwords/truncated',
  risk: 'truncated-password',
  title: 'The first 72 bytes of a password are enough',
  kind: 'state',
  async *attack(target) {
    for (const door of doors(target)) {
      yield await tryOut(
        {
          control: () => isDoor(target, door),
          attack: async () => {
            const { account } = await door.register(longPassword(target))
            return enter(target, door, account, account.password.slice(0, 72))
          },
        },
        {
          method: door.route.method,
          path: door.route.path,
          message: 'A password was cut off at 72 bytes: whoever knows its beginning is let in.',
          remedy: 'Hash passwords with hashPassword(), which counts every byte.',
        },
      )
    }
  },
}

export const probes: readonly Probe[] = [weakAccepted, truncated]

/** Each registration that has a sign-in to go with it. */
function doors(target: Target): Door[] {
  const withPassword = target.routes.filter(
    ({ method, body }) =>
      method === 'POST' && body !== undefined && body.type !== 'text' && Object.keys(body.fields).some(isPasswordField),
  )
  const signIn =
    withPassword.find((route) => route.signIn) ??
    withPassword.find(({ path }) => SIGNS_IN.test(path) && !REGISTERS.test(path))
  if (signIn === undefined) return []
  return withPassword
    .filter((route) => route !== signIn && !route.signIn && !route.signedIn && REGISTERS.test(route.path))
    .slice(0, MOST_ROUTES)
    .map((route) => ({
      route,
      async register(password) {
        const name = target.nonce()
        const answer = await post(target, route, { name, password })
        // Where an account begins with a letter, the probe reads it if it can.
        if (answer.status < 400 && answer.status > 0) await target.openLetter(`${name}@example.org`, password)
        return { account: { name, password }, answer }
      },
      signIn: (account) => post(target, signIn, account),
    }))
}

function isPasswordField(name: string): boolean {
  return PASSWORD.test(name)
}

/** The control: a stranger with a good password comes in. */
async function isDoor(target: Target, door: Door): Promise<boolean> {
  const { account } = await door.register(`Kw7-${target.nonce()}`)
  return (await enter(target, door, account, account.password)).worked
}

/** Whether this password opens the account, and another one does not. */
async function enter(
  target: Target,
  door: Door,
  account: Account,
  password: string,
): Promise<{ readonly worked: boolean; readonly answer: Answer }> {
  const answer = await door.signIn({ ...account, password })
  if (answer.status === 0 || answer.status >= 400) return { worked: false, answer }
  const wrong = await door.signIn({ ...account, password: `Wrong-${target.nonce()}` })
  return { worked: isEntered(answer, wrong), answer }
}

function post(target: Target, { method, path, body }: Route, { name, password }: Account): Promise<Answer> {
  const fields: Record<string, string> = { ...body?.fields }
  for (const field of Object.keys(fields)) {
    if (isPasswordField(field)) fields[field] = password
    else if (/mail/i.test(field)) fields[field] = `${name}@example.org`
    // One field may take either; an address is a name as well, but a name is no address.
    else if (/name|login|user|ident|account|nick|handle/i.test(field)) {
      fields[field] = fields[field]?.includes('@') ? `${name}@example.org` : name
    }
  }
  const ask = { method, path, headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }
  return target.send(body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields })
}

/** By effect: the right password leads elsewhere, or to a cookie, or to a good status, and the wrong one does not. */
function isEntered(right: Answer, wrong: Answer): boolean {
  if (wrong.status >= 400) return wrong.status !== 429 && wrong.status < 500
  return (
    right.headers['location'] !== wrong.headers['location'] ||
    right.all('set-cookie').length > wrong.all('set-cookie').length
  )
}

function longPassword(target: Target): string {
  let password = ''
  while (password.length < 96) password += `${target.nonce()}-`
  return password.slice(0, 96)
}
