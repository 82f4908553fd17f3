import type { Answer, Route, Target } from '../../core/probe.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'
import { isFormToken } from '../../toolbox/form-token.ts'

/** A form of a page, as far as it says where it goes and what it sends unseen. */
export interface HiddenForm {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

const MOST_TEXT = 200_000
const MOST_PAGES = 8

/**
 * A browser from before 2020, or one behind a proxy that strips what it does not know: it sends cookies with whatever any site has it
 * send, and says nothing about where a request comes from.
 */
export class OldBrowser {
  readonly #target: Target
  readonly #jar = new Map<string, string>()

  constructor(target: Target) {
    this.#target = target
  }

  async get(path: string): Promise<Answer> {
    return this.#take(await this.#target.send({ path, headers: this.#headers() }))
  }

  async post(route: Route, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const { method, path, body } = route
    const content = body?.type === 'json' ? { json: fields } : { form: fields }
    return this.#take(await this.#target.send({ method, path, headers: this.#headers(), ...content }))
  }

  /** The form that leads to the route, on the first of these pages that shows it. */
  async formFor(route: Route, pages: readonly string[]): Promise<(HiddenForm & { readonly page: string }) | undefined> {
    for (const page of pages) {
      const form = formsIn((await this.get(page)).text).find(({ action }) => leadsTo(action, page, route.path))
      if (form !== undefined) return { ...form, page }
    }
    return undefined
  }

  /** Signs in by the target's own form. Whoever is shown it again, or is sent back to it, is not signed in. */
  async signIn(route: Route): Promise<{ readonly form: HiddenForm | undefined; readonly isIn: boolean }> {
    const form = await this.formFor(route, [route.path])
    const { status, headers, text } = await this.post(route, {
      ...form?.fields,
      ...route.body?.fields,
      ...tokensOf(form),
    })
    const isBack = leadsTo(headers['location'] ?? '/', route.path, route.path)
    const isShown = formsIn(text).some(({ action }) => leadsTo(action, route.path, route.path))
    return { form, isIn: status >= 200 && status < 400 && !isBack && !isShown }
  }

  get hasCookies(): boolean {
    return this.#jar.size > 0
  }

  #headers(): Record<string, string> {
    const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return cookie === '' ? {} : { cookie }
  }

  #take(answer: Answer): Answer {
    for (const line of answer.all('set-cookie')) {
      const { name, value, attributes } = parseSetCookie(line)
      const isOver = attributes.get('max-age') === '0' || Date.parse(attributes.get('expires') ?? '') < Date.now()
      if (isOver || value === '') this.#jar.delete(name)
      else this.#jar.set(name, value)
    }
    return answer
  }
}

/** The hidden fields of a form that look like a token against forged requests. */
export function tokensOf(form: HiddenForm | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(form?.fields ?? {})
  return Object.fromEntries(
    entries.filter(([name, value]) => value.length >= 8 && (isTokenName(name) || isFormToken(name, value))),
  )
}

function isTokenName(name: string): boolean {
  return /csrf|xsrf|authenticity|verification_?token|^_?token$/i.test(name)
}

/** Pages on which the form of a route may stand. */
export function pagesFor(target: Target, route: Route): readonly string[] {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  const own = gets.filter(({ path }) => path === route.path || path === route.readBack)
  const pages = [...own, ...gets.filter(({ html }) => html === true), ...gets]
  return [...new Set(pages.map(({ path }) => path))].slice(0, MOST_PAGES)
}

export function formsIn(html: string): readonly HiddenForm[] {
  const text = html.slice(0, MOST_TEXT)
  return [...text.matchAll(/<form\b([^>]*)>/gi)].map((form) => {
    const end = text.indexOf('</form', form.index)
    const inside = text.slice(form.index, end === -1 ? text.length : end)
    const fields: Record<string, string> = {}
    for (const [, attributes = ''] of inside.matchAll(/<input\b([^>]*)>/gi)) {
      const name = attributeIn(attributes, 'name')
      const isHidden = attributeIn(attributes, 'type')?.toLowerCase() === 'hidden'
      if (isHidden && name !== undefined && name !== '__proto__') fields[name] = attributeIn(attributes, 'value') ?? ''
    }
    return { action: attributeIn(form[1] ?? '', 'action') ?? '', fields }
  })
}

function leadsTo(action: string, page: string, path: string): boolean {
  const [pure = ''] = (action === '' ? page : action).split(/[?#]/, 1)
  return pure.replace(/^https?:\/\/[^/]*/, '') === path
}

function attributeIn(attributes: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(attributes)
  const value = found?.[1] ?? found?.[2] ?? found?.[3]
  return value?.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
