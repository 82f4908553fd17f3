import { type Answer, type Ask, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { isFormToken } from '../../toolbox/form-token.ts'
import { tokenProbes } from './probe-tokens.ts'

const ELSEWHERE = 'https://elsewhere.example'
const FROM_ELSEWHERE = { origin: ELSEWHERE, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
const REMEDY = 'Protect the app with bulwark(), or add the csrf protection back to its policy.'
const SWITCHED = 101
const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** Posts the way a hidden form on another site would, with the victim's cookies. */
const crossSiteForm: Probe = {
  name: 'csrf/cross-site-form',
  risk: 'csrf',
  title: 'A form on another site acts as the signed-in user',
  kind: 'state',
  async *attack(target) {
    for (const route of writes(target, 'form')) yield await forge(target, route, FROM_ELSEWHERE, 'any website')
  },
}

/** The same from a sibling subdomain, which the browser calls `same-site`. */
const siblingForm: Probe = {
  name: 'csrf/sibling-site-form',
  risk: 'csrf',
  title: 'A form on a sibling subdomain acts as the signed-in user',
  kind: 'state',
  async *attack(target) {
    const headers = { origin: 'https://blog.elsewhere.example', 'sec-fetch-site': 'same-site' }
    for (const route of writes(target, 'form')) yield await forge(target, route, headers, 'any sibling subdomain')
  },
}

/** A browser without Fetch Metadata still sends `Origin`. */
const oldBrowserForm: Probe = {
  name: 'csrf/old-browser-form',
  risk: 'csrf',
  title: 'A form on another site works in browsers without Fetch Metadata',
  kind: 'state',
  async *attack(target) {
    for (const route of writes(target, 'form')) yield await forge(target, route, { origin: ELSEWHERE }, 'any website')
  },
}

/** JSON in a `text/plain` form needs no preflight, so CORS does not stand in its way. */
const jsonAsText: Probe = {
  name: 'csrf/json-as-text',
  risk: 'csrf',
  title: 'A JSON route takes a plain-text form from another site',
  kind: 'state',
  async *attack(target) {
    for (const route of writes(target, 'json')) {
      const headers = { ...FROM_ELSEWHERE, 'content-type': 'text/plain' }
      yield await forge(target, route, headers, 'any website')
    }
  },
}

/** An image on another site: a GET that changes something. */
const imageGet: Probe = {
  name: 'csrf/state-changing-get',
  risk: 'csrf',
  title: 'An image on another site changes something',
  kind: 'state',
  async *attack(target) {
    for (const route of target.routes) {
      if (route.method !== 'GET' || route.readBack === undefined || route.query === undefined) continue
      yield await forge(
        target,
        route,
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' },
        'an image on any website',
      )
    }
  },
}

/** A WebSocket is not bound by the same-origin policy: only the server can refuse it. */
const webSocket: Probe = {
  name: 'csrf/cross-site-websocket',
  risk: 'cross-site-websocket',
  title: 'Another site opens a WebSocket as the signed-in user',
  kind: 'active',
  async *attack(target) {
    for (const route of target.routes) {
      if (route.method !== 'UPGRADE') continue
      let signedIn = route.signedIn === true
      const shake = (origin: string, site: string): Promise<Answer> =>
        target.send({ path: route.path, headers: { ...HANDSHAKE, origin, 'sec-fetch-site': site }, signedIn })
      const isOpened = async (): Promise<boolean> => (await shake(target.origin, 'same-origin')).status === SWITCHED
      yield await tryOut(
        {
          // Where guests are not let in, the account is who is attacked.
          control: async () => {
            if (await isOpened()) return true
            signedIn = true
            return isOpened()
          },
          attack: async () => {
            const answer = await shake(ELSEWHERE, 'cross-site')
            return { worked: answer.status === SWITCHED, answer }
          },
        },
        {
          method: 'UPGRADE',
          path: route.path,
          message: 'A page on any website can open this WebSocket with the cookies of whoever visits it.',
          remedy: REMEDY,
        },
      )
    }
  },
}

export const probes: readonly Probe[] = [
  crossSiteForm,
  siblingForm,
  oldBrowserForm,
  jsonAsText,
  imageGet,
  webSocket,
  ...tokenProbes,
]

function* writes(target: Target, type: 'form' | 'json'): Iterable<Route> {
  for (const route of target.routes) {
    const isWrite = route.method !== 'GET' && route.method !== 'HEAD' && route.method !== 'UPGRADE'
    if (!isWrite || route.body?.type !== type || route.readBack === undefined || route.signIn) continue
    // Where nobody is known, another site does in nobody's name what anybody may.
    if (route.crawled === true && route.signedIn !== true) continue
    // A word can only be read back where free text is taken.
    if (freeFields(route.body.fields).length > 0) yield route
  }
}

/** Judges by effect: what was written must be there to read, and the honest twin must be able to write it. */
function forge(target: Target, route: Route, headers: Record<string, string>, who: string): ReturnType<typeof tryOut> {
  const write = async (own: Record<string, string>): Promise<{ worked: boolean; answer: Answer }> => {
    const word = target.nonce()
    const answer = await target.send({ ...filled(route, word, own), signedIn: route.signedIn === true })
    const page = await target.send({ path: route.readBack ?? '/', signedIn: route.signedIn === true })
    return { worked: page.text.includes(word), answer }
  }
  return tryOut(
    {
      control: async () => (await write({ origin: target.origin, 'sec-fetch-site': 'same-origin' })).worked,
      attack: () => write(headers),
    },
    {
      method: route.method,
      path: route.path,
      message: `A page on ${who} can submit this as the signed-in user.`,
      remedy: REMEDY,
    },
  )
}

function filled(route: Route, word: string, headers: Record<string, string>): Ask {
  const sample = route.body?.fields ?? route.query ?? {}
  const free = freeFields(sample)
  const target = free.find((name) => /memo|text|body|title|comment|message|content|bio/i.test(name)) ?? free[0]
  const fields = target === undefined ? { ...sample } : { ...sample, [target]: word }
  if (route.body === undefined) return { path: `${route.path}?${new URLSearchParams(fields)}`, headers }
  if (route.body.type === 'form') return { method: route.method, path: route.path, headers, form: fields }
  return { method: route.method, path: route.path, headers, json: fields }
}

function freeFields(sample: Readonly<Record<string, string>>): string[] {
  return Object.keys(sample).filter(
    (name) =>
      !/^(_?csrf|token|next|id)$/i.test(name) &&
      !isFormToken(name, sample[name] ?? '') &&
      !/^[^\s@]+@[^\s@]+$/.test(sample[name] ?? ''),
  )
}
