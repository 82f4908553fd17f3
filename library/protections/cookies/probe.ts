import { createHmac } from 'node:crypto'
import { type Answer, type Ask, type Outcome, type Probe, type Target, tryOut } from '../../core/probe.ts'
import { parseSetCookie, type SetCookie } from '../../toolbox/cookies.ts'
import { forgeries } from './forge.ts'
import { isDefaultName, isReadByScripts, isSessionLike } from './names.ts'
import { raiseRole } from './probe-role.ts'
import { WELL_KNOWN_SECRETS } from './well-known.ts'

const REMEDY = 'Protect the app with bulwark(), or add the cookies protection back to its policy.'
const PLACES = 5

const noHttpOnly: Probe = {
  name: 'cookies/no-http-only',
  risk: 'cookie-without-httponly',
  title: 'Scripts of the page can read the session cookie',
  kind: 'active',
  attack: (target) =>
    look(target, ({ attributes }) => !attributes.has('httponly'), 'any script in a page can read this cookie', REMEDY),
}

const noSameSite: Probe = {
  name: 'cookies/no-same-site',
  risk: 'cookie-without-samesite',
  title: 'The session cookie goes along with requests from other sites',
  kind: 'active',
  attack: (target) =>
    look(
      target,
      ({ attributes }) => {
        const sameSite = attributes.get('samesite')?.toLowerCase()
        return sameSite !== 'lax' && sameSite !== 'strict'
      },
      'browsers send this cookie along with requests that other sites make',
      REMEDY,
    ),
}

const defaultName: Probe = {
  name: 'cookies/default-name',
  risk: 'default-cookie-name',
  title: "The session cookie has its package's default name",
  kind: 'active',
  attack: (target) =>
    look(
      target,
      ({ name }) => isDefaultName(name),
      'its name tells which package made it, and binds it to no host',
      'Give the session cookie a name of your own that begins with __Host-.',
    ),
}

/** Signatures are checked at home: nothing is sent for it. */
const wellKnownSecret: Probe = {
  name: 'cookies/well-known-secret',
  risk: 'weak-cookie-secret',
  title: 'Cookies are signed with a secret that everybody knows',
  kind: 'active',
  attack: (target) =>
    look(
      target,
      (cookie, all) => secretOf(cookie, all) !== undefined,
      'it is signed with a secret out of a tutorial, so anybody can write any session',
      'Take the secret from the environment, 32 or more random characters, and end all sessions.',
    ),
}

/** Signs in as the account, changes the identifier in the cookie, and looks who the app takes the visitor for. */
const unsignedIdentity: Probe = {
  name: 'cookies/unsigned-identity',
  risk: 'cookie-tampering',
  title: 'Whoever changes the cookie becomes somebody else',
  kind: 'active',
  async *attack(target) {
    for (const { ask } of places(target).filter(({ isSignIn }) => isSignIn)) {
      const set = cookiesOf(await target.send(ask))
      yield* raiseRole(target, set)
      const cookie = set.find(({ value }) => forgeries(value).length > 0)
      if (cookie === undefined) continue
      const rest = set.filter((other) => other !== cookie)
      for (const path of pages(target)) {
        const see = (value: string | undefined): Promise<Answer> => {
          const pairs = value === undefined ? rest : [...rest, { name: cookie.name, value }]
          const header = pairs.map((pair) => `${pair.name}=${pair.value}`).join('; ')
          return target.send({ path, ...(header !== '' && { headers: { cookie: header } }) })
        }
        const [own, again, guest] = [await see(cookie.value), await see(cookie.value), await see(undefined)]
        const marks = marksOf(own, again, guest)
        if (marks.size === 0 || own.status >= 400) continue
        const outcome = await tryOut(
          {
            attack: async () => {
              let answer = own
              for (const forged of forgeries(cookie.value)) {
                answer = await see(forged.value)
                if (isSomebodyElse(answer, marks, [forged.from, forged.to])) return { worked: true, answer }
              }
              return { worked: false, answer }
            },
            alsoHarmless: async () => {
              const { text } = await see(target.nonce())
              return wordsOf(text).some((word) => marks.has(word))
            },
          },
          {
            method: 'GET',
            path,
            message: `Another number or name in the cookie ${cookie.name} shows this page to somebody else's account.`,
            remedy: 'Keep who is signed in with req.security.cookies, whose values nobody can change, or in a session.',
          },
        )
        yield outcome
        return
      }
    }
  },
}

export const probes: readonly Probe[] = [noHttpOnly, noSameSite, defaultName, wellKnownSecret, unsignedIdentity]

interface Place {
  readonly ask: Ask
  readonly isSignIn: boolean
}

/** The sign-in first, for what it sets is worth the most; then a few pages, as a visitor without any cookies sees them. */
function places(target: Target): readonly Place[] {
  const found: Place[] = []
  for (const { method, path, body, signIn } of target.routes) {
    if (signIn !== true || body === undefined || method === 'GET') continue
    const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
    const fields = body.type === 'form' ? { form: body.fields } : { json: body.fields }
    found.push({ ask: { method, path, headers, ...fields }, isSignIn: true })
  }
  const gets = target.routes.filter(({ method, signedIn }) => method === 'GET' && signedIn !== true)
  const ordered = [...gets.filter(({ html }) => html === true), ...gets.filter(({ html }) => html !== true)]
  for (const { path } of ordered.slice(0, PLACES)) found.push({ ask: { path }, isSignIn: false })
  return found
}

function pages(target: Target): readonly string[] {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  return [...new Set([...gets.filter(({ html }) => html === true), ...gets].map(({ path }) => path))].slice(0, PLACES)
}

type Judge = (cookie: SetCookie, all: readonly SetCookie[]) => boolean

/** Looks at the cookies of one place after the other until one of them is found open. */
async function* look(target: Target, isOpen: Judge, why: string, remedy: string): AsyncGenerator<Outcome> {
  let looked = 0
  for (const { ask, isSignIn } of places(target)) {
    if (looked >= PLACES) return
    const all = cookiesOf(await target.send(ask)).filter(({ name }) => isSignIn || isSessionLike(name))
    if (all.length === 0) continue
    looked++
    const name = all.find((cookie) => isOpen(cookie, all))?.name
    const outcome = await tryOut(
      {
        attack: async () => {
          const answer = await target.send(ask)
          const fresh = cookiesOf(answer)
          const worked = fresh.some((cookie) => (name === undefined || cookie.name === name) && isOpen(cookie, fresh))
          return { worked: name !== undefined && worked, answer }
        },
      },
      { method: ask.method ?? 'GET', path: ask.path, message: `The cookie ${name ?? ''}: ${why}.`, remedy },
    )
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

/** What the answer sets, without what it deletes and what scripts are meant to read. */
function cookiesOf(answer: Answer): SetCookie[] {
  return answer
    .all('set-cookie')
    .map(parseSetCookie)
    .filter(({ name, value, attributes }) => {
      return name !== '' && value !== '' && attributes.get('max-age') !== '0' && !isReadByScripts(name)
    })
}

function secretOf(cookie: SetCookie, all: readonly SetCookie[]): string | undefined {
  const value = decoded(cookie.value)
  const pair = all.find(({ name }) => name === `${cookie.name}.sig`)
  return WELL_KNOWN_SECRETS.find((secret) => {
    // cookie-session and Koa: a second cookie with the signature over name and value.
    if (pair) return sameBytes(hmacOf('sha1', secret, `${cookie.name}=${cookie.value}`), pair.value)
    const text = value.startsWith('s:') ? value.slice(2) : value
    const dot = text.lastIndexOf('.')
    if (dot <= 0) return false
    // Express, Fastify, and the last part of an HS256 token.
    return sameBytes(hmacOf('sha256', secret, text.slice(0, dot)), text.slice(dot + 1))
  })
}

function hmacOf(algorithm: string, secret: string, text: string): string {
  return createHmac(algorithm, secret).update(text).digest('base64url')
}

/** Base64 in either alphabet, with or without padding. */
function sameBytes(expected: string, given: string): boolean {
  return expected === given.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Words that the page shows to the signed-in account, each time, and never to a guest. */
function marksOf(own: Answer, again: Answer, guest: Answer): Set<string> {
  const [second, outside] = [new Set(wordsOf(again.text)), new Set(wordsOf(guest.text))]
  return new Set(wordsOf(own.text).filter((word) => second.has(word) && !outside.has(word)))
}

/** Still signed in, for some of the marks are there, but not as the same person: some are gone. Echoes of the cookie do not count. */
function isSomebodyElse(answer: Answer, marks: ReadonlySet<string>, echoes: readonly string[]): boolean {
  const words = new Set(wordsOf(answer.text))
  const telling = [...marks].filter((mark) => !echoes.includes(mark))
  return answer.status < 300 && telling.some((mark) => words.has(mark)) && telling.some((mark) => !words.has(mark))
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? []
}
