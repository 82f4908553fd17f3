import type { ProbeConfig, ProbeReport } from '@bulwark/prober'
import { type Browser, openBrowser, type Visit } from '../browser.ts'
import { mary } from '../shared/seed.ts'
import { listen } from '../wire.ts'
import type { Attack, HonestResult } from './result.ts'

type Route = ProbeReport['routes'][number]

const PATIENCE = 15_000

/**
 * For each attack: whether a person can still do what it abused. Sent after the attacks, so it also shows that nothing was broken, and
 * from the address of this machine that no probe sends from, so that no limit which an attack has used up is in the way.
 */
export async function tryHonestly(
  attacks: readonly Attack[],
  origins: { readonly unsafe: string; readonly protected: string },
  routes: readonly Route[],
  account: NonNullable<ProbeConfig['account']>,
): Promise<Map<string, HonestResult>> {
  const wanted = new Map<Attack, Route[]>()
  const places = new Map<string, Route>()
  for (const attack of attacks) {
    const found = placesOf(attack, routes)
    wanted.set(attack, found)
    for (const route of found) places.set(nameOf(route), route)
  }
  const [unsafe, blog] = [newPerson(origins.unsafe, account), newPerson(origins.protected, account)]
  const passed = new Map<string, { passes: boolean; words: string }>()
  for (const [name, route] of [...places].sort(([a], [b]) => lateness(a) - lateness(b))) {
    const [theirs, ours] = await Promise.all([attempt(unsafe, route), attempt(blog, route)])
    const led = ours.location ? `, to ${ours.location}` : ''
    passed.set(name, { passes: isGood(ours, route), words: `${name} ${ours.status}${led} (unsafe ${theirs.status})` })
  }
  return new Map(
    [...wanted].map(
      ([
        {
          id,
          protected: { verdict },
        },
        found,
      ]) => {
        const answers = [...new Set(found.map(nameOf))].map((name) => passed.get(name))
        const isTried = verdict !== 'skipped' && answers.length > 0
        const honest = !isTried ? 'untried' : answers.every((answer) => answer?.passes) ? 'passes' : 'fails'
        return [id, { honest, requests: answers.map((answer) => answer?.words ?? '') } as const]
      },
    ),
  )
}

/** The places that the attack touched, as honest people use them; the first page for an attack on no page in particular. */
function placesOf({ unsafe, protected: blog }: Attack, routes: readonly Route[]): Route[] {
  const found = new Set<Route>()
  for (const { method, path } of [...unsafe.outcomes, ...blog.outcomes]) {
    const pathname = path.split('?')[0]
    const route =
      routes.find((one) => one.method === method && one.path === pathname) ??
      routes.find((one) => one.path === pathname) ??
      routes.find((one) => one.path.split('/')[1] === pathname?.split('/')[1])
    if (route) found.add(route)
  }
  if (found.size === 0) found.add(routes.find(({ path }) => path === '/') ?? { method: 'GET', path: '/' })
  return [...found]
}

function nameOf({ method, path }: Route): string {
  return `${method} ${path}`
}

/** What ends something comes after everything else. */
function lateness(name: string): number {
  return name.includes('/delete') || name.startsWith('DELETE') ? 1 : name.includes('/sign-out') ? 2 : 0
}

interface Person {
  readonly origin: string
  readonly account: NonNullable<ProbeConfig['account']>
  readonly stranger: Browser
  /** Signs in when first asked for, and only once: limits on signing in are for everybody. */
  member(): Promise<Browser>
  /** The same for somebody who may do everything. */
  admin(): Promise<Browser>
}

function newPerson(origin: string, account: NonNullable<ProbeConfig['account']>): Person {
  let member: Promise<Browser> | undefined
  let admin: Promise<Browser> | undefined
  const signIn = async (who: Readonly<Record<string, string>>): Promise<Browser> => {
    const browser = openBrowser(origin)
    const { path, fields } = account.signIn
    await browser.submit(path, path, { ...fields, ...who })
    return browser
  }
  return {
    origin,
    account,
    stranger: openBrowser(origin),
    member: () => (member ??= signIn({})),
    admin: () => (admin ??= signIn(mary)),
  }
}

type Seen = Pick<Visit, 'status' | 'location'>

async function attempt(person: Person, route: Route): Promise<Seen> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Seen>((resolve) => {
    timer = setTimeout(() => resolve({ status: 0, location: 'nowhere, in time' }), PATIENCE)
  })
  // A blog that an attack has broken may hang up, too.
  const asked = ask(person, route).catch((error: Error) => ({ status: 0, location: error.message }))
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

async function ask({ origin, account, stranger, member, admin }: Person, route: Route): Promise<Seen> {
  const { method, path, body } = route
  const browser = route.signIn
    ? openBrowser(origin)
    : path.startsWith('/admin')
      ? await admin()
      : route.signedIn
        ? await member()
        : stranger
  if (method === 'UPGRADE') {
    const heard = await listen(origin, browser.headers())
    heard.close()
    return { status: Number(heard.head.split(' ')[1]), location: undefined }
  }
  if (path.endsWith('/delete')) {
    const post = await newPost(browser)
    return browser.submit(`${post}/edit`, `${post}/delete`)
  }
  if (!body) {
    const query = route.query ? `?${new URLSearchParams(route.query)}` : ''
    return method === 'GET' ? browser.visit(path + query) : browser.call(method, path + query)
  }
  // The samples of the routes keep no passwords.
  const fields = { ...body.fields, ...(route.signIn && account.signIn.fields), ...(path === '/register' && newcomer()) }
  // Whoever changes a post has its form before them, and a token of their own in it.
  const { _csrf, ...typed } = fields as Record<string, string>
  if (/^\/posts\/\d+$/.test(path)) return browser.submit(`${path}/edit`, path, typed)
  return body.type === 'form' ? browser.post(path, fields) : browser.call(method, path, fields)
}

async function newPost(browser: Browser): Promise<string> {
  const { location } = await browser.post('/posts', { title: 'To be deleted', body: 'Soon.' })
  return location ?? '/posts/0'
}

/** Nobody can register twice. */
function newcomer(): Record<string, string> {
  const name = `guest-${Date.now().toString(36)}`
  return { name, email: `${name}@example.org`, password: 'seven slow herons wade' }
}

/** Answered as hoped for; being sent to the sign-in first is no success for somebody who is signed in. */
function isGood({ status, location }: Seen, route: Route): boolean {
  if (route.method === 'UPGRADE') return status === 101
  return status >= 200 && status < 400 && !(route.path !== '/sign-out' && location?.startsWith('/sign-in'))
}
