import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY =
  'Protect the app with bulwark(), and take no key of a request to write under: keep what people name in a Map or in Object.create(null).'
const REACHING = '__proto__'
const HARMLESS = '__prato__'
const PLACES = 6
const OUTCOMES = 5
const PAGES = 3

type Fields = Readonly<Record<string, string>>
/** Fields, of which one may hold others. */
type Sent = Readonly<Record<string, string | Fields>>
/** The fields of a request that plants the word under the name; `name` takes the place of `__proto__`. */
type Forge = (word: string, name: string) => Sent

interface Place {
  readonly route: Route
  readonly in: 'query' | 'body'
  readonly what: string
  /** Its name says that it holds the name of something. */
  readonly isLikely: boolean
  readonly ways: readonly Forge[]
  /** What was planted may be seen only once something else is copied. */
  readonly spreads?: boolean
}

/** How setters write the way to a property, so far as the word in front says nothing of the rest. */
const PATHS: readonly ((name: string, word: string) => string)[] = [
  (name, word) => `${name}.${word}`,
  (name, word) => `/${name}/${word}`,
  (name, word) => `${name}[${word}]`,
  (name, word) => `["${name}"]["${word}"]`,
]
/** Names of fields that hold the name of something. */
const NAMING =
  /^(?:path|key|field|name|prop(?:erty)?|pointer|attr(?:ibute)?|setting|option|group|section|category|column)$/i
/** Names of fields that hold a path. */
const PATH = /^(?:path|pointer|keys?)$/i
/** What looks like a path: `look.theme`, `/look/theme`. */
const PATHLIKE = /^\/?[A-Za-z_$][\w$-]*(?:[./][A-Za-z_$][\w$-]*)+$|^\/[A-Za-z_$][\w$-]*$/

const pathValue = polluting({
  name: 'path-value',
  title: 'A value that is a path leads into the prototype of other objects',
  message: (what) => `What ${what} names as a path is written into an object that all others inherit from.`,
  places: (route) =>
    placesOf(
      route,
      (name, value) => isPath(name, value),
      (field, fields) => PATHS.map((way) => (word, name) => ({ ...filled(fields, word), [field]: way(name, word) })),
    ),
})

const keyValue = polluting({
  name: 'key-value',
  title: 'A value that names a key leads into the prototype of other objects',
  message: (what) =>
    `What ${what} names as a key may be __proto__, and what is written there shows up in other objects.`,
  places: (route) =>
    placesOf(
      route,
      (name, value) => NAMING.test(name) || /^[a-z]\w{1,19}$/i.test(value),
      (field, fields) =>
        Object.keys(fields).length < 2 ? [] : [(word, name) => ({ ...filled(fields, word), [field]: name })],
    ),
})

const fieldName = polluting({
  name: 'field-name',
  title: 'The name of a field leads into the prototype of other objects',
  message: (what) =>
    `The name of ${what} is taken apart as a path, and leads into an object that all others inherit from.`,
  places: (route) =>
    route.body?.type === 'form' ? [named(route, 'body', route.body.fields, 'a field')] : nested(route),
})

const queryName = polluting({
  name: 'query-name',
  title: 'The name of a parameter leads into the prototype of other objects',
  message: (what) =>
    `The name of ${what} is taken apart as a path, and leads into an object that all others inherit from.`,
  places: (route) =>
    route.query === undefined || Object.keys(route.query).length === 0
      ? []
      : [named(route, 'query', route.query, 'a parameter')],
})

/** Blanks in front of a path keep whatever looks for paths from seeing one: only what was done tells then. */
const disguised = polluting({
  name: 'disguised-path',
  title: 'A path that does not look like one leads into the prototype of other objects',
  message: (what) =>
    `What ${what} names as a path, with blanks in it, is written into an object that all others inherit from.`,
  places: (route) =>
    placesOf(
      route,
      (name, value) => isPath(name, value),
      (field, fields) => [
        (word, name) => ({ ...filled(fields, word), [field]: `my own ${word}.${name}.${word}` }),
        (word, name) => ({ ...filled(fields, word), [field]: `/my own ${word}/${name}/${word}` }),
      ],
    ),
})

export const probes: readonly Probe[] = [pathValue, keyValue, fieldName, queryName, disguised]

interface Plan {
  readonly name: string
  readonly title: string
  message(what: string): string
  places(route: Route): readonly Place[]
}

/** What is planted has a name that nothing reads, and so does no harm but to be there. */
function polluting({ name, title, message, places }: Plan): Probe {
  return {
    name: `prototype-pollution/${name}`,
    risk: 'prototype-pollution',
    title,
    kind: 'last',
    async *attack(target): AsyncIterable<Outcome> {
      const routes = target.routes.filter(({ method, signIn }) => method !== 'UPGRADE' && signIn !== true)
      const found = routes.flatMap((route) => (isWritable(route) ? places(route) : []))
      const all = found.sort((a, b) => Number(b.isLikely) - Number(a.isLikely)).slice(0, PLACES)
      let yielded = 0
      for (const place of all) {
        const outcome = await plantedAt(target, place, message(`${place.what} of ${place.route.path}`))
        yield outcome
        if (outcome.verdict === 'proven' || ++yielded === OUTCOMES) return
      }
    },
  }
}

async function plantedAt(target: Target, place: Place, message: string): Promise<Outcome> {
  const { route, ways } = place
  const signedIn = route.signedIn === true
  const honest = await target.send(
    askOf(target, place, (place.in === 'query' ? route.query : route.body?.fields) ?? {}),
  )
  const pages: string[] = []
  for (const path of pagesFor(target, route)) if (isFine(await target.send({ path, signedIn }))) pages.push(path)
  const planted: string[] = []
  const plant = async (way: Forge, name: string): Promise<{ worked: boolean; answer: Answer }> => {
    const word = target.nonce()
    let answer = await target.send(askOf(target, place, way(word, name)))
    if (name === REACHING) planted.push(word)
    if (place.spreads === true) await target.send(askOf(target, place, route.body?.fields ?? {}))
    // What one word has done may keep the next one from getting there: that the first is still there is as good.
    const words = name === REACHING ? planted : [word]
    for (const path of pages) {
      answer = await target.send({ path, signedIn })
      // Some frameworks fall over any property that they find where there was none.
      const worked = answer.status >= 500 || words.some((each) => isPlanted(answer.text, each))
      if (worked) return { worked, answer }
    }
    return { worked: false, answer }
  }
  let chosen = ways[0] as Forge
  let isHarmless = false
  for (const way of isFine(honest) && pages.length > 0 ? ways : []) {
    // A page that shows everything that was ever written would show this one too. It comes first: after the attack nothing may work.
    isHarmless = (await plant(way, HARMLESS)).worked
    chosen = way
    if (isHarmless || (await plant(way, REACHING)).worked) break
  }
  return tryOut(
    {
      control: async () => isFine(honest) && pages.length > 0,
      attack: () => plant(chosen, REACHING),
      alsoHarmless: async () => isHarmless,
    },
    { method: route.method, path: route.path, message, remedy: REMEDY },
  )
}

/** An app that keeps what it was sent, just as it was, has not followed it. */
function isPlanted(text: string, word: string): boolean {
  return text.replace(/\s/g, '').replaceAll(`"${HARMLESS}":{"${word}":"${word}"}`, '').includes(word)
}

/** Where other people's objects are shown: the page of what is written here, and others that need nothing to be asked. */
function pagesFor(target: Target, { readBack }: Route): readonly string[] {
  if (readBack !== undefined) return [readBack]
  return target.routes
    .filter((route) => route.method === 'GET' && route.query === undefined)
    .map(({ path }) => path)
    .slice(0, PAGES)
}

function placesOf(
  route: Route,
  suits: (name: string, value: string) => boolean,
  waysFor: (field: string, fields: Fields) => readonly Forge[],
): Place[] {
  const places: Place[] = []
  for (const where of ['query', 'body'] as const) {
    const fields = (where === 'query' ? route.query : route.body?.fields) ?? {}
    for (const [name, value] of Object.entries(fields)) {
      const ways = suits(name, value) ? waysFor(name, fields) : []
      if (ways.length > 0)
        places.push({ route, in: where, what: `the field ${name}`, isLikely: NAMING.test(name), ways })
    }
  }
  return places
}

function named(route: Route, where: Place['in'], fields: Fields, what: string): Place {
  const ways = [
    (word: string, name: string) => ({ ...fields, [`${name}[${word}]`]: word }),
    (word: string, name: string) => ({ ...fields, [`${name}.${word}`]: word }),
    (word: string, name: string) => ({ ...fields, [`${word}[${name}][${word}]`]: word }),
  ]
  return { route, in: where, what, isLikely: true, ways }
}

/** A document with an object under the name, as whoever copies documents key by key would follow it. */
function nested(route: Route): Place[] {
  const { body } = route
  if (body?.type !== 'json') return []
  const way: Forge = (word, name) => ({ ...body.fields, [name]: { [word]: word } })
  return [{ route, in: 'body', what: 'a field', isLikely: true, ways: [way], spreads: true }]
}

/** Each field with the word in it, so far as it takes one. */
function filled(fields: Fields, word: string): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      /^(?:_?csrf|token|next|id|op|action|method|type)$/i.test(name) || /^[\d.]+$|@/.test(value) ? value : word,
    ]),
  )
}

function isWritable({ body, query }: Route): boolean {
  return query !== undefined || (body !== undefined && body.type !== 'text' && body.files === undefined)
}

function askOf(target: Target, place: Place, fields: Sent): Ask {
  const { route } = place
  const { method, path, body } = route
  const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  const query = place.in === 'query' ? texts : route.query
  const ask: Ask = {
    method,
    path: query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: route.signedIn === true,
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (body === undefined || method === 'GET') return ask
  if (body.type === 'json') return { ...ask, json: place.in === 'body' ? fields : body.fields }
  return { ...ask, form: place.in === 'body' ? texts : body.fields }
}

function isPath(name: string, value: string): boolean {
  return PATH.test(name) || PATHLIKE.test(value)
}

function isFine({ status }: Answer): boolean {
  return status >= 200 && status < 400
}
