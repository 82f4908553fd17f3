import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { isFormToken } from '../../toolbox/form-token.ts'

const REMEDY = 'Compile nothing of a request, keep templates in files, and look modules up in a list.'
const PLACES = 12

/** One value of one route that may become code. */
interface Place {
  readonly route: Route
  readonly field: string
  /** The honest value. */
  readonly value: string
  send(value: string): Promise<Answer>
}

type Way = (code: string, value: string) => string

/** Where code may come to stand: alone, and in each kind of quotes. */
const EXPRESSIONS: readonly Way[] = [
  (code) => code,
  (code) => `'+${code}+'`,
  (code) => `"+${code}+"`,
  (code) => `\${${code}}`,
  (code) => `'));(${code})//`,
  (code) => `' || [${code}].map((it) => ({ it })) || '`,
  (code) => `') || [${code}] || ('`,
]
const BRACED: Way = (code) => `{{ ${code} }}`
/** How templates mark code. */
const TEMPLATES: readonly Way[] = [
  (code) => `<%= ${code} %>`,
  (code) => `#{${code}}`,
  (code) => `{{= ${code} }}`,
  BRACED,
  (code) => `\${${code}}`,
]
const MODULE = 'node:path'
/** What that module holds, of which the request says nothing. */
const INSIDE = ['toNamespacedPath', 'isAbsolute']

const expression: Probe = {
  name: 'code-injection/expression',
  risk: 'code-injection',
  title: 'An expression of the client is computed',
  kind: 'active',
  attack: (target) =>
    computes(
      target,
      EXPRESSIONS,
      (place) => `The value of ${place.field} is run as code, and its result is in the answer.`,
    ),
}

const template: Probe = {
  name: 'code-injection/template',
  risk: 'code-injection',
  title: 'What a client marks as code of a template is computed',
  kind: 'active',
  attack: (target) =>
    computes(
      target,
      TEMPLATES,
      (place) => `The value of ${place.field} becomes a part of a template, and what it marks as code is run.`,
    ),
}

const module: Probe = {
  name: 'code-injection/module',
  risk: 'code-injection',
  title: 'A module that the client names is loaded',
  kind: 'active',
  async *attack(target) {
    for (const place of placesOf(target)) {
      const attack = async (): Promise<{ worked: boolean; answer: Answer }> => {
        const answer = await place.send(MODULE)
        return { worked: INSIDE.every((name) => answer.text.includes(name)), answer }
      }
      const outcome = await tryOut(
        {
          attack,
          alsoHarmless: async () => (await place.send(target.nonce())).text.includes(INSIDE[0] as string),
        },
        found(place, `The value of ${place.field} is loaded as a module of the app, and so runs.`),
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [expression, template, module]

/** Letters that come back in the order that only code can have given them. */
async function* computes(
  target: Target,
  ways: readonly Way[],
  message: (place: Place) => string,
): AsyncGenerator<Outcome> {
  for (const place of placesOf(target)) {
    const run = async (way: Way): Promise<{ worked: boolean; answer: Answer }> => {
      const word = target.nonce()
      const answer = await place.send(way(reversing(word), place.value))
      const worked = answer.text.includes([...word].reverse().join(''))
      return worked || way !== BRACED ? { worked, answer } : multiplied(place)
    }
    let chosen = ways[0] as Way
    for (const way of ways) {
      if (!(await run(way)).worked) continue
      chosen = way
      break
    }
    const outcome = await tryOut({ attack: () => run(chosen) }, found(place, message(place)))
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

/** Templates with a language of their own know no methods of JavaScript, but they count. */
async function multiplied(place: Place): Promise<{ worked: boolean; answer: Answer }> {
  const [a, b] = [6007 + Math.floor(Math.random() * 900), 7001 + Math.floor(Math.random() * 900)]
  const answer = await place.send(BRACED(`${a}*${b}`, place.value))
  return { worked: answer.text.includes(String(a * b)), answer }
}

/** Code without any quotes, so that it runs inside of all of them. */
function reversing(word: string): string {
  return `/${word}/.source.split(/(?:)/).reverse().join([])`
}

function found(place: Place, message: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: place.route.method, path: place.route.path, message, remedy: REMEDY }
}

function placesOf(target: Target): Place[] {
  const places: Place[] = []
  for (const route of target.routes) {
    if (route.method === 'UPGRADE' || route.signIn === true) continue
    for (const [field, value] of Object.entries(route.query ?? {})) {
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, { ...route.query, [field]: next }, route.body?.fields))
      places.push({ route, field, value, send })
    }
    if (route.method === 'GET' || route.body === undefined || route.body.type === 'text') continue
    const { fields } = route.body
    for (const [field, value] of Object.entries(fields)) {
      if (/^(_?csrf|token)$/i.test(field) || isFormToken(field, value)) continue
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, route.query, { ...fields, [field]: next }))
      places.push({ route, field, value, send })
    }
  }
  return places.slice(0, PLACES)
}

type Values = Readonly<Record<string, string>> | undefined

function askOf(target: Target, route: Route, query: Values, fields: Values): Ask {
  const { method, body, path } = route
  const ask: Ask = {
    method,
    path: query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: route.signedIn === true,
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  return body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields }
}
