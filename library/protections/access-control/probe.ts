import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { objectProbe } from './probe-objects.ts'
import { ask, hasId, isEnding, lookAround, needsOther, shows, wordsOnlyIn } from './probe-view.ts'

const MOST = 5

/** Asks for what needs an account, without one. */
const forcedBrowsing: Probe = {
  name: 'access-control/forced-browsing',
  risk: 'missing-authorization',
  title: 'A page for signed-in people answers anybody',
  kind: 'active',
  async *attack(target) {
    const routes = target.routes.filter(({ method, signedIn }) => method === 'GET' && signedIn === true)
    for (const { path, crawled } of routes.slice(0, MOST)) {
      yield await tryOut(
        {
          attack: async () => {
            const answer = await target.send({ path, headers: { 'sec-fetch-site': 'none' } })
            const isShown = answer.status === 200 && answer.text !== '' && !/type=["']?password/i.test(answer.text)
            return { worked: isShown && (crawled !== true || isPrivate(target, path, answer)), answer }
          },
          // An app that answers everything with the same page has not shown this one.
          alsoHarmless: async () => {
            const other = await target.send({ path: `/${target.nonce()}`, headers: { 'sec-fetch-site': 'none' } })
            return other.status === 200
          },
        },
        {
          method: 'GET',
          path,
          message: 'A page that the app shows to signed-in people only is shown to anybody who knows its address.',
          remedy: "Declare who may call it: secure({ allow: 'a:permission' }), with roles in policy.accessControl.",
        },
      )
    }
  },
}

const FOR_FEW =
  /(^|[^a-z])(admin\w*|manage(ment)?|internal|backoffice|staff|moderat\w*|accounts?|users|customers)([^a-z]|$)/i

/** A page that only people with an account are led to may be for everybody all the same: nothing says so but what is on it. */
function isPrivate(target: Target, path: string, answer: Answer): boolean {
  const signIn = target.routes.find((route) => route.signIn === true && route.body !== undefined)
  const typed = Object.entries(signIn?.body?.fields ?? {}).filter(([name]) => /mail|user|name|login/i.test(name))
  return FOR_FEW.test(path) || typed.some(([, value]) => value.length >= 3 && answer.text.includes(value))
}

/** Opens what the app links for somebody else only: hiding a link is no check. */
const forgotten: Probe = {
  name: 'access-control/forgotten',
  risk: 'missing-authorization',
  title: 'A page that is only hidden from lesser accounts answers them',
  kind: 'active',
  async *attack(target) {
    if (!target.hasOther) {
      yield needsOther('GET', '/')
      return
    }
    const [theirs, own] = [await lookAround(target, 'other'), await lookAround(target, 'account')]
    const hidden = [...theirs.links].filter((link) => !own.links.has(link) && !hasId(link) && !isEnding(link))
    for (const path of hidden.slice(0, MOST)) {
      const shown = await ask(target, 'other', { path })
      const nothing = await ask(target, 'account', { path: `/${target.nonce()}` })
      const words = wordsOnlyIn(shown, nothing)
      yield await tryOut(
        {
          control: async () => shows(shown, words),
          attack: async () => {
            const answer = await ask(target, 'account', { path })
            return { worked: shows(answer, words), answer }
          },
        },
        {
          method: 'GET',
          path,
          message:
            'A page to which the app links for another account only is shown to an account that has no such link.',
          remedy:
            "Declare who may call it: secure({ allow: 'a:permission' }), with a permission that only their role has.",
        },
      )
    }
  },
}

const VERBS = ['POST', 'PUT', 'PATCH', 'HEAD'] as const

/** Asks for a refused page by another method: a check that names one forgets the others. */
const verbTampering: Probe = {
  name: 'access-control/verb-tampering',
  risk: 'missing-authorization',
  title: 'A refused page is shown when it is asked for by another method',
  kind: 'state',
  async *attack(target) {
    const pages = target.routes.filter(
      (route) => route.method === 'GET' && route.signedIn === true && !isEnding(route.path),
    )
    let tried = 0
    for (const page of pages) {
      if (tried >= MOST) return
      const refused = await ask(target, 'guest', { path: page.path })
      if (refused.status !== 401 && refused.status !== 403 && refused.status !== 404) continue
      const words = await wordsOf(target, page, refused)
      if (words.length === 0) continue
      tried++
      yield await tamper(target, page.path, words)
    }
  },
}

async function tamper(target: Target, path: string, words: readonly string[]): Promise<Outcome> {
  let last: Outcome | undefined
  for (const method of VERBS) {
    last = await tryOut(
      {
        attack: async () => {
          const answer = await ask(target, 'guest', { method, path, ...(method !== 'HEAD' && { form: {} }) })
          return { worked: shows(answer, words), answer }
        },
      },
      {
        method,
        path,
        message: `Asked for by ${method}, the page shows what it refuses to show when it is asked for by GET.`,
        remedy:
          'Declare who may call each route with secure({ allow }), whatever its method; let no check name methods.',
      },
    )
    if (last.verdict === 'proven') return last
  }
  return last as Outcome
}

/** What the page shows to whoever may see it, and not to a guest. */
async function wordsOf(target: Target, { path }: Route, refused: Answer): Promise<readonly string[]> {
  for (const who of target.hasOther ? (['account', 'other'] as const) : (['account'] as const)) {
    const shown = await ask(target, who, { path })
    const words = wordsOnlyIn(shown, refused)
    if (shows(shown, words)) return words
  }
  return []
}

export const probes: readonly Probe[] = [forcedBrowsing, forgotten, verbTampering, objectProbe]
