import type { Answer, Ask, Route, RouteBody } from '../library/core/probe.ts'
import { parseUrl } from '../library/toolbox/url.ts'
import type { Account } from './account.ts'
import type { FormTokens } from './form-tokens.ts'
import { type Form, readPage } from './forms.ts'
import { sampleFiles } from './sample-files.ts'

/** What crawling needs: requests that count, and where to begin. */
export interface CrawlGround {
  readonly origin: string
  readonly firstPage: string
  readonly send: (ask: Ask) => Promise<Answer>
  readonly account: Account | undefined
  readonly routes: readonly Route[]
  /** Filled as routes are found, so that a crawl which breaks off is not lost. */
  readonly found: Route[]
  /** Remembers which forms hold what only their page says. */
  readonly tokens: FormTokens
}

/** Pages that are read as one visitor, and links that are followed from the first page. */
const MOST_PAGES = 60
const MOST_DEPTH = 4

/** Of paths that differ in a number or an id only, such as `/posts/1` and `/posts/2`, so many are enough. */
const MOST_ALIKE = 2

/** Whoever follows links as somebody does not know whether others could have come there too. */
const FOUND_INSIDE = { signedIn: true, crawled: true } as const

/** Links and forms with such a name end something: following them would destroy what the other probes need. */
const HARMFUL =
  /(^|[^a-z])((log|sign)[-_ ]?(out|off)|exit|quit|bye|disconnect|end[-_ ]?session|delete|destroy|remove|erase|purge|unsubscribe|deactivate|shutdown|restart)([^a-z]|$)/i

/**
 * Finds the places of an app by reading its pages, first as a stranger, then as the account. Sends nothing but GET (and the account's sign-in), follows no link off
 * the origin, and submits no form. Given routes come first and are never changed.
 */
export async function crawl(ground: CrawlGround): Promise<void> {
  const found = new Found(ground.routes, ground.found)
  const { account, routes } = ground
  const signIn = account && !routes.some((route) => route.signIn) ? signInRoute(account) : undefined
  if (signIn) found.add(signIn)
  await walk(ground, found, false, signIn)
  if (account) await walk(ground, found, true, signIn)
  found.readElsewhere()
}

/** The sign-in of the account as a route, with the values that work. */
export function signInRoute({ signIn }: Account): Route {
  const { method = 'POST', path, type, fields } = signIn
  const [pure, query] = split(path)
  return { method, path: pure, ...(query && { query }), body: { type, fields }, signIn: true }
}

/** Routes in the order in which they were found, each once. */
class Found {
  readonly #routes: Route[]
  readonly #keys = new Set<string>()
  readonly #shapes = new Map<string, number>()
  readonly #given: number

  constructor(given: readonly Route[], routes: Route[]) {
    this.#routes = routes
    this.#given = given.length
    for (const route of given) {
      this.#keys.add(keyOf(route))
      routes.push(route)
    }
  }

  add(route: Route): void {
    const key = keyOf(route)
    if (this.#keys.has(key)) {
      if (route.signedIn === true) this.#sendSignedIn(key, route)
      return
    }
    const shape = shapeOf(key)
    const alike = this.#shapes.get(shape) ?? 0
    if (alike >= MOST_ALIKE) return
    this.#keys.add(key)
    this.#shapes.set(shape, alike + 1)
    this.#routes.push(route)
  }

  /** A form that strangers see as well, such as the one for comments, may be meant for people with an account all the same. */
  #sendSignedIn(key: string, { body, method }: Route): void {
    if (method === 'GET' || body === undefined) return
    const at = this.#routes.findIndex((one) => keyOf(one) === key)
    const known = this.#routes[at]
    if (known === undefined || known.signIn === true || at < this.#given) return
    this.#routes[at] = { ...known, signedIn: true, crawled: true }
  }

  /** What is added at `/cart/add` is read at `/cart`, where there is such a page: a page of the site's own form only holds the button. */
  readElsewhere(): void {
    for (const [at, route] of this.#routes.entries()) {
      const list = route.path.replace(ADDS, '')
      if (at < this.#given || route.readBack === undefined || list === route.path || list === '') continue
      const isPage = this.#routes.some(({ method, path, html }) => method === 'GET' && path === list && html === true)
      if (isPage) this.#routes[at] = { ...route, readBack: list }
    }
  }

  /** A given route may leave out what nobody can know beforehand: the tokens of its form. */
  completeGiven({ method, path }: Route, tokens: Readonly<Record<string, string>>): void {
    if (Object.keys(tokens).length === 0) return
    for (const [at, route] of this.#routes.entries()) {
      const { body } = route
      if (route.method !== method || route.path !== path || body?.type !== 'form') continue
      this.#routes[at] = { ...route, body: { ...body, fields: { ...tokens, ...body.fields } } }
    }
  }

  /** Gives the account's sign-in the other fields of its form, such as where to go next. */
  complete(signIn: Route, form: Route): void {
    const at = this.#routes.indexOf(signIn)
    if (at === -1 || !signIn.body || !form.body) return
    const fields = { ...form.body.fields, ...signIn.body.fields }
    const query = signIn.query ?? form.query
    this.#routes[at] = { ...signIn, ...(query && { query }), body: { type: 'form', fields } }
  }
}

async function walk(ground: CrawlGround, found: Found, signedIn: boolean, signIn: Route | undefined): Promise<void> {
  const seen = new Set<string>()
  const shapes = new Map<string, number>()
  const queue: { path: string; depth: number }[] = []
  const queueUp = (path: string, depth: number): void => {
    const shape = shapeOf(path)
    const alike = shapes.get(shape) ?? 0
    if (depth > MOST_DEPTH || seen.has(path) || alike > MOST_ALIKE || path.length > 2000 || HARMFUL.test(path)) return
    seen.add(path)
    shapes.set(shape, alike + 1)
    queue.push({ path, depth })
  }
  queueUp(ground.firstPage, 0)
  queueUp('/', 0)
  for (const route of ground.routes) if (route.method === 'GET') queueUp(join(route.path, route.query), 1)
  if (ground.account) queueUp(ground.account.signIn.path, 1)
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const next = queue.shift()
    if (!next) return
    const answer = await ground.send({ path: next.path, headers: { Accept: 'text/html,*/*;q=0.8' }, signedIn })
    // What never ends would cost every probe its time, and shows nothing that could be judged.
    if (answer.status === 0 || answer.failure === 'timeout') continue
    const [path, query] = split(next.path)
    if (answer.status >= 400) {
      // A page that could not do what the link asks of it is there all the same: the link may be old, or lead to a machine that is away.
      if (query && FAILED.has(answer.status)) found.add({ method: 'GET', path, query, ...(signedIn && FOUND_INSIDE) })
      continue
    }
    found.add({ method: 'GET', path, ...(query && { query }), html: answer.isHtml, ...(signedIn && FOUND_INSIDE) })
    const location = answer.headers['location']
    if (location !== undefined) {
      const to = sameOrigin(location, ground.origin + next.path, ground.origin)
      if (to !== undefined) queueUp(to, next.depth + 1)
    }
    if (!answer.isHtml) continue
    const page = readPage(answer.text)
    const base = baseOf(page.base, ground.origin + next.path)
    for (const path of socketsIn(answer.text, ground.origin)) {
      found.add({ method: 'UPGRADE', path, ...(signedIn && FOUND_INSIDE) })
    }
    for (const link of page.links) {
      const to = sameOrigin(link.to, base, ground.origin)
      if (to !== undefined && !HARMFUL.test(link.text)) queueUp(to, next.depth + 1)
    }
    for (const form of page.forms) {
      const to = sameOrigin(form.action === '' ? next.path : form.action, base, ground.origin)
      if (to === undefined || HARMFUL.test(to) || HARMFUL.test(form.about)) continue
      // What asks a signed-in person for a password changes how the account signs in, or closes it: no other probe could sign in any more.
      if (signedIn && form.passwords.length > 0) continue
      const tokens = ground.tokens.add(next.path, to, form)
      const route = routeOf(form, to, next.path, ground.account, signedIn)
      if (route.signIn && signIn?.body && signIn.body.type === route.body?.type) found.complete(signIn, route)
      else found.add(route)
      found.completeGiven(route, tokens)
      // What a search form leads to is a page like any other.
      if (form.method === 'GET') queueUp(join(split(to)[0], form.fields), next.depth + 1)
    }
  }
}

function routeOf(form: Form, action: string, page: string, account: Account | undefined, signedIn: boolean): Route {
  const [path, query] = split(action)
  const common = {
    method: form.method,
    path,
    ...(form.method !== 'GET' && { crawled: true }),
    ...(signedIn && FOUND_INSIDE),
  }
  if (form.method === 'GET') return { ...common, query: form.fields, html: true }
  const body: RouteBody = {
    type: form.encoding === 'text/plain' ? 'text' : 'form',
    fields: form.fields,
    ...(form.files && form.encoding === 'multipart/form-data' && { files: sampleFiles(form.files) }),
  }
  const signIn = isSignIn(form, path, account)
  const isRead = form.takesText && form.passwords.length === 0 && belongsTo(path, page)
  // What a page for something new makes stands in the list to which it is sent.
  const list = split(page)[0].replace(NEW, '')
  const readBack = isRead && { readBack: list === path ? path : page }
  return { ...common, ...(query && { query }), body, ...(signIn && { signIn }), ...readBack }
}

/**
 * Whether what a form sends is most likely to be read on the form's own page: comments go to a place below the post, an edit to the place
 * above the page. Where a form leads elsewhere nobody but the configuration knows, and a wrong guess would leave probes without a verdict.
 */
function belongsTo(action: string, page: string): boolean {
  const [own] = split(page)
  return `${action}/`.startsWith(own.endsWith('/') ? own : `${own}/`) || `${own}/`.startsWith(`${action}/`)
}

const ADDS = /\/(?:add|new|create|append|insert|put)$/i

const FAILED = new Set([400, 422, 500, 502, 504])

const NEW = /\/(?:new|create|add|write|compose)$/i

/** One password field is a sign-in, two are a registration or a change. */
function isSignIn(form: Form, path: string, account: Account | undefined): boolean {
  if (form.passwords.length !== 1) return false
  if (account) return split(account.signIn.path)[0] === path
  return /(log|sign)[-_ ]?in|session|auth/i.test(`${path} ${form.about}`)
}

function keyOf({ method, path, query, body }: Route): string {
  return `${method} ${path}?${Object.keys(query ?? {}).sort()} ${body ? Object.keys(body.fields).sort() : ''}`
}

/** Numbers and ids are all alike. */
function shapeOf(path: string): string {
  return path.replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{16,}\b|\d+/gi, '#').replace(/=[^&]*/g, '=')
}

function baseOf(base: string | undefined, page: string): string {
  return (base === undefined ? undefined : parseUrl(base, page)?.href) ?? page
}

/** Paths of the WebSockets of this site that scripts in a page open, as far as they stand there as text. */
function socketsIn(html: string, origin: string): readonly string[] {
  const found: string[] = []
  for (const [, made = ''] of html.slice(0, 500_000).matchAll(/\bnew\s+WebSocket\s*\(([^\n;]{1,200})/g)) {
    const own = made.replaceAll(origin.replace(/^http/, 'ws'), '')
    // What names another host in full leads to another site.
    if (/["'`]wss?:\/\/[\w[]/i.test(own)) continue
    const path = /(?:^\s*|[+}]\s*)["'`]?(\/[\w./~-]{0,100})/.exec(own)?.[1]
    if (path !== undefined && !path.startsWith('//')) found.push(path)
  }
  return found
}

/** Path and query of a link that stays on the origin. */
function sameOrigin(link: string, base: string, origin: string): string | undefined {
  const trimmed = link.trim()
  const url = trimmed === '' || trimmed.startsWith('#') ? undefined : parseUrl(trimmed, base)
  return url !== undefined && url.origin === origin ? url.pathname + url.search : undefined
}

function split(path: string): [path: string, query: Record<string, string> | undefined] {
  const at = path.indexOf('?')
  if (at === -1) return [path, undefined]
  const query = Object.fromEntries(new URLSearchParams(path.slice(at + 1)))
  return [path.slice(0, at), Object.keys(query).length > 0 ? query : undefined]
}

function join(path: string, query: Readonly<Record<string, string>> | undefined): string {
  return query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path
}
