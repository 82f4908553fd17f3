import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { parseUrl } from '../../toolbox/url.ts'
import {
  ask,
  hasId,
  isDeleting,
  isEnding,
  lookAround,
  lookAt,
  needsOther,
  type SeenForm,
  shows,
  type View,
  withoutObject,
  wordsOnlyIn,
} from './probe-view.ts'

const MOST = 3
const MOST_LISTS = 6
const REMEDY =
  "Ask about the object: secure({ allow: 'a:permission', object: (x) => load(x.params.id) }), or req.security.assert('a:permission', object)."

/** Somebody signed in reads, changes and deletes what belongs to another account. */
export const objectProbe: Probe = {
  name: 'access-control/other-peoples-object',
  risk: 'broken-object-access',
  title: "An account gets at what is another account's",
  kind: 'state',
  async *attack(target) {
    if (!target.hasOther) {
      yield needsOther('GET', '/')
      return
    }
    for (const route of target.routes.filter(({ own, body }) => own === true && body !== undefined).slice(0, 2)) {
      yield* attackMade(target, route)
    }
    const made = await makeOne(target)
    const more = made === undefined ? [] : [made]
    const [theirs, own] = [await lookAround(target, 'other', more), await lookAround(target, 'account', more)]
    yield* readLinked(target, theirs, own)
    yield* readListed(target)
    yield* writeLinked(target, theirs, own)
    yield* deleteLinked(target)
  },
}

/** What a route makes for whoever calls it, by its own word: reads it, and deletes it, as somebody else. */
async function* attackMade(target: Target, route: Route): AsyncGenerator<Outcome> {
  const read = async (): Promise<{ worked: boolean; answer: Answer; path: string }> => {
    const word = target.nonce()
    const path = await make(target, route, word)
    const answer = await ask(target, 'account', { path: path ?? route.path })
    return { worked: path !== undefined && answer.text.includes(word), answer, path: path ?? route.path }
  }
  const first = await madeReadable(target, route)
  if (first === undefined) return
  yield await tryOut(
    { attack: read },
    { method: 'GET', path: first, message: 'An account reads what another account made for itself.', remedy: REMEDY },
  )
  yield await tryOut(
    {
      attack: async () => {
        const path = (await madeReadable(target, route)) ?? first
        const answer = await ask(target, 'account', { method: 'DELETE', path })
        return { worked: await isGone(target, path), answer }
      },
    },
    {
      method: 'DELETE',
      path: first,
      message: 'An account deletes what another account made for itself.',
      remedy: REMEDY,
    },
  )
}

/** The address of something that the other account has just made, and can read. */
async function madeReadable(target: Target, route: Route): Promise<string | undefined> {
  const word = target.nonce()
  const path = await make(target, route, word)
  if (path === undefined) return undefined
  return (await ask(target, 'other', { path })).text.includes(word) ? path : undefined
}

/** Has the other account make something with this word in it; answers where it is. */
async function make(target: Target, route: Route, word: string): Promise<string | undefined> {
  const { method, path, body } = route
  if (body === undefined || body.type === 'text') return undefined
  const fields = Object.fromEntries(
    Object.entries(body.fields).map(([name, value]) => [name, isText(name, value) ? word : value]),
  )
  const answer = await ask(target, 'other', {
    method,
    path,
    ...(body.type === 'form' ? { form: fields } : { json: fields }),
  })
  if (answer.status === 0 || answer.status >= 400) return undefined
  const { location } = answer.headers
  const to = location === undefined ? undefined : parseUrl(location, target.origin + path)
  if (to !== undefined && to.origin === target.origin && hasId(to.pathname)) return to.pathname
  const id = /"_?id"\s*:\s*"?([\w-]{1,64})/.exec(answer.text)?.[1]
  return id === undefined ? undefined : `${path.replace(/\/$/, '')}/${id}`
}

/** Something of the other account's own, made by a form that the account may use as well. */
async function makeOne(target: Target): Promise<string | undefined> {
  for (const route of target.routes) {
    const { method, body, signedIn, readBack, signIn, path } = route
    if (method !== 'POST' || body === undefined || signedIn !== true || signIn === true) continue
    if (readBack === undefined || hasId(path) || isEnding(path)) continue
    const made = await make(target, route, target.nonce())
    if (made !== undefined) return made.replace('/api/', '/')
  }
  return undefined
}

/** Opens links to single objects that the app shows to the other account only. What anybody may read is nobody's secret. */
async function* readLinked(target: Target, theirs: View, own: View): AsyncGenerator<Outcome> {
  const links = [...theirs.links].filter((link) => !own.links.has(link) && hasId(link) && !isEnding(link))
  yield* readEach(target, links, 'links')
}

/** The same in lists for programs: what stands in the other account's list only, at the address of the list and its id. */
async function* readListed(target: Target): AsyncGenerator<Outcome> {
  const lists = target.routes.filter(({ method, path, html }) => method === 'GET' && html !== true && !hasId(path))
  const paths: string[] = []
  for (const { path, query } of lists.slice(0, MOST_LISTS)) {
    const whole = query ? `${path}?${new URLSearchParams(query)}` : path
    const [theirs, own] = [await ask(target, 'other', { path: whole }), await ask(target, 'account', { path: whole })]
    const known = new Set(idsIn(own))
    const hidden = idsIn(theirs).filter((id) => !known.has(id))
    paths.push(...hidden.slice(0, MOST).map((id) => `${path.replace(/\/$/, '')}/${id}`))
  }
  yield* readEach(target, paths, 'lists')
}

function idsIn({ text, status, headers }: Answer): readonly string[] {
  if (status !== 200 || !/\bjson\b/i.test(headers['content-type'] ?? '')) return []
  return [...text.matchAll(/"_?(?:id|uuid|slug)"\s*:\s*"?([\w-]{1,64})/g)].map(([, id = '']) => id)
}

async function* readEach(target: Target, paths: readonly string[], how: 'links' | 'lists'): AsyncGenerator<Outcome> {
  let tried = 0
  for (const path of paths) {
    if (tried >= MOST) return
    const shown = await ask(target, 'other', { path })
    const nothing = await ask(target, 'account', { path: withoutObject(path) })
    const words = wordsOnlyIn(shown, nothing)
    if (!shows(shown, words) || shows(await ask(target, 'guest', { path }), words)) continue
    tried++
    const outcome = await tryOut(
      {
        attack: async () => {
          const answer = await ask(target, 'account', { path })
          return { worked: shows(answer, words), answer }
        },
      },
      {
        method: 'GET',
        path,
        message: `An account reads what the app ${how} for another account only, by changing the id in the address.`,
        remedy: REMEDY,
      },
    )
    yield outcome
    // One that works says it all.
    if (outcome.verdict === 'proven') return
  }
}

/** Sends forms that the app shows to the other account only, and has the other account read what became of it. */
async function* writeLinked(target: Target, theirs: View, own: View): AsyncGenerator<Outcome> {
  const offered = new Set(own.forms.map(({ action }) => action))
  let tried = 0
  for (const form of await formsOf(target, theirs, own)) {
    if (tried >= MOST) return
    if (form.method !== 'POST' || form.text === undefined || offered.has(form.action)) continue
    if (!hasId(form.action) || isEnding(form.action)) continue
    tried++
    const outcome = await tryOut(
      {
        control: async () => isWritten(target, form, await send(target, 'other', form, target.nonce())),
        attack: async () => {
          const sent = await send(target, 'account', form, target.nonce())
          return { worked: await isWritten(target, form, sent), answer: sent.answer }
        },
      },
      {
        method: 'POST',
        path: form.action,
        message: "An account changes what is another account's, by sending the form that only the other is shown.",
        remedy: REMEDY,
      },
    )
    yield outcome
    // One that works says it all.
    if (outcome.verdict === 'proven') return
  }
}

/** The forms in what the other account is shown, and in the pages to which it alone is led. */
async function formsOf(target: Target, theirs: View, own: View): Promise<readonly SeenForm[]> {
  const hidden = [...theirs.links].filter((link) => !own.links.has(link) && hasId(link) && !isEnding(link))
  const forms = [...theirs.forms]
  for (const page of hidden.slice(0, MOST)) forms.push(...(await lookAt(target, 'other', page)).forms)
  return forms
}

interface Sent {
  readonly word: string
  readonly answer: Answer
}

async function send(target: Target, who: 'account' | 'other', form: SeenForm, word: string): Promise<Sent> {
  const fields = { ...form.fields, [form.text as string]: word }
  return { word, answer: await ask(target, who, { method: 'POST', path: form.action, form: fields }) }
}

async function isWritten(target: Target, form: SeenForm, { word }: Sent): Promise<boolean> {
  const page = await ask(target, 'other', { path: form.page })
  return page.text.includes(word)
}

/** Deletes, as somebody else, what the other account has made for this and nothing else. */
async function* deleteLinked(target: Target): AsyncGenerator<Outcome> {
  let button: SeenForm | undefined
  const find = async (): Promise<string | undefined> => {
    const made = await makeOne(target)
    if (made === undefined) return undefined
    const [theirs, own] = [await lookAt(target, 'other', made), await lookAt(target, 'account', made)]
    const offered = new Set(own.forms.map(({ action }) => action))
    const only = theirs.forms.filter(
      ({ method, action }) => method === 'POST' && isDeleting(action) && action.startsWith(`${made}/`),
    )
    // A button that the account is shown as well may be meant for it, unless the whole page is only the other's.
    button =
      only.find(({ action }) => !offered.has(action)) ?? ((await isUnlisted(target, made, own)) ? only[0] : undefined)
    return button === undefined ? undefined : made
  }
  const first = await find()
  if (first === undefined || button === undefined) return
  const { action } = button
  yield await tryOut(
    {
      attack: async () => {
        const path = (await find()) ?? first
        const { action: now = action, fields = {} } = button ?? {}
        const answer = await ask(target, 'account', { method: 'POST', path: now, form: fields })
        return { worked: await isGone(target, path), answer }
      },
    },
    { method: 'POST', path: action, message: "An account deletes what is another account's.", remedy: REMEDY },
  )
}

/** The account can open the page, though nothing that it is shown leads there. */
async function isUnlisted(target: Target, path: string, own: View): Promise<boolean> {
  return own.forms.length > 0 && !(await lookAround(target, 'account')).links.has(path)
}

async function isGone(target: Target, path: string): Promise<boolean> {
  const { status } = await ask(target, 'other', { path })
  return status === 404 || status === 410
}

/** A field that takes what a person writes: not the hidden ones that say which object it is. */
function isText(name: string, value: string): boolean {
  return !/token|csrf|(^|[-_])id$|type|status|email|password/i.test(name) && (value === '' || /[a-z]/i.test(value))
}
