import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = "Name the app's public addresses, bulwark({ origins: [...] }), and build links with req.security.origin."
const PLACES = 4
const ADDRESS = /[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}/

const poisonedLink: Probe = {
  name: 'host-header/poisoned-link',
  risk: 'host-header-injection',
  title: 'Links lead to whichever host the Host header names',
  kind: 'active',
  attack: (target) => poison(target, (host) => ({ host }), 'a Host header'),
}

const forwardedHost: Probe = {
  name: 'host-header/forwarded-host',
  risk: 'host-header-injection',
  title: 'Links lead to whichever host X-Forwarded-Host names',
  kind: 'active',
  attack: (target) => poison(target, (host) => ({ 'x-forwarded-host': host }), 'an X-Forwarded-Host header'),
}

export const probes: readonly Probe[] = [poisonedLink, forwardedHost]

type Headers = (host: string) => Readonly<Record<string, string>>

/** Mails first, since they reach somebody else; then pages, which a cache hands to everybody. */
async function* poison(target: Target, headers: Headers, what: string): AsyncGenerator<Outcome> {
  for (const route of await places(target)) {
    const see = async (own: Readonly<Record<string, string>>): Promise<{ sent: Answer; shown: Answer }> => {
      const sent = await send(target, route, own)
      if (route.readBack === undefined || route.method === 'GET') return { sent, shown: sent }
      return { sent, shown: await target.send({ path: route.readBack, signedIn: route.signedIn === true }) }
    }
    const outcome = await tryOut(
      {
        control: async () => {
          const { sent } = await see({})
          return sent.status >= 200 && sent.status < 400
        },
        attack: async () => {
          const host = `${target.nonce()}.example`
          const { shown } = await see(headers(host))
          return { worked: leadsTo(shown, host), answer: shown }
        },
        // A page that shows all headers builds no links of them.
        alsoHarmless: async () => {
          const host = `${target.nonce()}.example`
          return leadsTo((await see({ 'x-curious': `https://${host}/` })).shown, host)
        },
      },
      {
        method: route.method,
        path: route.path,
        message: `With ${what}, anybody makes the app write links that lead to a host of his own.`,
        remedy: REMEDY,
      },
    )
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

async function places(target: Target): Promise<readonly Route[]> {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  // Development servers often show the mails that they do not send.
  const outbox = gets.find(({ path }) => /outbox|mails?(?:\/|$)|sent(?:\/|$)/i.test(path))?.path
  const mailing = target.routes.flatMap((route): Route[] => {
    const { method, body, path, signIn, readBack = outbox } = route
    const isMailing = /forgot|reset|invit|verif|mail|recover|password/i.test(path)
    if (method !== 'POST' || signIn === true || body === undefined || !isMailing) return []
    return [{ ...route, ...(readBack !== undefined && { readBack }) }]
  })
  const pages = [...gets.filter(({ html }) => html === true), ...gets.filter(({ html }) => html !== true)]
  const address = mailing.length > 0 ? await ownAddress(target) : undefined
  const addressed = mailing.slice(0, 2).map((route) => (address === undefined ? route : sentTo(route, address)))
  return [...addressed, ...pages.slice(0, PLACES)]
}

/** A mail only leaves for an address that the app knows: that of the account, where it can be seen. */
async function ownAddress(target: Target): Promise<string | undefined> {
  const signIn = target.routes.find((route) => route.signIn === true)
  const typed = Object.values(signIn?.body?.fields ?? {}).find((value) => ADDRESS.test(value))
  if (typed !== undefined || signIn === undefined) return typed
  const own = target.routes.filter(({ method, path }) => method === 'GET' && /profile|account|settings/i.test(path))
  for (const path of [...own.slice(0, 2).map((route) => route.path), '/api/me']) {
    const found = ADDRESS.exec((await target.send({ path, signedIn: true })).text)?.[0]
    if (found !== undefined) return found
  }
  return undefined
}

function sentTo(route: Route, address: string): Route {
  if (route.body === undefined) return route
  const fields = Object.entries(route.body.fields).map(([name, value]) => [name, /mail/i.test(name) ? address : value])
  return { ...route, body: { ...route.body, fields: Object.fromEntries(fields) as Record<string, string> } }
}

function send(target: Target, route: Route, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const signedIn = route.signedIn === true
  if (route.method === 'GET' || route.body === undefined) {
    const query = route.query ? `?${new URLSearchParams(route.query)}` : ''
    return target.send({ path: route.path + query, signedIn, headers })
  }
  const own = { origin: target.origin, 'sec-fetch-site': 'same-origin', ...headers }
  const { type, fields } = route.body
  const body =
    type === 'form' ? { form: fields } : type === 'json' ? { json: fields } : { body: Object.values(fields).join('\n') }
  return target.send({ method: route.method, path: route.path, signedIn, headers: own, ...body })
}

/** A link, an address in a text, or a redirect. */
function leadsTo(answer: Answer, host: string): boolean {
  const link = `//${host}`
  return answer.text.toLowerCase().includes(link) || (answer.headers['location'] ?? '').toLowerCase().includes(link)
}
