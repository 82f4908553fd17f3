import { setTimeout as pause } from 'node:timers/promises'
import { ask } from './wire.ts'

/** What a visit to a page gave. Redirects are not followed: look at `location`. */
export interface Visit {
  readonly status: number
  /** Where the answer sends the browser; the path only when that is on the same site. */
  readonly location: string | undefined
  readonly text: string
  json<T = Record<string, unknown>>(): T
}

/** Behaves as a browser does on one site: keeps cookies, fills in forms, says where requests come from. */
export interface Browser {
  /** Loads a page as if its address had been typed in. */
  visit(path: string): Promise<Visit>
  /** Loads the page, fills in the form with this action (hidden fields included), and sends it. */
  submit(page: string, action: string, fields?: Readonly<Record<string, string>>): Promise<Visit>
  /** Sends a form's fields, as after having loaded its page. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Visit>
  /** Calls the API as a script of the site would. */
  call(method: string, path: string, body?: unknown): Promise<Visit>
  /** The headers of a request that a script of the site makes, for a WebSocket. */
  headers(): Record<string, string>
}

/** With an address, as if the browser were there and a proxy stood in between. */
export function openBrowser(origin: string, address?: string): Browser {
  const cookies = new Map<string, string>()

  const cookieHeader = (): string => [...cookies].map((pair) => pair.join('=')).join('; ')

  async function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Visit> {
    const all: Record<string, string> = { ...headers, ...(address && { 'X-Forwarded-For': address }) }
    if (cookies.size > 0) all['Cookie'] = cookieHeader()
    const answer = await ask(origin, { method, path, headers: all, body })
    for (const line of answer.headers['set-cookie'] ?? []) keep(line)
    const { status, text } = answer
    return { status, text, location: answer.headers.location?.replace(origin, ''), json: () => JSON.parse(text) }
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/)
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const isOver = attributes.some((text) => /^max-age=0$|^expires=.*1970/i.test(text))
    if (isOver) cookies.delete(name)
    else cookies.set(name, value)
  }

  const visit = (path: string) => send('GET', path, { ...document, 'Sec-Fetch-Site': 'none' })

  const post = (path: string, fields: Readonly<Record<string, string>>) => {
    const type = 'application/x-www-form-urlencoded'
    const headers = { ...document, ...sameOrigin, 'Content-Type': type, Origin: origin }
    return send('POST', path, headers, new URLSearchParams(fields).toString())
  }

  return {
    visit,
    submit: async (page, action, fields = {}) => {
      const form = formWith(action, (await visit(page)).text)
      return post(action, { ...hiddenFields(form), ...fields })
    },
    post,
    call: (method, path, body) => {
      const headers: Record<string, string> = { ...script, ...sameOrigin }
      if (method !== 'GET') headers['Origin'] = origin
      if (body !== undefined) headers['Content-Type'] = 'application/json'
      return send(method, path, headers, body === undefined ? '' : JSON.stringify(body))
    },
    headers: () => ({ Origin: origin, Cookie: cookieHeader() }),
  }
}

/** Registers as a person would: where a letter comes, its link is followed. */
export async function register(browser: Browser, fields: Readonly<Record<string, string>>): Promise<Visit> {
  const answer = await browser.submit('/register', '/register', fields)
  if (answer.status !== 200) return answer
  const page = await linkInMail(browser, fields['email'] ?? '')
  return browser.submit(page, '/verify-email')
}

/** The link in the newest letter to the address, without the origin. Letters leave after the answer. */
export async function linkInMail(browser: Browser, to: string, not = ''): Promise<string> {
  for (let look = 0; look < 100; look++) {
    const { text } = await browser.visit('/outbox')
    const at = text.indexOf(`To ${to},`)
    const link = at === -1 ? undefined : /https?:\/\/[^\s<]+(\/[^\s<]*\?token=[\w-]+)/.exec(text.slice(at))?.[1]
    if (link !== undefined && link !== not) return link
    await pause(30)
  }
  throw new Error(`No letter to ${to} has come.`)
}

/** Fails when the page has no such form: then a person could not have sent it either. */
function formWith(action: string, page: string): string {
  const form = page.match(/<form[\s\S]*?<\/form>/g)?.find((text) => text.includes(`action="${action}"`))
  if (!form) throw new Error(`There is no form with the action ${action} on the page.`)
  return form
}

function hiddenFields(form: string): Record<string, string> {
  const inputs = form.match(/<input type="hidden"[^>]*>/g) ?? []
  return Object.fromEntries(
    inputs.map((input) => [/ name="([^"]*)"/.exec(input)?.[1] ?? '', plain(/ value="([^"]*)"/.exec(input)?.[1] ?? '')]),
  )
}

/** Undoes the escaping of attribute values. */
function plain(value: string): string {
  return value
    .replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&(quot|lt|gt|amp);/g, (_, name: string) => ({ quot: '"', lt: '<', gt: '>', amp: '&' })[name] ?? '')
}

const document = {
  Accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-User': '?1',
}
const script = { Accept: 'application/json', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }
const sameOrigin = { 'Sec-Fetch-Site': 'same-origin' }
