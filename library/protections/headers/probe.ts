import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Protect the app with bulwark(), or add the headers protection back to its policy.'
const PLACES = 5

/** Reads the policy as browsers do: would it stop a script that somebody got into the page? */
const injectedScript: Probe = {
  name: 'headers/injected-script-runs',
  risk: 'weak-csp',
  title: 'No policy stops a script that was injected into a page',
  kind: 'passive',
  attack: (target) =>
    look(
      target,
      pages(target),
      weaknessOf,
      'The Content-Security-Policy of this page does not stop an injected script',
    ),
}

const framing: Probe = {
  name: 'headers/framed-by-other-site',
  risk: 'clickjacking',
  title: 'Another site may put a page into a frame',
  kind: 'passive',
  attack: (target) =>
    look(target, pages(target), framingOf, 'Any site can put this page into an invisible frame and have it clicked'),
}

const sniffing: Probe = {
  name: 'headers/sniffed-content-type',
  risk: 'mime-sniffing',
  title: 'Browsers may guess another type than the one that is declared',
  kind: 'passive',
  attack: (target) =>
    look(target, readable(target), sniffingOf, 'Browsers may take this answer for a script or a style'),
}

const referrer: Probe = {
  name: 'headers/referrer-sent-elsewhere',
  risk: 'referrer-leak',
  title: 'The address of a page may go to other sites',
  kind: 'passive',
  attack: (target) => look(target, pages(target), referrerOf, 'Links out of this page may carry its whole address'),
}

const openedElsewhere: Probe = {
  name: 'headers/opened-by-other-site',
  risk: 'cross-origin-leak',
  title: 'Another site keeps hold of a page that it opens, or embeds its answers',
  kind: 'passive',
  attack: (target) =>
    look(target, pages(target), isolationOf, 'Another site that opens or embeds this page can watch it'),
}

/** Headers set per route are usually forgotten where nobody wrote a route: on errors. */
const bareError: Probe = {
  name: 'headers/bare-error-page',
  risk: 'mime-sniffing',
  title: 'Error pages leave without the headers',
  kind: 'active',
  isRough: true,
  async *attack(target) {
    for (const path of [`/${target.nonce()}`, '/%E0%A4%A']) {
      const outcome = await tryOut(
        {
          attack: async () => {
            const answer = await target.send({ path })
            const isBare = sniffingOf(answer) ?? (answer.isHtml ? (framingOf(answer) ?? weaknessOf(answer)) : undefined)
            return { worked: answer.status >= 400 && answer.text !== '' && isBare !== undefined, answer }
          },
        },
        {
          method: 'GET',
          path,
          message: 'This error answer leaves without the headers that protect a page.',
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

const nonceReuse: Probe = {
  name: 'headers/nonce-reuse',
  risk: 'nonce-reuse',
  title: 'The nonce of the Content-Security-Policy repeats',
  kind: 'passive',
  async *attack(target) {
    let seen = 0
    for (const route of pages(target)) {
      const ask = {
        path: withQuery(route),
        signedIn: route.signedIn === true,
        headers: { 'cache-control': 'no-cache' },
      }
      const first = await target.send(ask)
      if (noncesOf(first).length === 0 || ++seen > 2) continue
      const outcome = await tryOut(
        {
          attack: async () => {
            const answer = await target.send(ask)
            const before = noncesOf(first)
            return { worked: noncesOf(answer).some((nonce) => before.includes(nonce)), answer }
          },
        },
        {
          method: 'GET',
          path: route.path,
          message: 'The nonce is the same in several answers, so an injected script can carry it.',
          remedy: 'Make a new nonce for every answer: req.security.nonce is one.',
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [
  injectedScript,
  framing,
  sniffing,
  referrer,
  openedElsewhere,
  bareError,
  nonceReuse,
]

/** Why the answer is open to it, or `undefined` when it is not. */
type Judge = (answer: Answer) => string | undefined

/** Looks at one place after the other until one is found open. */
async function* look(target: Target, routes: readonly Route[], judge: Judge, what: string): AsyncGenerator<Outcome> {
  for (const route of routes.slice(0, PLACES)) {
    const ask = { path: withQuery(route), signedIn: route.signedIn === true }
    const first = await target.send(ask)
    const why = judge(first)
    const outcome = await tryOut(
      {
        control: async () => first.status >= 200 && first.status < 300,
        attack: async () => {
          const answer = await target.send(ask)
          return { worked: judge(answer) !== undefined, answer }
        },
      },
      { method: 'GET', path: route.path, message: why === undefined ? `${what}.` : `${what}: ${why}.`, remedy: REMEDY },
    )
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

function pages(target: Target): readonly Route[] {
  return target.routes.filter(({ method, html }) => method === 'GET' && html === true)
}

/** Pages first: a script or style guessed from data needs somebody else's page. */
function readable(target: Target): readonly Route[] {
  const rest = target.routes.filter(({ method, html }) => method === 'GET' && html !== true)
  return [...pages(target).slice(0, 2), ...rest]
}

function withQuery({ path, query }: Route): string {
  return query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path
}

type Policy = ReadonlyMap<string, readonly string[]>

/** The policies that a browser would enforce: all of them at once, and in each the first of repeated directives. */
function policiesOf(answer: Answer): Policy[] {
  const texts = (answer.headers['content-security-policy'] ?? '').split(',')
  // A policy may also stand in the page.
  const meta =
    /<meta\s[^>]*http-equiv\s*=\s*["']?content-security-policy["']?\s[^>]*?content\s*=\s*(?:"([^"]*)"|'([^']*)')/i
  const inPage = meta.exec(answer.text)
  if (inPage) texts.push((inPage[1] ?? inPage[2] ?? '').replaceAll('&#39;', "'").replaceAll('&quot;', '"'))
  return texts.map(parsePolicy).filter((policy) => policy.size > 0)
}

function parsePolicy(text: string): Policy {
  const policy = new Map<string, readonly string[]>()
  for (const part of text.split(';')) {
    const [name = '', ...sources] = part.trim().toLowerCase().split(/\s+/)
    if (name !== '' && !policy.has(name)) policy.set(name, sources)
  }
  return policy
}

function weaknessOf(answer: Answer): string | undefined {
  const policies = policiesOf(answer)
  if (policies.length === 0) return 'it has none'
  if (policies.every(allowsInlineScript)) return 'it lets inline scripts run, or scripts from anywhere'
  const isLoose = (sources: readonly string[] | undefined): boolean => sources === undefined || sources.some(isAnywhere)
  if (policies.every((policy) => isLoose(policy.get('object-src') ?? policy.get('default-src')))) {
    return 'it lets plug-ins load from anywhere'
  }
  const needsBase = policies.some((policy) =>
    (scriptSources(policy) ?? []).some((source) => source.startsWith("'nonce-")),
  )
  if (needsBase && policies.every((policy) => isLoose(policy.get('base-uri')))) {
    return 'it lets an injected <base> move the scripts that carry the nonce'
  }
  return undefined
}

function allowsInlineScript(policy: Policy): boolean {
  const sources = scriptSources(policy)
  if (sources === undefined) return true
  const isBound = sources.some((source) => /^'(?:nonce-|sha(?:256|384|512)-)/.test(source))
  if (!isBound && sources.includes("'unsafe-inline'")) return true
  if (policy.get('script-src-attr')?.includes("'unsafe-inline'") === true) return true
  return !(isBound && sources.includes("'strict-dynamic'")) && sources.some(isAnywhere)
}

function scriptSources(policy: Policy): readonly string[] | undefined {
  return policy.get('script-src-elem') ?? policy.get('script-src') ?? policy.get('default-src')
}

function isAnywhere(source: string): boolean {
  return (
    source === '*' ||
    source === 'https:' ||
    source === 'http:' ||
    source === 'data:' ||
    /^https?:\/\/\*(?:[:/]|$)/.test(source)
  )
}

function framingOf(answer: Answer): string | undefined {
  // frame-ancestors has no effect in a page's own <meta>.
  const policies = (answer.headers['content-security-policy'] ?? '').split(',').map(parsePolicy)
  const ancestors = policies.flatMap((policy) =>
    policy.has('frame-ancestors') ? [policy.get('frame-ancestors') ?? []] : [],
  )
  if (ancestors.length > 0) {
    return ancestors.every((sources) => sources.some(isAnywhere)) ? 'frame-ancestors names everybody' : undefined
  }
  const header = answer.headers['x-frame-options']
  if (header === undefined) return 'neither frame-ancestors nor X-Frame-Options is there'
  const words = new Set(header.split(',').map((word) => word.trim().toLowerCase()))
  const isKnown = words.has('deny') || words.has('sameorigin')
  return isKnown ? undefined : 'its X-Frame-Options is none that browsers know'
}

function sniffingOf(answer: Answer): string | undefined {
  const first = (answer.headers['x-content-type-options'] ?? '').split(',')[0]!.trim().toLowerCase()
  return first === 'nosniff' ? undefined : 'X-Content-Type-Options does not say nosniff'
}

const REFERRER_POLICY =
  /^(?:no-referrer|no-referrer-when-downgrade|origin|origin-when-cross-origin|same-origin|strict-origin|strict-origin-when-cross-origin|unsafe-url)$/

function referrerOf(answer: Answer): string | undefined {
  const meta = /<meta\s[^>]*name\s*=\s*["']?referrer["']?\s[^>]*?content\s*=\s*["']?([a-z-]+)/i.exec(answer.text)?.[1]
  const words = `${answer.headers['referrer-policy'] ?? ''},${meta ?? ''}`
    .split(',')
    .map((word) => word.trim().toLowerCase())
  const last = words.findLast((word) => REFERRER_POLICY.test(word))
  if (last === undefined) return 'without a Referrer-Policy, what is sent depends on the browser'
  return last === 'unsafe-url' || last === 'no-referrer-when-downgrade' ? `its Referrer-Policy is ${last}` : undefined
}

function isolationOf(answer: Answer): string | undefined {
  const opener = (answer.headers['cross-origin-opener-policy'] ?? '').split(';')[0]!.trim()
  if (!/^(?:same-origin|same-origin-allow-popups|noopener-allow-popups)$/.test(opener))
    return 'Cross-Origin-Opener-Policy is missing'
  const resource = (answer.headers['cross-origin-resource-policy'] ?? '').trim()
  return /^(?:same-origin|same-site|cross-origin)$/.test(resource)
    ? undefined
    : 'Cross-Origin-Resource-Policy is missing'
}

function noncesOf(answer: Answer): string[] {
  const header = answer.headers['content-security-policy'] ?? ''
  return [...header.matchAll(/'nonce-([A-Za-z0-9+/_=-]+)'/g)].map((match) => match[1]!)
}
