import { type Answer, type Ask, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { isLoopbackHost } from '../../toolbox/origins.ts'
import { certificateOf, handshakeProbes, publicNameIn } from './probe-handshake.ts'
import { clearlyLoaded } from './probe-page.ts'

const PLACES = 4
const ELSEWHERE =
  'Serve with listen(app, { redirectFrom: 80 }), or protect the app with bulwark() and name its proxies.'
const WITH_BULWARK = 'Protect the app with bulwark(); it does so for every answer over HTTPS.'
const YEAR = 31_536_000

/** Whoever types the address without https:// gets the page from anybody who is on the way. */
const plainPages: Probe = {
  name: 'transport/plain-pages',
  risk: 'plain-http',
  title: 'Pages are served without encryption as well',
  kind: 'active',
  async *attack(target) {
    if (target.plainOrigin === undefined) return
    for (const route of readable(target).slice(0, PLACES)) {
      const ask: Ask = { path: withQuery(route), headers: { accept: 'text/html' } }
      const outcome = await tryOut(
        {
          control: async () => isGood(await target.send(ask)),
          attack: async () => {
            const answer = await target.send({ ...ask, plain: true })
            return { worked: (isGood(answer) && answer.text !== '') || staysInTheClear(answer), answer }
          },
        },
        {
          method: 'GET',
          path: route.path,
          message: `${target.plainOrigin} serves this without encryption, to be read and changed by everybody on the way.`,
          remedy: ELSEWHERE,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** A redirect comes too late for a form: its fields have been read on the way by then. */
const plainForm: Probe = {
  name: 'transport/plain-form',
  risk: 'plain-http',
  title: 'Forms that were sent in the clear are taken',
  kind: 'state',
  async *attack(target) {
    if (target.plainOrigin === undefined) return
    const routes = target.routes.filter(({ method, body, signedIn }) => method === 'POST' && body && !signedIn)
    for (const route of [...routes].sort((a, b) => Number(b.signIn ?? false) - Number(a.signIn ?? false)).slice(0, 2)) {
      const post = (plain: boolean): Promise<Answer> =>
        target.send({
          method: 'POST',
          path: route.path,
          // Programs of one's own say nothing of where they come from, and are the ones whose http: nobody sees.
          headers: plain ? {} : { origin: target.origin, 'sec-fetch-site': 'same-origin' },
          ...(route.body?.type === 'form' ? { form: route.body.fields } : { json: route.body?.fields }),
          ...(plain && { plain }),
        })
      const outcome = await tryOut(
        {
          control: async () => isTaken(await post(false)),
          attack: async () => {
            const answer = await post(true)
            return { worked: isTaken(answer), answer }
          },
        },
        {
          method: 'POST',
          path: route.path,
          message: `${target.plainOrigin} takes this form, so what was in it has gone over the network in the clear, and nobody notices.`,
          remedy: `${ELSEWHERE} Both refuse forms at the plain port.`,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** The first visit of each day may be the one over plain HTTP, and one is enough. */
const noHsts: Probe = {
  name: 'transport/no-hsts',
  risk: 'no-hsts',
  title: 'Browsers are not told to stay with HTTPS',
  kind: 'passive',
  async *attack(target) {
    const name = await publicNameOf(target)
    if (name === undefined) return
    const [route] = readable(target)
    if (route === undefined) return
    const ask: Ask = { path: withQuery(route), headers: { host: name, accept: 'text/html' } }
    yield await tryOut(
      {
        control: async () => isGood(await target.send(ask)),
        attack: async () => {
          const answer = await target.send(ask)
          const age = Number(/max-age\s*=\s*"?(\d+)/i.exec(answer.headers['strict-transport-security'] ?? '')?.[1] ?? 0)
          return { worked: age < YEAR, answer }
        },
      },
      {
        method: 'GET',
        path: route.path,
        message: `An answer for ${name} does not tell browsers to stay with HTTPS for a year, so the next visit may begin in the clear.`,
        remedy: WITH_BULWARK,
      },
    )
  },
}

/** Without the flag a browser sends it to the plain port too, even where nobody serves one: whoever is on the way answers there. */
const cookieOverPlain: Probe = {
  name: 'transport/cookie-over-plain',
  risk: 'cookie-without-secure',
  title: 'Cookies that were set over HTTPS go out in the clear',
  kind: 'active',
  async *attack(target) {
    if (!target.origin.startsWith('https:')) return
    for (const route of setters(target).slice(0, PLACES)) {
      const ask = asking(route)
      const first = await target.send(ask)
      const [cookie] = first.all('set-cookie')
      if (cookie === undefined) continue
      const outcome = await tryOut(
        {
          attack: async () => {
            const answer = await target.send(ask)
            return { worked: answer.all('set-cookie').some((line) => !isSecure(line)), answer }
          },
        },
        {
          method: route.method,
          path: route.path,
          message: `The cookie ${nameOf(cookie)} is set over HTTPS without Secure: any http: link to the site has browsers send it in the clear.`,
          remedy: WITH_BULWARK,
        },
      )
      yield outcome
      return
    }
  },
}

/** A lock in the address bar, and a script that anybody on the way may write. */
const mixedContent: Probe = {
  name: 'transport/mixed-content',
  risk: 'mixed-content',
  title: 'An encrypted page loads or sends something in the clear',
  kind: 'passive',
  async *attack(target) {
    if (!target.origin.startsWith('https:')) return
    for (const route of target.routes
      .filter(({ method, html }) => method === 'GET' && html === true)
      .slice(0, PLACES)) {
      const ask: Ask = { path: withQuery(route), signedIn: route.signedIn === true }
      const first = await target.send(ask)
      const what = clearlyLoaded(first)
      const outcome = await tryOut(
        {
          control: async () => isGood(first),
          attack: async () => {
            const answer = await target.send(ask)
            return { worked: clearlyLoaded(answer) !== undefined, answer }
          },
        },
        {
          method: 'GET',
          path: route.path,
          message: `This page has ${what ?? 'something'} at an http: address, which everybody on the way can read or replace.`,
          remedy: 'Write https: addresses, or paths of your own; the policy of bulwark() stops what was forgotten.',
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [
  plainPages,
  plainForm,
  noHsts,
  cookieOverPlain,
  mixedContent,
  ...handshakeProbes,
]

/** Rules of browsers are not for addresses of a machine of one's own, so the name is taken from the certificate where that has one. */
async function publicNameOf(target: Target): Promise<string | undefined> {
  if (!target.origin.startsWith('https:')) return undefined
  const { hostname } = new URL(target.origin)
  if (!isLoopbackHost(hostname) && /[a-z]/i.test(hostname)) return hostname
  const certificate = certificateOf(await target.handshake())
  return certificate && publicNameIn(certificate)
}

function readable(target: Target): readonly Route[] {
  const all = target.routes.filter(({ method, signedIn }) => method === 'GET' && signedIn !== true)
  return [...all].sort((a, b) => Number(b.html ?? false) - Number(a.html ?? false))
}

/** The sign-in first: that is where cookies come from. */
function setters(target: Target): readonly Route[] {
  const signIn = target.routes.filter(({ signIn: is, body }) => is === true && body !== undefined)
  return [...signIn.slice(0, 1), ...readable(target)]
}

function asking({ method, path, query, body }: Route): Ask {
  if (method === 'GET') return { path: withQuery({ method, path, ...(query && { query }) }) }
  return { method, path, ...(body?.type === 'form' ? { form: body.fields } : { json: body?.fields }) }
}

function withQuery({ path, query }: Route): string {
  return query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path
}

function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

/** Taken, or sent on by a redirect that has the browser send all of it again, so that nobody notices. */
function isTaken({ status }: Answer): boolean {
  return status >= 200 && status < 400
}

/** Sent on to another plain address. */
function staysInTheClear({ status, headers }: Answer): boolean {
  return status >= 300 && status < 400 && /^http:/i.test(headers['location'] ?? '')
}

function isSecure(line: string): boolean {
  return /;\s*secure\s*(?:;|$)/i.test(line)
}

function nameOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf('='))).trim()
}
