import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'List the origins that may read answers: bulwark({ cors: { allow: [...] } }).'
const PLACES = 5
const USUAL: readonly string[] = ['/api/me', '/api/user', '/api/profile', '/api/session', '/api/auth/session', '/me']

const reflectsOrigin: Probe = {
  name: 'cors/reflects-origin',
  risk: 'cors-misconfiguration',
  title: 'Every site reads answers with the cookies of its visitors',
  kind: 'active',
  attack: (target) => ask(target, ['https://elsewhere.example', 'https://api.elsewhere.example'], 'any website'),
}

/** A sandboxed frame on any page has this origin. */
const nullOrigin: Probe = {
  name: 'cors/null-origin',
  risk: 'cors-misconfiguration',
  title: 'Sandboxed frames read answers with the cookies of the visitor',
  kind: 'active',
  attack: (target) => ask(target, ['null'], 'a sandboxed frame on any website'),
}

/** The usual way to get a comparison of origins wrong: by their beginning, their end, or a part. */
const lookAlike: Probe = {
  name: 'cors/look-alike-origin',
  risk: 'cors-misconfiguration',
  title: 'A site whose name only looks like the own one reads answers with cookies',
  kind: 'active',
  attack(target) {
    const { protocol, host, hostname } = new URL(target.origin)
    const alike = [
      `${protocol}//${host}.elsewhere.example`,
      `${protocol}//${hostname}.elsewhere.example`,
      `https://elsewhere${host}`,
      `https://elsewhere${hostname}`,
    ]
    return ask(target, alike, 'a website with a name that begins or ends like this one')
  },
}

export const probes: readonly Probe[] = [reflectsOrigin, nullOrigin, lookAlike]

/** Asks as a script of the other site would, and judges as its browser would: may the script see the answer, with cookies? */
async function* ask(target: Target, origins: readonly string[], who: string): AsyncGenerator<Outcome> {
  for (const route of await readable(target)) {
    const path = route.query ? `${route.path}?${new URLSearchParams(route.query)}` : route.path
    const signedIn = route.signedIn === true
    // A redirect gives nobody anything to read.
    if (isRedirect(await target.send({ path, signedIn }))) continue
    const outcome = await tryOut(
      {
        control: async () => {
          const { status } = await target.send({ path, signedIn })
          return status >= 200 && status < 300
        },
        attack: async () => {
          let answer = await read(target, path, signedIn, origins[0] ?? 'null')
          for (const origin of origins) {
            answer = await read(target, path, signedIn, origin)
            const { headers } = answer
            const worked =
              answer.status >= 200 &&
              answer.status < 300 &&
              headers['access-control-allow-origin'] === origin &&
              headers['access-control-allow-credentials'] === 'true'
            if (worked) return { worked, answer }
          }
          return { worked: false, answer }
        },
      },
      {
        method: 'GET',
        path: route.path,
        message: `A script of ${who} can read this answer as its visitor.`,
        remedy: REMEDY,
      },
    )
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

function isRedirect({ status }: Answer): boolean {
  return status >= 300 && status < 400
}

function read(target: Target, path: string, signedIn: boolean, origin: string): ReturnType<Target['send']> {
  const headers = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
  return target.send({ path, signedIn, headers })
}

/** What is somebody's own first, then data, then pages. */
async function readable(target: Target): Promise<readonly Route[]> {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  const found = gets.some(({ html }) => html !== true) ? gets : [...gets, ...(await unlinked(target))]
  const rank = ({ signedIn, html, path }: Route): number =>
    (signedIn === true ? 0 : 4) + (/\bme\b|account|profile|user|session/i.test(path) ? 0 : 2) + (html === true ? 8 : 0)
  return [...found].sort((a, b) => rank(a) - rank(b)).slice(0, PLACES)
}

/** No page links to the data that its scripts ask for, so a crawler does not find it. */
async function unlinked(target: Target): Promise<readonly Route[]> {
  const found: Route[] = []
  for (const path of USUAL) {
    const { status, isHtml } = await target.send({ path, signedIn: true })
    if (status === 200 && !isHtml) found.push({ method: 'GET', path, signedIn: true })
  }
  return found
}
