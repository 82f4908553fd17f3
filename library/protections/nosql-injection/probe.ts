import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY =
  'Check that each value is a text or a number before it goes into a filter, or make filters with filter(), and guard the database with guardMongo().'
const OUTCOMES = 5
const PLACES = 12
/** Milliseconds that a script of the attacker works. */
const WORK = 300

/** One value of one route that may end in a filter. */
interface Place {
  readonly route: Route
  readonly field: string
  /** The honest value. */
  readonly value: string
  /** Sends a text in its place. */
  text(value: string): Promise<Answer>
  /** Sends an object with one operator in its place. */
  operator(name: string, operand: string): Promise<Answer>
}

const operator: Probe = {
  name: 'nosql-injection/operator',
  risk: 'nosql-injection',
  title: 'An operator of the client decides what a query finds',
  kind: 'active',
  isRough: true,
  attack: (target) => overPlaces(target, finds),
}

const oracle: Probe = {
  name: 'nosql-injection/pattern-oracle',
  risk: 'nosql-injection',
  title: 'A value that nobody may see is read sign by sign with patterns',
  kind: 'active',
  isRough: true,
  attack: (target) => overPlaces(target, reads),
}

const script: Probe = {
  name: 'nosql-injection/script',
  risk: 'nosql-injection',
  title: 'A script of the client decides what a query finds',
  kind: 'active',
  isRough: true,
  attack: (target) => overPlaces(target, runs),
}

const time: Probe = {
  name: 'nosql-injection/script-time',
  risk: 'nosql-injection',
  title: 'A script of the client keeps the database busy',
  kind: 'active',
  isRough: true,
  attack: (target) => overPlaces(target, works),
}

export const probes: readonly Probe[] = [operator, oracle, script, time]

async function* overPlaces(
  target: Target,
  attack: (target: Target, place: Place) => Promise<Outcome | undefined>,
): AsyncGenerator<Outcome> {
  let yielded = 0
  for (const place of placesOf(target)) {
    const outcome = await attack(target, place)
    if (outcome === undefined) continue
    yield outcome
    if (outcome.verdict === 'proven' || ++yielded === OUTCOMES) return
  }
}

/** "Not this word" holds for what the database has, and "this word" does not; an app that makes a text of an object sees no difference. */
async function finds(target: Target, place: Place): Promise<Outcome | undefined> {
  const pair = async (): Promise<{ worked: boolean; answer: Answer }> => {
    const word = target.nonce()
    const nothing = await place.operator('$eq', word)
    const answer = await place.operator('$ne', word)
    return { worked: isFound(answer, nothing) && isLike(nothing, await place.text(word)), answer }
  }
  const none = (): Promise<Answer> => place.operator('$eq', target.nonce())
  return tryOut(
    {
      control: () => isSteady(target, place),
      attack: pair,
      alsoHarmless: async () => isFound(await none(), await none()),
    },
    found(
      place,
      `An operator in ${place.field} decides what the query behind this route finds: it finds what it should not.`,
    ),
  )
}

/** Of a pattern and its opposite, exactly one fits: so the answer tells of the value, one sign after the other. */
async function reads(target: Target, place: Place): Promise<Outcome | undefined> {
  const none = (): Promise<Answer> => place.operator('$regex', `^${target.nonce()}`)
  const pair = async (): Promise<{ worked: boolean; answer: Answer }> => {
    const nothing = await none()
    // Halves of the alphabet, cut at another letter each time.
    const cut = String.fromCharCode(0x68 + Math.floor(Math.random() * 12))
    const low = await place.operator('$regex', `^[^${cut}-zA-Z]`)
    const high = await place.operator('$regex', `^[${cut}-zA-Z]`)
    const [inLow, inHigh] = [isFound(low, nothing), isFound(high, nothing)]
    return { worked: inLow !== inHigh, answer: inLow ? low : high }
  }
  return tryOut(
    {
      control: () => isSteady(target, place),
      attack: pair,
      alsoHarmless: async () => isFound(await none(), await none()),
    },
    found(
      place,
      `Patterns in ${place.field} tell which sign the value in the database begins with, and so the whole of it.`,
    ),
  )
}

/** Two scripts that differ in nothing but their truth, and that are none for a database with SQL. */
async function runs(target: Target, place: Place): Promise<Outcome | undefined> {
  const say = ([close, open]: Quoting, type: string): Promise<Answer> =>
    place.text(`${target.nonce()}${close} || typeof 1 == '${type}' || ${open}`)
  const pair = async ([close, open]: Quoting): Promise<{ worked: boolean; answer: Answer }> => {
    const answer = await say([close, open], 'number')
    return { worked: isFound(answer, await say([close, open], 'string')), answer }
  }
  const quoting = await firstThat(QUOTINGS, async (each) => (await pair(each)).worked)
  return tryOut(
    {
      control: () => isSteady(target, place),
      attack: () => pair(quoting),
      alsoHarmless: async () => isFound(await say(quoting, 'object'), await say(quoting, 'string')),
    },
    found(place, `A script in ${place.field} is run by the database, and decides what is found.`),
  )
}

/** A script that works for a moment, and its twin that does not. */
async function works(target: Target, place: Place): Promise<Outcome | undefined> {
  const take = async ([close, open]: Quoting, ms: number): Promise<Answer> => {
    const loop = `(function(){var t=Date.now();while(Date.now()-t<${ms}){}return true})()`
    return place.text(`${target.nonce()}${close} || ${loop} || ${open}`)
  }
  const pair = async (quoting: Quoting): Promise<{ worked: boolean; answer: Answer }> => {
    const quick = await take(quoting, 0)
    const answer = await take(quoting, WORK)
    return { worked: answer.status !== 0 && answer.ms - quick.ms > WORK * 0.7, answer }
  }
  const quoting = await firstThat(QUOTINGS, async (each) => (await pair(each)).worked)
  return tryOut(
    { control: () => isSteady(target, place), attack: () => pair(quoting) },
    found(
      place,
      `A script in ${place.field} is run by the database, which is busy with it for as long as the client likes.`,
    ),
  )
}

/** How a script goes on behind the value that it is written into, and how it begins again. */
type Quoting = readonly [close: string, open: string]

const QUOTINGS: readonly Quoting[] = [
  ["'", "'x' == '"],
  ['"', '"x" == "'],
]

function found(place: Place, message: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: place.route.method, path: place.route.path, message, remedy: REMEDY }
}

/** The first way that works, or the first of all. */
async function firstThat<T>(ways: readonly T[], works: (way: T) => Promise<boolean>): Promise<T> {
  for (const way of ways) if (await works(way)) return way
  return ways[0] as T
}

/** Whether the route answers a word that it has never seen, and answers another one alike: else no difference means anything. */
async function isSteady(target: Target, place: Place): Promise<boolean> {
  const answer = await place.text(target.nonce())
  return answer.status !== 0 && answer.status < 500 && isLike(answer, await place.text(target.nonce()))
}

/** Whether the answer is one of success, and another one than where nothing was found. */
function isFound(answer: Answer, nothing: Answer): boolean {
  return answer.status >= 200 && answer.status < 400 && nothing.status < 500 && !isLike(answer, nothing)
}

/** Whether two answers say the same, apart from what was sent, which they may repeat. */
function isLike(a: Answer, b: Answer): boolean {
  return a.status === b.status && a.headers['location'] === b.headers['location'] && plain(a) === plain(b)
}

/** The answer without what was sent, in the ways in which pages and JSON write it. */
function plain({ ask, text }: Answer): string {
  const query = ask.path.includes('?')
    ? [...new URLSearchParams(ask.path.slice(ask.path.indexOf('?') + 1)).values()]
    : []
  const fields = Object.values((ask.form ?? ask.json ?? {}) as Readonly<Record<string, unknown>>)
  let rest = text
  for (const value of [...query, ...fields]) {
    const sent = typeof value === 'object' && value !== null ? String(Object.values(value)[0]) : String(value)
    for (const form of formsOf(sent)) rest = rest.replaceAll(form, '')
  }
  return rest
}

function formsOf(value: string): string[] {
  const html = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  return [
    value,
    html.replaceAll("'", '&#39;'),
    html.replaceAll("'", '&#x27;'),
    html,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    new URLSearchParams([['', value]]).toString().slice(1),
  ].filter((form) => form !== '')
}

function placesOf(target: Target): Place[] {
  const places: Place[] = []
  for (const route of target.routes) {
    const { method, body, query } = route
    if (method === 'UPGRADE') continue
    for (const [field, value] of Object.entries(query ?? {})) {
      const send = (next: Values): Promise<Answer> => target.send(askOf(target, route, next, body?.fields))
      places.push({
        route,
        field,
        value,
        text: (text) => send({ ...query, [field]: text }),
        operator: (name, operand) => send({ ...without(query, field), [`${field}[${name}]`]: operand }),
      })
    }
    if (method === 'GET' || body === undefined || body.type === 'text') continue
    for (const [field, value] of Object.entries(body.fields)) {
      if (/^(_?csrf|token)$/i.test(field)) continue
      const { fields, type } = body
      const send = (next: Values): Promise<Answer> => target.send(askOf(target, route, query, next))
      places.push({
        route,
        field,
        value,
        text: (text) => send({ ...fields, [field]: text }),
        operator: (name, operand) =>
          type === 'json'
            ? send({ ...fields, [field]: { [name]: operand } })
            : send({ ...without(fields, field), [`${field}[${name}]`]: operand }),
      })
    }
  }
  return places.slice(0, PLACES)
}

type Values = Readonly<Record<string, unknown>> | undefined

function without(fields: Values, name: string): Readonly<Record<string, unknown>> {
  const { [name]: _, ...rest } = fields ?? {}
  return rest
}

function askOf(target: Target, route: Route, query: Values, fields: Values): Ask {
  const { method, body, path, signIn } = route
  const ask: Ask = {
    method,
    path:
      query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query as Record<string, string>)}` : path,
    signedIn: route.signedIn === true,
    // A sign-in that lets nobody try often would seem to hold.
    ...(signIn === true && { from: freshAddress() }),
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  return body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields as Record<string, string> }
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${80 + Math.floor(Math.random() * 20)}.${part()}.${part()}`
}
