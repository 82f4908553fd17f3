import type { Answer, Route, Target } from '../../core/probe.ts'

/** A token that the app has given out, taken apart. */
export interface FoundToken {
  readonly token: string
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** A page that only bearers of a token get. */
export interface Door {
  readonly route: Route
  readonly found: FoundToken
}

const MOST_DOORS = 3
const MOST_TRIED = 8
const TOKEN = /eyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{0,2000}/

/** The sign-ins of programs: what they answer may hold a token. */
export function signIns(target: Target): readonly Route[] {
  return target.routes.filter(({ signIn, method, body }) => signIn === true && method === 'POST' && body !== undefined)
}

/** Signs in and looks for a token in the answer. */
export async function tokenFrom(
  target: Target,
  { path, body }: Route,
  fields: Readonly<Record<string, string>> = {},
): Promise<FoundToken | undefined> {
  const all = { ...body?.fields, ...fields }
  const answer = await target.send({
    method: 'POST',
    path,
    ...(body?.type === 'form' ? { form: all } : { json: all }),
    headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' },
  })
  return answer.status < 300 ? parseToken(TOKEN.exec(answer.text)?.[0]) : undefined
}

/** Pages that answer a token with something and nobody else. */
export async function doorsOf(target: Target): Promise<readonly Door[]> {
  const doors: Door[] = []
  for (const signIn of signIns(target)) {
    const found = await tokenFrom(target, signIn)
    const { exp } = found?.payload ?? {}
    // One that ends at once is for the attack that waits for it.
    if (found === undefined || (typeof exp === 'number' && exp - Date.now() / 1000 < 30)) continue
    const pages = target.routes.filter(({ method, html, query }) => method === 'GET' && html !== true && !query)
    for (const route of pages.slice(0, MOST_TRIED)) {
      if (doors.length >= MOST_DOORS) return doors
      const [none, with_] = [await knock(target, route, undefined), await knock(target, route, found.token)]
      if ((none.status === 401 || none.status === 403) && isOpen(with_)) doors.push({ route, found })
    }
  }
  return doors
}

export function knock(target: Target, { path }: Route, token: string | undefined): Promise<Answer> {
  return target.send({ path, ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }) })
}

export function isOpen({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

export function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function parseToken(token: string | undefined): FoundToken | undefined {
  if (token === undefined) return undefined
  try {
    const [header, payload] = token
      .split('.')
      .slice(0, 2)
      .map((text) => JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
    return { token, header, payload }
  } catch {
    // It only looked like one.
    return undefined
  }
}
