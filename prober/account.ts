import type { Answer, Ask as ProbeAsk } from '../library/core/probe.ts'
import { parseUrl } from '../library/toolbox/url.ts'
import { isForeign } from './form-tokens.ts'
import { readPage } from './forms.ts'
import { Jar } from './jar.ts'

/** A person that the app knows, for everything behind the sign-in. */
export interface Account {
  readonly signIn: SignIn
  /** What tells that signing in worked. @default a status below 400, a cookie, and no way back to the sign-in page */
  readonly ok?: { readonly status?: readonly number[]; readonly cookie?: boolean }
}

export interface SignIn {
  /** @default 'POST' */
  readonly method?: string
  readonly path: string
  readonly type: 'form' | 'json'
  /** Names and values as a person would fill them in, such as `{ email: 'ada@example.com', password: '...' }`. */
  readonly fields: Readonly<Record<string, string>>
}

/** How the account speaks to the target: the cookies are already settled by the caller. */
export type Ask = (request: {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: string | undefined
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
}) => Promise<Answer>

/** The account could not be used, so whatever was asked behind the sign-in says nothing. */
export class SignInFailed extends Error {}

/** Cookies whose value goes into a header: what Angular and axios do, Django, Laravel, and the packages of Node. */
const SCRIPT_TOKENS: readonly (readonly [cookie: RegExp, header: string])[] = [
  [/^xsrf-token$/i, 'X-XSRF-TOKEN'],
  [/^(?:__host-)?(?:x-)?_?csrf[-_]?token$/i, 'X-CSRF-Token'],
]

/** Signing in again and again would itself be an attack. */
const MOST_SIGN_INS = 60

/** An account that signs in when it is first needed and again when the app has forgotten it. */
export class Visitor {
  readonly account: Account
  readonly jar: Jar
  readonly #origin: string
  #cookieNames: readonly string[] = []
  #token: string | undefined
  #signedIn = false
  #attempts = 0
  #pending: Promise<void> | undefined
  #failure: SignInFailed | undefined

  constructor(account: Account, origin: string, acceptsSecure: boolean) {
    this.account = account
    this.jar = new Jar(acceptsSecure)
    this.#origin = origin
  }

  /** Makes sure that the account is signed in; at most one sign-in is under way at a time. */
  async ready(ask: Ask): Promise<void> {
    if (this.#failure) throw this.#failure
    if (this.#signedIn && this.#cookieNames.every((name) => this.jar.has(name))) return
    this.#pending ??= this.#signIn(ask).finally(() => {
      this.#pending = undefined
    })
    await this.#pending
  }

  /**
   * The token that the sign-in gave to the app's own scripts. Browsers send none by themselves: what another site has them send goes without.
   */
  authorizationFor(ask: Pick<ProbeAsk, 'headers'>): string | undefined {
    if (this.#token === undefined || isForeign(ask, this.#origin)) return undefined
    const isOwn = Object.keys(ask.headers ?? {}).some((name) => name.toLowerCase() === 'authorization')
    return isOwn ? undefined : `Bearer ${this.#token}`
  }

  /** What the app's own scripts read from a cookie and send along, because no other site can: `XSRF-TOKEN` and its like. */
  scriptHeadersFor(ask: Pick<ProbeAsk, 'headers' | 'method'>): readonly (readonly [string, string])[] {
    if ((ask.method ?? 'GET') === 'GET' || isForeign(ask, this.#origin)) return []
    const given = Object.keys(ask.headers ?? {}).map((name) => name.toLowerCase())
    return SCRIPT_TOKENS.flatMap(([cookie, header]) => {
      const value = this.jar.valueOf(cookie)
      return value === undefined || given.includes(header.toLowerCase()) ? [] : [[header, value] as const]
    })
  }

  /** Whether an answer to a signed-in request shows that the app no longer knows the account. */
  isForgotten(answer: Answer): boolean {
    const { path } = this.account.signIn
    // Whoever left out the token cannot expect to be known.
    if (this.#token !== undefined && this.authorizationFor(answer.ask) === undefined) return false
    if (pathOf(answer.ask.path) === pathOf(path)) return false
    return answer.status === 401 || (answer.status >= 300 && answer.status < 400 && this.#leadsTo(answer, path))
  }

  /** Has the next request sign in again. */
  forget(): void {
    this.#signedIn = false
  }

  /** What must not be shown: cookies and whatever was typed into a secret field. */
  secrets(): string[] {
    const typed = Object.entries(this.account.signIn.fields).filter(([name]) => isSecretName(name))
    const token = this.#token === undefined ? [] : [this.#token]
    return [...this.jar.values(), ...token, ...typed.map(([, value]) => value)].filter((value) => value.length >= 4)
  }

  async #signIn(ask: Ask): Promise<void> {
    if (++this.#attempts > MOST_SIGN_INS) throw this.#fail(`the app forgot the account ${MOST_SIGN_INS} times`)
    const { method = 'POST', path, type, fields } = this.account.signIn
    this.jar.clear()
    // A browser comes from the sign-in page, with its cookies and its hidden fields.
    const page = await ask({ method: 'GET', path, headers: { Accept: 'text/html' }, cookies: undefined })
    this.jar.take(page.all('set-cookie'), path)
    const hidden = type === 'form' && page.isHtml ? this.#hiddenFields(page, path) : {}
    const answer = await ask({
      method,
      path,
      headers: {
        Origin: this.#origin,
        Referer: this.#origin + path,
        'Sec-Fetch-Site': 'same-origin',
        'Sec-Fetch-Mode': type === 'form' ? 'navigate' : 'cors',
        'Sec-Fetch-Dest': type === 'form' ? 'document' : 'empty',
        ...(type === 'json' && Object.fromEntries(this.scriptHeadersFor({ method }))),
      },
      cookies: this.jar.headerFor(path),
      ...(type === 'form' ? { form: { ...hidden, ...fields } } : { json: fields }),
    })
    const before = this.jar.values().length > 0
    const names = this.jar.take(answer.all('set-cookie'), path)
    const token = tokenIn(answer)
    const problem = this.#problem(answer, names.length > 0 || before || token !== undefined)
    if (problem !== undefined) throw this.#fail(problem)
    this.#cookieNames = names
    this.#token = token
    this.#signedIn = true
  }

  #hiddenFields(page: Answer, path: string): Readonly<Record<string, string>> {
    const forms = readPage(page.text).forms.filter((form) => form.method === 'POST' && form.passwords.length > 0)
    const pure = pathOf(path)
    const own = forms.find((form) => form.action === '' || pathOf(form.action) === pure) ?? forms[0]
    return own?.hidden ?? {}
  }

  #problem(answer: Answer, isKnown: boolean): string | undefined {
    const { ok } = this.account
    const { path } = this.account.signIn
    if (answer.status === 0) return `there was no answer (${answer.failure})`
    if (ok?.status && !ok.status.includes(answer.status)) return `the status was ${answer.status}`
    if (!ok?.status && answer.status >= 400) return `the status was ${answer.status}`
    if ((ok?.cookie ?? ok?.status === undefined) && !isKnown) return 'no cookie was set, and no token given'
    if (ok?.status) return undefined
    if (answer.status >= 300 && this.#leadsTo(answer, path)) return 'it led back to the sign-in page'
    const again = answer.isHtml && readPage(answer.text).forms.some((form) => form.passwords.length === 1)
    return again && answer.status < 300 ? 'the answer asks for the password again' : undefined
  }

  #leadsTo(answer: Answer, path: string): boolean {
    const location = answer.headers['location']
    const to = location === undefined ? undefined : parseUrl(location, this.#origin)
    return to !== undefined && to.origin === this.#origin && to.pathname === pathOf(path)
  }

  #fail(why: string): SignInFailed {
    const { method = 'POST', path } = this.account.signIn
    this.#failure = new SignInFailed(`Signing in at ${method} ${path} did not work: ${why}.`)
    return this.#failure
  }
}

/** Whether a field of this name holds something that must not be shown. */
export function isSecretName(name: string): boolean {
  return /pass(w|$|-|_|\[|code|phrase)|pwd|secret|token|api[-_]?key|csrf|xsrf|^pin$|^otp$|^pw$/i.test(name)
}

const TOKEN_NAME = /^(?:access|id|auth|bearer|session|api)?[-_]?(?:token|jwt)$/i
const DEEPEST = 4

/** The token in the answer of a sign-in for scripts: by its name, wherever it stands. */
function tokenIn({ text, headers }: Answer): string | undefined {
  if (!/\bjson\b/i.test(headers['content-type'] ?? '')) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined // Whatever it is, it is no token.
  }
  const found: { readonly name: string; readonly value: string }[] = []
  const look = (value: unknown, deep: number): void => {
    if (typeof value !== 'object' || value === null || deep > DEEPEST) return
    for (const [name, item] of Object.entries(value)) {
      if (typeof item !== 'string') look(item, deep + 1)
      else if (TOKEN_NAME.test(name) && /^[\w.~+/=-]{8,8000}$/.test(item)) found.push({ name, value: item })
    }
  }
  look(parsed, 0)
  // Where there are several, the one for access is meant: an id token says who somebody is to the client only.
  return (found.find(({ name }) => /^access/i.test(name)) ?? found.find(({ name }) => !/^id/i.test(name)) ?? found[0])
    ?.value
}

function pathOf(path: string): string {
  const query = path.indexOf('?')
  return query === -1 ? path : path.slice(0, query)
}
