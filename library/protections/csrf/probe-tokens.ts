import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { formsIn, OldBrowser, pagesFor, tokensOf } from './probe-old-browser.ts'

const REMEDY =
  "Demand the token: csrf: { tokens: 'required' } in the policy, or secure({ csrf: 'token' }) on the route."
const MOST_GROUNDS = 2
const MOST_PAGES_OF_OTHERS = 40

/** A form that shows a token, and how it is reached. */
interface Ground {
  readonly route: Route
  readonly page: string
  /** Name of the field with the token. */
  readonly field: string
  /** The free text that can be read back. */
  readonly word: string
}

/** Browsers that say where a request comes from are refused by what they say; whoever shows a token means all the others too. */
const notChecked: Probe = {
  name: 'csrf/token-not-checked',
  risk: 'csrf',
  title: 'A form shows a token, and is taken without it',
  kind: 'state',
  async *attack(target) {
    for await (const ground of grounds(target)) {
      yield await forge(
        target,
        ground,
        'The form shows a token, and a request without one changes something all the same.',
        async () => {
          return { browser: await arrive(target), token: undefined }
        },
      )
    }
  },
}

const ofAnotherSession: Probe = {
  name: 'csrf/token-of-another-session',
  risk: 'csrf',
  title: "A form takes a token of the attacker's own",
  kind: 'state',
  async *attack(target) {
    for await (const ground of grounds(target)) {
      const strangers = await strangersToken(target, ground)
      if (strangers === undefined) continue
      yield await forge(
        target,
        ground,
        'A token that a stranger got for himself is taken from a signed-in visitor.',
        async () => {
          return { browser: await arrive(target), token: await strangersToken(target, ground) }
        },
      )
    }
  },
}

/** Whoever saw the page of a guest, or planted one, must not know the token of the account that is signed in to on it. */
const reusedAfterSignIn: Probe = {
  name: 'csrf/token-reused-after-sign-in',
  risk: 'csrf',
  title: 'A token from before the sign-in is good afterwards',
  kind: 'state',
  async *attack(target) {
    const signIn = signInOf(target)
    if (signIn === undefined || !(await new OldBrowser(target).signIn(signIn)).isIn) return
    for await (const ground of grounds(target)) {
      yield await forge(
        target,
        ground,
        'A token that a guest was shown is good after the guest has signed in.',
        async () => {
          const browser = new OldBrowser(target)
          const { form } = await browser.signIn(signIn)
          return { browser, token: tokensOf(form)[ground.field] ?? '' }
        },
      )
    }
  },
}

export const tokenProbes: readonly Probe[] = [notChecked, ofAnotherSession, reusedAfterSignIn]

interface Forgery {
  readonly browser: OldBrowser
  readonly token: string | undefined
}

/** Judges by effect: the word that was sent must be there to read; and the form itself must be able to send one. */
function forge(target: Target, ground: Ground, message: string, prepare: () => Promise<Forgery>): Promise<Outcome> {
  const { route, field, page } = ground
  const write = async (
    browser: OldBrowser,
    tokens: Record<string, string>,
  ): Promise<{ worked: boolean; answer: Answer }> => {
    const word = target.nonce()
    const { [field]: _, ...rest } = route.body?.fields ?? {}
    const answer = await browser.post(route, { ...rest, [ground.word]: word, ...tokens })
    return { worked: (await browser.get(route.readBack ?? '/')).text.includes(word), answer }
  }
  return tryOut(
    {
      control: async () => {
        const browser = await arrive(target)
        const form = await browser.formFor(route, [page])
        return (await write(browser, { ...form?.fields })).worked
      },
      attack: async () => {
        const { browser, token } = await prepare()
        return write(browser, token === undefined ? {} : { [field]: token })
      },
    },
    { method: route.method, path: route.path, message, remedy: REMEDY },
  )
}

/** Forms that write what can be read back, and that show a token. */
async function* grounds(target: Target): AsyncIterable<Ground> {
  let found = 0
  const browser = await arrive(target)
  for (const route of target.routes) {
    if (route.method !== 'POST' || route.body?.type !== 'form' || route.readBack === undefined || route.signIn) continue
    const form = await browser.formFor(route, pagesFor(target, route))
    const [field] = Object.keys(tokensOf(form))
    const words = Object.keys(route.body.fields).filter((name) => name !== field && !/token|next|id$|mail/i.test(name))
    const word = words.find((name) => /memo|text|body|title|comment|message|content|bio/i.test(name)) ?? words[0]
    if (form === undefined || field === undefined || word === undefined) continue
    yield { route, page: form.page, field, word }
    if (++found >= MOST_GROUNDS) return
  }
}

/** The visitor that the attack is about: signed in where the target has a sign-in. */
async function arrive(target: Target): Promise<OldBrowser> {
  const browser = new OldBrowser(target)
  const signIn = signInOf(target)
  if (signIn !== undefined) await browser.signIn(signIn)
  return browser
}

/** What a guest finds in any form under the same name, or else what somebody else with an account is shown. */
async function strangersToken(target: Target, { route, field }: Ground): Promise<string | undefined> {
  const stranger = new OldBrowser(target)
  const signIn = signInOf(target)
  const pages = [...(signIn === undefined ? [] : [signIn.path]), ...pagesFor(target, route)]
  for (const page of pages) {
    const token = tokenIn(await stranger.get(page), field)
    if (token !== undefined) return token
  }
  if (!target.hasOther) return undefined
  const others = target.routes.filter(({ method, html }) => method === 'GET' && html === true)
  for (const { path } of others.slice(0, MOST_PAGES_OF_OTHERS)) {
    const token = tokenIn(await target.send({ path, other: true }), field)
    if (token !== undefined) return token
  }
  return undefined
}

function tokenIn({ text }: Answer, field: string): string | undefined {
  for (const form of formsIn(text)) {
    const token = tokensOf(form)[field]
    if (token !== undefined) return token
  }
  return undefined
}

function signInOf(target: Target): Route | undefined {
  return target.routes.find(({ signIn, method, body }) => signIn === true && method === 'POST' && body !== undefined)
}
