import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { parseUrl } from '../../toolbox/url.ts'

const REMEDY = 'Redirect to safeRedirect(target), and protect the app with bulwark().'
const TELLING = /next|to$|url|uri|return|redirect|goto|dest|continue|target|back|forward|location|path|link/i
const OUTCOMES = 5

/** Ways to write an address of another site, from plain to what simple checks let through. */
const PLAIN: readonly ((host: string, own: string) => string)[] = [(host) => `https://${host}/`]
const DISGUISED: readonly ((host: string, own: string) => string)[] = [
  (host) => `//${host}/`,
  (host) => `/\\${host}/`,
  (host) => `\\\\${host}/`,
  (host) => `/\t/${host}/`,
  (host) => `https:${host}/`,
  (host, own) => `${own}@${host}/`,
  (host, own) => `${own}.${host}/`,
  (host) => ` https://${host}/`,
]

/** A place that sends people on to where a value says. */
interface Way {
  readonly route: Route
  readonly field: string
  go(to: string): Promise<Answer>
}

const query: Probe = {
  name: 'open-redirect/query',
  risk: 'open-redirect',
  title: 'A link to the app leads to any other site',
  kind: 'active',
  attack: (target) => attack(target, parameters(target), PLAIN),
}

const disguised: Probe = {
  name: 'open-redirect/disguised-target',
  risk: 'open-redirect',
  title: 'An address that looks like a path leads to another site',
  kind: 'active',
  attack: (target) => attack(target, parameters(target), DISGUISED),
}

const formField: Probe = {
  name: 'open-redirect/form-field',
  risk: 'open-redirect',
  title: 'A form sends people on to any other site',
  kind: 'active',
  attack: (target) => attack(target, fields(target), [...PLAIN, ...DISGUISED]),
}

export const probes: readonly Probe[] = [query, disguised, formField]

async function* attack(
  target: Target,
  ways: readonly Way[],
  disguises: readonly ((host: string, own: string) => string)[],
): AsyncGenerator<Outcome> {
  let yielded = 0
  for (const way of ways) {
    const leadsTo = async (to: string, host: string): Promise<{ worked: boolean; answer: Answer }> => {
      const answer = await way.go(to)
      return { worked: hostOf(answer, target.origin).endsWith(host), answer }
    }
    const followsPath = async (): Promise<boolean> => {
      const path = `/${target.nonce()}`
      const { status, headers } = await way.go(path)
      return status >= 300 && status < 400 && (headers['location'] ?? '').endsWith(path)
    }
    // Only where an honest path is followed does the value decide anything.
    if (!(await followsPath())) continue
    let chosen = disguises[0]!
    for (const disguise of disguises) {
      const host = `${target.nonce()}.example`
      if (!(await leadsTo(disguise(host, target.origin), host)).worked) continue
      chosen = disguise
      break
    }
    const outcome = await tryOut(
      {
        control: followsPath,
        attack: () => {
          const host = `${target.nonce()}.example`
          return leadsTo(chosen(host, target.origin), host)
        },
      },
      {
        method: way.route.method,
        path: way.route.path,
        message: `The value of ${way.field} sends whoever follows it to any site, such as one that looks like this one.`,
        remedy: REMEDY,
      },
    )
    yield outcome
    if (outcome.verdict === 'proven' || ++yielded === OUTCOMES) return
  }
}

function parameters(target: Target): Way[] {
  const ways: Way[] = []
  for (const route of target.routes) {
    if (route.method !== 'GET' || route.query === undefined) continue
    for (const field of namesIn(route.query)) {
      const go = (to: string): Promise<Answer> =>
        target.send({
          path: `${route.path}?${new URLSearchParams({ ...route.query, [field]: to })}`,
          signedIn: route.signedIn === true,
        })
      ways.push({ route, field, go })
    }
  }
  return ways.slice(0, 8)
}

function fields(target: Target): Way[] {
  const ways: Way[] = []
  for (const route of target.routes) {
    const { body, method } = route
    if (method === 'GET' || body === undefined || body.type === 'text') continue
    for (const field of namesIn(body.fields)) {
      const go = (to: string): Promise<Answer> => {
        const sent = { ...body.fields, [field]: to }
        const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
        // A sign-in that lets nobody try often would seem to lead nowhere.
        const from = route.signIn === true ? { from: freshAddress() } : {}
        const ask = { method, path: withQuery(route), headers, signedIn: route.signedIn === true, ...from }
        return target.send(body.type === 'json' ? { ...ask, json: sent } : { ...ask, form: sent })
      }
      ways.push({ route, field, go })
    }
    // Where to go next often stands in the address that the form is sent to.
    for (const field of namesIn(route.query ?? {})) {
      const go = (to: string): Promise<Answer> => {
        const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
        const from = route.signIn === true ? { from: freshAddress() } : {}
        const path = withQuery({ ...route, query: { ...route.query, [field]: to } })
        const ask = { method, path, headers, signedIn: route.signedIn === true, ...from }
        return target.send(body.type === 'json' ? { ...ask, json: body.fields } : { ...ask, form: body.fields })
      }
      ways.push({ route, field, go })
    }
  }
  return ways.slice(0, 6)
}

function namesIn(values: Readonly<Record<string, string>>): string[] {
  // A value that is a path says more than any name.
  return Object.keys(values).filter((name) => TELLING.test(name) || /^\/(?!\/)/.test(values[name] ?? ''))
}

function withQuery({ path, query: values }: Route): string {
  return values && Object.keys(values).length > 0 ? `${path}?${new URLSearchParams(values)}` : path
}

/** The host that a browser would go to, by the Location or by a page that refreshes itself. */
function hostOf(answer: Answer, origin: string): string {
  const { status, headers } = answer
  const refresh = /^\s*\d+\s*[;,]\s*url\s*=\s*['"]?([^'"]+)/i.exec(headers['refresh'] ?? '')?.[1]
  const location = status >= 300 && status < 400 ? headers['location'] : refresh
  const url = location === undefined ? undefined : parseUrl(location, origin)
  if (url === undefined) return ''
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.hostname : ''
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${60 + Math.floor(Math.random() * 20)}.${part()}.${part()}`
}
