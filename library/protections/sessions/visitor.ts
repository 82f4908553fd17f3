import type { Answer, Route, Target } from '../../core/probe.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'

/** Cookies by name, as one visitor has them. */
export type Jar = ReadonlyMap<string, string>

/** What tells from the outside that somebody is signed in, and by which cookies. */
export interface Ground {
  readonly signIn: Route
  /** A page that looks different to those who are signed in. */
  readonly page: string
  /** Words of it that guests never see. */
  readonly marks: ReadonlySet<string>
  /** What a sign-in sets. */
  readonly jar: Jar
  /** Those of its cookies without which the visitor is a guest again. */
  readonly keys: readonly string[]
}

export const GUEST: Jar = new Map()
const PAGES = 5

/** Signs in once and finds a page that shows it; `undefined` where there is no sign-in, or nothing shows it. */
export async function survey(target: Target): Promise<Ground | undefined> {
  const signIn = target.routes.find(({ signIn, body, method }) => signIn === true && body && method !== 'GET')
  if (signIn === undefined) return undefined
  const { jar } = await enter(target, signIn, GUEST)
  if (jar.size === 0) return undefined
  for (const page of pagesOf(target)) {
    const own = await see(target, page, jar)
    const again = await see(target, page, jar)
    const guest = await see(target, page, GUEST)
    const [second, outside] = [new Set(wordsOf(again.text)), new Set(wordsOf(guest.text))]
    const marks = new Set(wordsOf(own.text).filter((word) => second.has(word) && !outside.has(word)))
    if (own.status >= 300 || marks.size === 0) continue
    const keys: string[] = []
    for (const name of jar.keys()) {
      const rest = new Map([...jar].filter(([other]) => other !== name))
      if (!isInside(await see(target, page, rest), marks)) keys.push(name)
    }
    return { signIn, page, marks, jar, keys }
  }
  return undefined
}

/** Whether the page is the one that only signed-in people see. Half of the words will do: some count or name the moment. */
export function isInside({ status, text }: Answer, marks: ReadonlySet<string>): boolean {
  const words = new Set(wordsOf(text))
  const there = [...marks].filter((mark) => words.has(mark)).length
  return status < 300 && there * 2 >= marks.size
}

export function see(target: Target, path: string, jar: Jar): Promise<Answer> {
  return target.send({ path, headers: { 'sec-fetch-site': 'same-origin', ...cookieOf(jar) } })
}

/** Signs in with these cookies; answers those that the visitor has afterwards. */
export async function enter(target: Target, signIn: Route, jar: Jar): Promise<{ answer: Answer; jar: Jar }> {
  const answer = await submit(target, signIn, jar)
  return { answer, jar: answer.status < 400 ? taking(jar, answer) : GUEST }
}

export function submit(target: Target, { method, path, body }: Route, jar: Jar): Promise<Answer> {
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin', ...cookieOf(jar) }
  const content = body && (body.type === 'json' ? { json: body.fields } : { form: body.fields })
  return target.send({ method, path, headers, ...content })
}

/** The cookies after this answer. */
export function taking(jar: Jar, answer: Answer): Jar {
  const next = new Map(jar)
  for (const line of answer.all('set-cookie')) {
    const { name, value, attributes } = parseSetCookie(line)
    const isOver = attributes.get('max-age') === '0' || Date.parse(attributes.get('expires') ?? '') < Date.now()
    if (name === '') continue
    if (isOver || value === '') next.delete(name)
    else next.set(name, value)
  }
  return next
}

export function pagesOf(target: Target): readonly string[] {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  return [...new Set([...gets.filter(({ html }) => html === true), ...gets].map(({ path }) => path))].slice(0, PAGES)
}

function cookieOf(jar: Jar): { readonly cookie?: string } {
  return jar.size === 0 ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? []
}
